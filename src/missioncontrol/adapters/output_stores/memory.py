"""Output in memory, for simulations."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from missioncontrol.ports.output_store import OutputLine


class MemoryOutputStore:
    """Keeps lines as long as its process lives."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lines: dict[str, list[OutputLine]] = {}
        self._all: list[OutputLine] = []

    def write(self, lines: Sequence[OutputLine]) -> None:
        """See `OutputStore.write`."""
        for line in lines:
            kept = self._lines.setdefault(line.run, [])
            kept.append(msgspec.structs.replace(line, sequence=len(kept) + 1))
            self._all.append(kept[-1])

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

    def written(self, run: str) -> int:
        """See `OutputStore.written`."""
        return len(self._lines.get(run, ()))

    def left_out(self, run: str) -> int:
        """See `OutputStore.left_out`: nothing is."""
        return 0
