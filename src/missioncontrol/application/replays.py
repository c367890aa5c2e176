"""Runs as they stood at any position of the log, quickly: copies are stored along the way."""

import asyncio
import copy
from bisect import bisect_right
from collections import OrderedDict
from typing import Any

from missioncontrol.application.journal import unknown_run
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.event_store import EventStore

EVENTS_PER_COPY = 500
"""Events between two copies: a jump folds fewer than these, some 5 ms."""

READ_AT_ONCE = 500
STEPS_AT_HAND_MAX = 100_000
"""Steps of all copies together; some 0.7 KB each, since the steps themselves are shared."""

RUNS_AT_HAND_MAX = 32
"""Each has steps of its own, of 2 KB."""

SHARED = (dict, set, list)


class Replays:
    """The copies of runs that people replay."""

    def __init__(self, store: EventStore) -> None:
        """Nothing is read before it is asked for."""
        self._store = store
        self._cached: OrderedDict[str, _Reel] = OrderedDict()

    async def at(self, run: str, position: int) -> Run:
        """Return `run` as it stood after `position` of the log; it is the caller's own.

        Raises:
            NotFound: `run.unknown`, also where the run begins after `position`.
        """
        reel = self._cached.setdefault(run, _Reel())
        self._cached.move_to_end(run)
        found = await self._wound(run, reel, position)
        if found is None:
            if not reel.copies:
                del self._cached[run]
            raise unknown_run(run, position)
        self._evict()
        return found

    async def _wound(self, run: str, reel: "_Reel", position: int) -> Run | None:
        state, version = reel.nearest(position)
        while True:
            rows = await self._store.read_stream(run, after=version, limit=READ_AT_ONCE)
            for row in rows:
                if row.position > position:
                    return state
                event: Any = decode(row.type, row.schema, row.body)
                state = evolve(state, event, row.time / 1_000_000)
                version = row.version
                if version % EVENTS_PER_COPY == 0 and state is not None:
                    reel.keep(row.position, version, state)
            if len(rows) < READ_AT_ONCE:
                return state
            await asyncio.sleep(0)

    def _evict(self) -> None:
        """Forget the run that was looked at longest ago; of a very large one, every other copy."""
        while len(self._cached) > RUNS_AT_HAND_MAX or self._steps() > STEPS_AT_HAND_MAX:
            if len(self._cached) > 1:
                self._cached.popitem(last=False)
            else:
                next(iter(self._cached.values())).thin()

    def _steps(self) -> int:
        return sum(reel.steps for reel in self._cached.values())


class _Reel:
    """Copies of one run, in order."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.copies: list[tuple[Run, int]] = []
        self.steps = 0

    def nearest(self, position: int) -> tuple[Run | None, int]:
        """Return a copy of the last copy at or before `position`, with its version."""
        place = bisect_right(self.positions, position)
        if not place:
            return None, 0
        state, version = self.copies[place - 1]
        return copied(state), version

    def keep(self, position: int, version: int, state: Run) -> None:
        place = bisect_right(self.positions, position)
        if not place or self.positions[place - 1] != position:
            self.positions.insert(place, position)
            self.copies.insert(place, (copied(state), version))
            self.steps += len(state.steps)

    def thin(self) -> None:
        self.positions, self.copies = self.positions[1::2], self.copies[1::2]
        self.steps = sum(len(state.steps) for state, _ in self.copies)


def copied(run: Run) -> Run:
    """Return a run that can be folded further without changing `run`.

    What is in its lists and maps never changes itself, but for those that hold others.
    """
    other = copy.copy(run)
    for name, value in vars(run).items():
        if isinstance(value, SHARED):
            setattr(other, name, copy.copy(value))
    other.dependants = {key: list(each) for key, each in run.dependants.items()}
    other.queues = {key: dict(each) for key, each in run.queues.items()}
    other.crowds = copy.deepcopy(run.crowds)
    other.deadlines = copy.deepcopy(run.deadlines)
    return other
