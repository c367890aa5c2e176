"""Tells those who wait for a run how it ended, or that it goes no further without a person."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from missioncontrol.domain.run.states import Run

ENDED_REMEMBERED = 1_000
"""Runs whose outcome is known here without asking the log."""

Rests = Callable[[Run], bool]
"""Whether a run goes no further by itself."""


class Waiting:
    """Everybody who waits for the runs that are carried out here."""

    def __init__(self, rests: Rests) -> None:
        """`rests` returns whether a run goes on only after a person has decided something."""
        self._rests = rests
        self._ends: dict[str, asyncio.Future[Run]] = {}
        self._resting: dict[str, list[tuple[Rests, asyncio.Future[Run]]]] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()

    def __contains__(self, run: str) -> bool:
        """Whether `run` is carried out here, and has not ended."""
        return run in self._ends

    def __len__(self) -> int:
        """How many runs are carried out here."""
        return len(self._ends)

    def expect(self, run: str) -> None:
        """Register that `run` is carried out here from now on, so that callers can wait."""
        if run not in self._ends:
            self._ends[run] = asyncio.get_running_loop().create_future()

    def end_of(self, run: str) -> "asyncio.Future[Run] | None":
        """Return what tells the end of `run`, or None where it is not carried out here."""
        return self._ends.get(run)

    def outcome_of(self, run: str) -> str:
        """Return how `run` ended here not long ago, or an empty text."""
        return self._ended.get(run, "")

    async def rest_of(self, run: str, rests: Rests | None = None) -> Run:
        """Return `run` once it has ended or rests, by another rule where one is given."""
        future: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self._resting.setdefault(run, []).append((rests or self._rests, future))
        end = self._ends[run]
        await asyncio.wait({future, end}, return_when=asyncio.FIRST_COMPLETED)
        return end.result() if end.done() else future.result()

    def notify_rest(self, runs: dict[str, Run]) -> None:
        """Tell who waits for a run that rests; what makes it rest is durable by now."""
        for name in list(self._resting):
            run = runs.get(name)
            if run is None:
                continue
            for rests, future in self._resting.pop(name):
                if not rests(run):
                    self._resting.setdefault(name, []).append((rests, future))
                elif not future.done():
                    future.set_result(run)

    def notify_end(self, run: Run) -> None:
        """Tell who waits for `run` that it has ended, and wait for it no longer."""
        self._resting.pop(run.id, None)
        future = self._ends.pop(run.id, None)
        if future is not None and not future.done():
            future.set_result(run)
        self._ended[run.id] = run.status
        while len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)

    def refuse(self, run: str, error: BaseException) -> None:
        """Notify those who wait for `run` that it is not carried out any more."""
        future = self._ends[run]
        if not future.done():
            future.set_exception(error)
            future.exception()  # There may be no waiting caller to retrieve it.

    def refuse_all(self, error: BaseException) -> None:
        """Tell everybody that nothing is carried out any more."""
        for run in self._ends:
            self.refuse(run, error)
