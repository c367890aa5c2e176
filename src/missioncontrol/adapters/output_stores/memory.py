"""Output in memory, for simulations."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from missioncontrol.adapters.output_stores.line_filter import fits
from missioncontrol.ports.output_store import LinePage, LineQuery, OutputLine, StoredLine


class MemoryOutputStore:
    """Keeps lines as long as its process lives."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lines: dict[str, list[OutputLine]] = {}
        self._all: list[OutputLine] = []

    def write(self, lines: Sequence[OutputLine]) -> None:
        """See `OutputStore.write`."""
        for line in lines:
            stored = self._lines.setdefault(line.run, [])
            stored.append(msgspec.structs.replace(line, sequence=len(stored) + 1))
            self._all.append(stored[-1])

    def read(
        self, run: str, *, step: str = "", after: int = 0, limit: int = 1000
    ) -> list[OutputLine]:
        """See `OutputStore.read`."""
        lines = self._lines.get(run, [])[after:]
        return [line for line in lines if not step or line.step == step][:limit]

    def search(self, text: str, *, run: str = "", limit: int = 100) -> list[OutputLine]:
        """See `OutputStore.search`."""
        words = text.lower().replace("\0", " ").split()
        found = (
            line
            for line in reversed(self._lines.get(run, []) if run else self._all)
            if words and all(word in line.message.lower() for word in words)
        )
        return list(islice(found, limit))

    def last(self) -> int:
        """See `OutputStore.last`."""
        return len(self._all)

    def tail(self, *, after: int, run: str = "", limit: int = 1000) -> list[StoredLine]:
        """See `OutputStore.tail`."""
        found = [
            StoredLine(number, line)
            for number, line in enumerate(self._all[after:], after + 1)
            if run in ("", line.run)
        ]
        return found[-limit:] if limit else []

    def find(
        self, query: LineQuery, *, oldest: bool = False, limit: int = 200, seconds_max: float = 2.0
    ) -> LinePage:
        """See `OutputStore.find`."""
        del seconds_max  # All of it is at hand.
        numbered = (StoredLine(number, line) for number, line in enumerate(self._all, 1))
        fitting = [stored for stored in numbered if fits(stored, query)]
        found = fitting[:limit] if oldest else fitting[-limit:]
        return LinePage(found, len(fitting) > limit)

    def written(self, run: str) -> int:
        """See `OutputStore.written`."""
        return len(self._lines.get(run, ()))

    def left_out(self, run: str) -> int:
        """See `OutputStore.left_out`: nothing is."""
        return 0
