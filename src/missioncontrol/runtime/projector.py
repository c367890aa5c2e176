"""Keeps the rows behind the log by a moment at most."""

import asyncio
from collections.abc import Mapping, Sequence

from missioncontrol.application.journal import Entry, fold_run
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunSettled
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.event_store import EventStore
from missioncontrol.projections.run_index import Board

WAIT_SECONDS = 0.05
READ_AT_ONCE = 2_000


class Projector:
    """Folds what was committed into the board, and saves the board in portions.

    It follows and never leads: the log was committed first. If the program ends in between, the
    rows are behind, and the next start catches up.
    """

    def __init__(self, board: Board, runs: Mapping[str, Run]) -> None:
        """Nothing is folded before `catch_up`. `runs` are the states of open runs at hand."""
        self._board = board
        self._runs = runs
        self._timer: asyncio.TimerHandle | None = None
        self.failure: Exception | None = None

    async def catch_up(self, store: EventStore) -> None:
        """Fold in what the rows have not seen yet, and save.

        Rows that are ahead of the log belong to another one, such as before a restore: they are
        folded again from the beginning.
        """
        if self._board.position > (await store.head()).position:
            self._board.restart()
        await follow(self._board, store)
        self.save()

    def take(self, entries: Sequence[Entry]) -> None:
        """Fold a commit in."""
        apply, has_ended = self._board.apply, False
        for entry in entries:
            event = entry.event
            apply(entry.stream, event, entry.time / 1_000_000, entry.position)
            has_ended = has_ended or type(event) is RunSettled
        for name in tuple(self._board.stale):
            run = self._runs.get(name)
            if run is not None:
                self._board.know(run)
        if has_ended:
            self.save()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WAIT_SECONDS, self.save)

    async def finish(self, store: EventStore) -> None:
        """Look up in the log what runs could do next that were not at hand, and save."""
        await know_stale(self._board, store)
        self.save()

    def save(self) -> None:
        """Store the rows now.

        Rows that can't be stored stop no run: the next start folds them again.
        """
        self.drop()
        if self.failure is None:
            try:
                self._board.save()
            except Exception as error:  # noqa: BLE001 - the edge: rows follow, they never lead
                self.failure = error

    def drop(self) -> None:
        """Forget that something was to be saved."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def follow(board: Board, store: EventStore) -> None:
    """Fold the log into `board` from where it stands to the end."""
    while True:
        rows = await store.read(after=board.position, limit=READ_AT_ONCE)
        for row in rows:
            event = decode(row.type, row.schema, row.body)
            board.apply(row.stream, event, row.time / 1_000_000, row.position)
        if len(rows) < READ_AT_ONCE:
            break
    await know_stale(board, store)


async def know_stale(board: Board, store: EventStore) -> None:
    """Bring what open runs could do next up to date, from the log."""
    for name in tuple(board.stale):
        run, _ = await fold_run(store, name)
        board.know(run)
