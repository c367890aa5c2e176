"""Missions as people ask for them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.operations import Operations
from missioncontrol.domain import execution as tasks
from missioncontrol.domain.building import builder_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Amount, Spending
from missioncontrol.ports.ids import Ids

TITLE_MAX = 100


class Goal(msgspec.Struct, frozen=True):
    """What somebody asks for."""

    text: str
    repository: str = ""  # absolute path
    title: str = ""  # taken from the text where it is empty
    context: str = ""
    constraints: tuple[str, ...] = ()


class Missions:
    """The way in for people who have a goal."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        ids: Ids,
        operations: Operations,
        *,
        planning: Spending | None = None,
    ) -> None:
        """All four are shared with the engine. `planning` is what a model can use for a plan."""
        self._planning = planning
        self._operations = operations
        self._journal = journal
        self._execution = execution
        self._ids = ids

    def begin(
        self,
        goal: Goal,
        *,
        execute: bool,
        concurrency: int,
        limits: Mapping[str, float],
        builder: str = "",
        budget: Amount | None = None,
        actor: str,
        on_behalf: str = "",
    ) -> tuple[str, str]:
        """Create a mission and the run that plans it, and carries it out if `execute`.

        `limits` holds `plan_seconds_max` and `task_seconds_max`. `builder` is the agent that
        changes the code; without one, that is handed over. `budget` is the most that the run may
        use. Returns both ids.

        Raises:
            Rejected: `mission.bad_input`, naming the field; `mission.no_builder`.
            Unavailable: `operation.stopped`.
        """
        self._operations.refuse_new_run(actor)
        _refuse_silence(goal)
        if builder:
            self._refuse_idle_builder(builder, goal)
        mission, run = self._ids.new("mission"), self._ids.new("run")
        title = goal.title.strip() or title_of(goal.text) or goal.text.strip()[:TITLE_MAX]
        create = CreateMission(
            mission, title, goal.text, goal.repository, goal.context, goal.constraints
        )
        self._journal.tell_mission(mission, create, actor=actor, on_behalf=on_behalf)
        step = tasks.planning_step(seconds_max=limits["plan_seconds_max"], spending=self._planning)
        inputs: dict[str, Any] = {
            "goal": goal.text,
            "title": title,
            "repository": goal.repository,
            "context": goal.context,
            "constraints": list(goal.constraints),
            "execute": execute,
            "task_seconds_max": limits["task_seconds_max"],
            **({"builder": builder} if builder else {}),
        }
        first = CreateRun(
            run,
            "mission",
            (step,),
            concurrency,
            inputs=inputs,
            mission=mission,
            budget=budget,
            author=actor,
            on_behalf=on_behalf,
        )
        self._execution.create(first, actor=actor, on_behalf=on_behalf)
        self._journal.tell_mission(mission, StartMission(run), actor=actor, on_behalf=on_behalf)
        return mission, run

    def _refuse_idle_builder(self, builder: str, goal: Goal) -> None:
        builder_of(builder, self._execution.governance.cards(builder))
        if not goal.repository:
            raise Rejected(
                "mission.bad_input",
                f"Agent {builder!r} has no code to change: the goal names no repository.",
                hint="Add `--repo PATH`.",
            )


def _refuse_silence(goal: Goal) -> None:
    if goal.text.strip() and not any(letter.isalnum() for letter in goal.text):
        raise Rejected(
            "mission.bad_input",
            f"The goal {goal.text.strip()[:40]!r} says nothing.",
            hint="Say in words what is to be achieved.",
        )


def title_of(goal: str) -> str:
    """Return the first line or sentence of a goal, cut at a word."""
    line = next((part.strip() for part in goal.splitlines() if part.strip()), "").rstrip(" .!?:")
    sentence = line.split(". ")[0]
    if len(sentence) <= TITLE_MAX:
        return sentence
    return sentence[:TITLE_MAX].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
