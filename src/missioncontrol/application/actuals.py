"""What missions before took, task by task: read from the log for whoever plans the next one."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.application.chronicle import Attempt, chronicle_of
from missioncontrol.application.missions import Goal, title_of
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.foresight import Actual, Recalled
from missioncontrol.domain.plan import BUILDER, ROLES
from missioncontrol.domain.register import decode
from missioncontrol.domain.run import events as r
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import MissionRow, ReadTables, RunChoice, RunRow

RUNS_MAX = 12
"""Runs whose tasks a planner is told of: all of it becomes a part of the record of its own run."""
LOOKED_AT_MAX = 200
EVENTS_MAX = 2_000
"""A run of more events is not read: it was no usual mission."""
ENOUGH = 3
"""With fewer runs on the same repository, those on others are told as well."""
KNOWN_MAX = 200
GOAL_MAX = 80

Told = tuple[Recorded, Any]


class PastRun(msgspec.Struct, frozen=True):
    """A mission's run that succeeded, as it was asked for and what it took."""

    execute: bool
    builder: str
    actuals: tuple[Actual, ...]  # that of the run itself first, under no task


class PastRuns:
    """Keeps what runs took, and tells those that are like one that is about to begin.

    It is a `missions.Prior` that remembers nothing else.
    """

    def __init__(self, store: EventStore, tables: ReadTables) -> None:
        """Nothing is read before somebody has a goal."""
        self._store = store
        self._tables = tables
        self._known: OrderedDict[str, PastRun | None] = OrderedDict()

    async def look_back(self, goal: Goal, builder: str) -> None:
        """Read the runs that `actuals` will be asked for."""
        del builder
        for run in self._rows(goal.repository):
            if run.id not in self._known:
                self._known[run.id] = await self._read(run.id)
                while len(self._known) > KNOWN_MAX:
                    self._known.popitem(last=False)

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """See `Prior.recalled`."""
        del goal
        return ()

    def silenced(self, goal: Goal) -> tuple[str, ...]:
        """See `Prior.silenced`."""
        del goal
        return ()

    def actuals(self, goal: Goal, builder: str) -> tuple[Actual, ...]:
        """Return what tasks took, and whole runs that were carried out like the one asked for.

        Those on the same repository come first; others only where there are few of them.
        """
        found: list[Actual] = []
        for row in self._rows(goal.repository):
            run = self._known.get(row.id)
            if run is not None:
                is_like = run.execute and run.builder == builder
                found += run.actuals if is_like else run.actuals[1:]
        return tuple(found)

    def _rows(self, repository: str) -> list[RunRow]:
        """Return the newest runs that succeeded, those on the repository first."""
        near: list[RunRow] = []
        others: list[RunRow] = []
        choice = RunChoice(statuses=("succeeded",))
        for row in self._tables.chosen_runs(choice, limit=LOOKED_AT_MAX):
            mission = self._tables.mission(row.mission) if row.mission else None
            # A run of one step has planned and stopped there.
            if mission is not None and not row.origin and row.steps > 1:
                (near if _is_on(mission, repository) else others).append(row)
        chosen = near if len(near) >= ENOUGH else [*near, *others]
        return chosen[:RUNS_MAX]

    async def _read(self, run: str) -> PastRun | None:
        rows = await self._store.read_stream(run, limit=EVENTS_MAX)
        told = [(row, decode(row.type, row.schema, row.body)) for row in rows]
        created = told[0][1] if told else None
        if not isinstance(created, r.RunCreated) or len(rows) == EVENTS_MAX:
            return None
        inputs = created.inputs
        about = _About(run, title_of(str(inputs.get("goal", "")))[:GOAL_MAX])
        chronicle = chronicle_of(run, told)
        sizes = {e.step: _size(e.work.output) for _, e in told if isinstance(e, r.StepSucceeded)}
        tasks = tuple(
            _of_task(about, attempts, sizes.get(step, (0, 0)))
            for step in chronicle.fences
            if step != PLAN_STEP and (attempts := chronicle.attempts_of(step))
            if attempts[-1].outcome == "succeeded"
        )
        every = list(chronicle.attempts.values())
        whole = _of_run(about, every, _seconds(told), tasks)
        execute = bool(inputs.get("execute", True))
        return PastRun(execute, str(inputs.get("builder", "")), (whole, *tasks))


class _About(msgspec.Struct, frozen=True):
    """What all actuals of a run say."""

    run: str
    goal: str


def _is_on(mission: MissionRow, repository: str) -> bool:
    return bool(repository) and mission.repository == repository


def _of_task(about: _About, attempts: list[Attempt], size: tuple[int, int]) -> Actual:
    last = attempts[-1]
    role = last.agent if last.agent in ROLES else BUILDER
    return Actual(
        about.run,
        last.step,
        role,
        last.agent,
        about.goal,
        round(sum((each.ended or each.started) - each.started for each in attempts), 3),
        sum(each.usage.tokens for each in attempts),
        _cost(attempts),
        *size,
    )


def _of_run(
    about: _About, attempts: list[Attempt], seconds: float, tasks: tuple[Actual, ...]
) -> Actual:
    built = [each for each in tasks if each.role == BUILDER]
    return Actual(
        about.run,
        "",
        "",
        "",
        about.goal,
        round(seconds, 3),
        sum(each.usage.tokens for each in attempts),
        _cost(attempts),
        # Who changes code last hands in all that was changed before as well.
        max((each.files for each in built), default=0),
        max((each.lines for each in built), default=0),
    )


def _cost(attempts: list[Attempt]) -> int | None:
    costs = [each.usage.cost for each in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _seconds(told: list[Told]) -> float:
    """Return how long a run took, from its first step on."""
    began = next((row.time for row, event in told if isinstance(event, r.RunStarted)), 0)
    return (told[-1][0].time - (began or told[0][0].time)) / 1_000_000


def _size(output: Any) -> tuple[int, int]:
    """Return the files and lines that an agent says it changed; its patch was checked."""
    listed = output.get("files", ()) if isinstance(output, dict) else ()
    lines = sum(_lines(listed))
    return (len(listed) if isinstance(listed, list | tuple) else 0), lines


def _lines(listed: Any) -> Iterator[int]:
    for each in listed if isinstance(listed, list | tuple) else ():
        if isinstance(each, dict):
            for name in ("added", "deleted"):
                number = each.get(name, 0)
                yield number if isinstance(number, int) else 0
