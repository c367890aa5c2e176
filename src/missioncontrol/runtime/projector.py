"""Keeps the rows behind the log by a moment at most."""

import asyncio
from collections.abc import Sequence

from missioncontrol.application.journal import Entry
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunSettled
from missioncontrol.ports.event_store import EventStore
from missioncontrol.projections.board import Board

WAIT_SECONDS = 0.05
READ_AT_ONCE = 2_000


class Projector:
    """Folds what was committed into the board, and saves the board in portions.

    It follows and never leads: the log was committed first. If the program ends in between, the
    rows are behind, and the next start catches up.
    """

    def __init__(self, board: Board) -> None:
        """Nothing is folded before `catch_up`."""
        self._board = board
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
        if has_ended:
            self.save()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WAIT_SECONDS, self.save)

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
            return
