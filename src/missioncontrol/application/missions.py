"""Missions as people ask for them: begin one, and do a task of one again."""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.domain import execution as tasks
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import Kept
from missioncontrol.domain.run.states import Run, Succeeded
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

    def __init__(self, journal: Journal, execution: Execution, ids: Ids) -> None:
        """All three are shared with the engine."""
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
        actor: str,
    ) -> tuple[str, str]:
        """Create a mission and the run that plans it, and carries it out if `execute`.

        `limits` holds `plan_seconds_max` and `task_seconds_max`. Returns both ids.

        Raises:
            Rejected: `mission.bad_input`, naming the field.
        """
        if goal.text.strip() and not any(letter.isalnum() for letter in goal.text):
            raise Rejected(
                "mission.bad_input",
                f"The goal {goal.text.strip()[:40]!r} says nothing.",
                hint="Say in words what is to be achieved.",
            )
        mission, run = self._ids.new("mission"), self._ids.new("run")
        title = goal.title.strip() or title_of(goal.text) or goal.text.strip()[:TITLE_MAX]
        create = CreateMission(
            mission, title, goal.text, goal.repository, goal.context, goal.constraints
        )
        self._journal.tell_mission(mission, create, actor=actor)
        step = tasks.planning_step(seconds_max=limits["plan_seconds_max"])
        inputs: dict[str, Any] = {
            "goal": goal.text,
            "title": title,
            "repository": goal.repository,
            "context": goal.context,
            "constraints": list(goal.constraints),
            "execute": execute,
            "task_seconds_max": limits["task_seconds_max"],
        }
        self._execution.tell(
            run,
            CreateRun(run, "mission", (step,), concurrency, inputs=inputs, mission=mission),
            actor=actor,
        )
        self._journal.tell_mission(mission, StartMission(run), actor=actor)
        return mission, run

    async def retry(self, run: str, task: str, *, actor: str) -> str:
        """Do `task` and all that follows from it again, in a new run that keeps the other results.

        A run that has ended never changes; the new run names the old one, and both stay readable.

        Raises:
            NotFound: `run.unknown` or `run.unknown_step`, naming the tasks there are.
            Rejected: `run.not_settled`.
        """
        old = await self._journal.load_run(run)
        if task not in old.steps:
            raise NotFound(
                "run.unknown_step",
                f"Run {run!r} has no task {task!r}.",
                hint=f"It has: {', '.join(old.steps)}.",
            )
        if not old.is_settled:
            raise Rejected(
                "run.not_settled",
                f"Run {run!r} has not ended.",
                hint=f"Let it end, `mission resume {run}`, or `mission cancel {run}` first.",
            )
        again = again_with(old, task)
        kept = {
            key: Kept(state.kept_from or run, state.work, state.checks)
            for key, state in old.states.items()
            if isinstance(state, Succeeded) and key not in again
        }
        new = self._ids.new("run")
        steps = tuple(old.steps.values())
        if task == tasks.PLAN_STEP and old.mission:
            steps, kept = (old.steps[task],), {}  # A new plan brings new tasks.
        create = CreateRun(
            new,
            old.workflow,
            steps,
            old.concurrency,
            old.seconds_max,
            dict(old.inputs),
            old.mission,
            retry_of=run,
            kept=kept,
        )
        if old.mission:
            await self._journal.load_mission(old.mission)
        self._execution.tell(new, create, actor=actor)
        if old.mission:
            self._journal.tell_mission(old.mission, StartMission(new), actor=actor)
        self._journal.forget(run)
        return new


def again_with(run: Run, task: str) -> set[str]:
    """Return `task` and every step whose result was, directly or not, made from its result."""
    found = {task}
    todo: list[str] = [task]
    while todo:
        for dependant in run.dependants.get(todo.pop(), ()):
            if dependant not in found:
                found.add(dependant)
                todo.append(dependant)
    return found


def title_of(goal: str) -> str:
    """Return the first line or sentence of a goal, cut at a word."""
    line = next((part.strip() for part in goal.splitlines() if part.strip()), "").rstrip(" .!?:")
    sentence = line.split(". ")[0]
    if len(sentence) <= TITLE_MAX:
        return sentence
    return sentence[:TITLE_MAX].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
