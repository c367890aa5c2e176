"""Output of agents on a server, read through its API."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.ports.output_store import OutputLine

LINES_MAX = 5_000


class _OutputCounts(msgspec.Struct):
    written: int
    left_out: int


class ServerOutputStore:
    """Reads as `OutputStore` promises; the server's engine writes."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    def write(self, lines: Sequence[OutputLine]) -> None:
        """Refuse: the engine of the server writes."""
        raise AssertionError("the output of a server is written by its engine")

    def read(
        self, run: str, *, step: str = "", after: int = 0, limit: int = 1000
    ) -> list[OutputLine]:
        """See `OutputStore.read`."""
        found: list[OutputLine] = []
        while len(found) < limit:
            wanted = min(limit - len(found), LINES_MAX)
            lines = self._line.get(
                _path(run), list[OutputLine], step=step, after=after, limit=wanted
            )
            found += lines
            if len(lines) < wanted:
                break
            after = lines[-1].sequence
        return found

    def search(self, text: str, *, run: str = "", limit: int = 100) -> list[OutputLine]:
        """See `OutputStore.search`: the lines of one run, looked through here."""
        words = text.lower().split()
        lines = self.read(run, limit=1_000_000) if words else []
        fit = [line for line in lines if all(word in line.message.lower() for word in words)]
        return fit[::-1][:limit]

    def written(self, run: str) -> int:
        """See `OutputStore.written`."""
        return self._line.get(f"{_path(run)}/kept", _OutputCounts).written

    def left_out(self, run: str) -> int:
        """See `OutputStore.left_out`."""
        return self._line.get(f"{_path(run)}/kept", _OutputCounts).left_out

    def close(self) -> None:
        """Nothing is held."""


def _path(run: str) -> str:
    return f"/record/output/{quote(run, safe='')}"
