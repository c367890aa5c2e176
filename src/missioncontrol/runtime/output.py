"""Gathers what agents say and writes it in portions."""

import asyncio
from collections.abc import Callable

import msgspec

from missioncontrol.ports.output_store import OutputLine, OutputStore

WAIT_SECONDS = 0.1
LINES_MAX = 5_000
"""Lines held back at most; one more and they are written at once."""

Listener = Callable[[OutputLine], None]


class Output:
    """The way of every output line: to those who watch at once, to the store in portions."""

    def __init__(self, store: OutputStore, *, scrub: Callable[[str], str]) -> None:
        """`scrub` takes secrets out of a line before anything keeps it or shows it."""
        self._store = store
        self._scrub = scrub
        self._lines: list[OutputLine] = []
        self._timer: asyncio.TimerHandle | None = None
        self.listeners: list[Listener] = []
        self.lost = 0
        """Lines that the store could not take."""

    def add(self, line: OutputLine) -> None:
        """Take one line in."""
        clean = self._scrub(str(line.message).encode("utf-8", "replace").decode())
        if clean != line.message:
            line = msgspec.structs.replace(line, message=clean)
        self._lines.append(line)
        for listener in self.listeners:
            listener(line)
        if len(self._lines) >= LINES_MAX:
            self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was held back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._store.write(lines)
        except Exception:  # noqa: BLE001 - the edge: output is no evidence, and no run ends for it
            self.lost += len(lines)
