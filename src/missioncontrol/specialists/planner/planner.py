"""The specialist that plans: by itself, or with a model where one is given."""

from typing import Any

import msgspec

from missioncontrol.domain.building import built_by
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import LogLevel
from missioncontrol.ports.model import Model
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.planner.assembly import assembled
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.reading import read_ground
from missioncontrol.specialists.specialist import Brief, Desk


class LocalPlanner:
    """Plans without a model and without a network."""

    def plan(self, brief: Brief, desk: Desk) -> Plan:
        """Return an accepted plan; the same goal and repository content give the same one.

        Raises:
            AttemptFailed: the goal is empty or longer than can be read.
        """
        plan = accepted(assembled(read_ground(brief, desk), builder=brief.builder))
        show(plan, desk)
        return plan


class Planner:
    """Plans a mission, and keeps `plan.json` and `plan.md`."""

    def __init__(self, model: Model | None = None) -> None:
        """With a model, the local plan is what it starts from; without one, it is the plan."""
        self._model = model

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Hand back `{"plan": …, "attempts": […], "commit": …}`.

        Raises:
            AttemptFailed: no plan; `plan.malformed` where a model gave none that is sound.
        """
        attempts: list[dict[str, Any]] = []
        if self._model is None:
            plan = LocalPlanner().plan(brief, desk)
        else:
            from missioncontrol.specialists.planner.model import plan_with

            # Who changes the code is not the model's to choose; it plans as if nobody did.
            local = LocalPlanner().plan(msgspec.structs.replace(brief, builder=""), desk)
            planned = plan_with(self._model, brief, local, desk)
            plan = built_by(planned.plan, brief.builder) if brief.builder else planned.plan
            attempts = [msgspec.to_builtins(attempt) for attempt in planned.attempts]
            show(plan, desk)
        commit = head_commit(brief.repository) if brief.repository is not None else None
        return _handed_in(plan, attempts, commit or "", desk)


def show(plan: Plan, desk: Desk) -> None:
    """Say each part of the plan, as it is read: decisions, risks, then phase by phase its tasks."""
    lines = [f"Kind of work: {', '.join(plan.kinds)}"]
    lines += [f"Decision {each.id}: {each.title}" for each in plan.decisions]
    lines += [f"Risk {each.id}: {each.title}" for each in plan.risks]
    for phase in plan.phases:
        lines.append(f"Phase {phase.title}: {phase.purpose}")
        lines += [f"Task {t.key} ({t.agent or t.role}): {t.title}" for t in phase.tasks]
    level: LogLevel = "info"
    for line in lines:
        desk.log(level, line)
    desk.progress(4, 4, plan.summary)


def _handed_in(plan: Plan, attempts: list[dict[str, Any]], commit: str, desk: Desk) -> Work:
    data = msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"
    artifacts = (
        desk.keep(
            "plan.json",
            data,
            media_type="application/json",
            title=f"Plan: {plan.title}",
            obtained=plan.obtained,
        ),
        desk.keep(
            "plan.md",
            markdown(plan),
            media_type="text/markdown",
            title=f"Plan: {plan.title}",
            obtained=plan.obtained,
        ),
    )
    output = {"plan": msgspec.to_builtins(plan), "attempts": attempts, "commit": commit}
    return Work(summary=plan.summary, output=output, artifacts=artifacts)
