"""What earlier missions took: read from the log for the planner of the next one."""

from collections import OrderedDict
from typing import Any

import msgspec

from missioncontrol.application.event_timeline import Attempt, timeline_of
from missioncontrol.application.missions import Goal, title_of
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.estimates import Actual, Recalled
from missioncontrol.domain.register import decode
from missioncontrol.domain.run import events as r
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import MissionRow, ReadTables, RunChoice, RunRow

RUNS_MAX = 40
"""Runs that a planner receives: all of it becomes a part of the record of its own run."""
LOOKED_AT_MAX = 200
EVENTS_MAX = 2_000
"""A run of more events is not read: it was no usual mission."""
ENOUGH = 3
"""With fewer runs on the same repository, those on others are included as well."""
KNOWN_MAX = 200
GOAL_MAX = 80

LoggedEvent = tuple[Recorded, Any]


class PastRun(msgspec.Struct, frozen=True):
    """A mission's run that succeeded, as it was asked for and what it took."""

    execute: bool
    builder: str
    actual: Actual


class PastRuns:
    """Keeps what runs took, and tells those that are like one that is about to begin.

    It is a `missions.Prior` that remembers nothing else.
    """

    def __init__(self, store: EventStore, tables: ReadTables) -> None:
        """Nothing is read before there is a goal."""
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
        """Return what runs took that were carried out like the one asked for, the newest first.

        Those on the same repository come first; others only where there are few of them.
        """
        known = (self._known.get(row.id) for row in self._rows(goal.repository))
        return tuple(run.actual for run in known if run and run.execute and run.builder == builder)

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
        entries = [(row, decode(row.type, row.schema, row.body)) for row in rows]
        created = entries[0][1] if entries else None
        if not isinstance(created, r.RunCreated) or len(rows) == EVENTS_MAX:
            return None
        inputs = created.inputs
        attempts = list(timeline_of(run, entries).attempts.values())
        whole = Actual(
            run,
            "",
            "",
            "",
            title_of(str(inputs.get("goal", "")))[:GOAL_MAX],
            round(_seconds(entries), 3),
            sum(each.usage.tokens for each in attempts),
            _cost(attempts),
        )
        return PastRun(bool(inputs.get("execute", True)), str(inputs.get("builder", "")), whole)


def _is_on(mission: MissionRow, repository: str) -> bool:
    return bool(repository) and mission.repository == repository


def _cost(attempts: list[Attempt]) -> int | None:
    costs = [each.usage.cost for each in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _seconds(entries: list[LoggedEvent]) -> float:
    """Return how long a run took, from its first step on."""
    began = next((row.time for row, event in entries if isinstance(event, r.RunStarted)), 0)
    return (entries[-1][0].time - (began or entries[0][0].time)) / 1_000_000
