"""Rows in memory, for simulations."""

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import copy

from missioncontrol.domain.status import ENDED
from missioncontrol.ports.read_tables import ListedRow, MissionRow, RunChoice, RunRow


class MemoryReadTables:
    """Keeps rows as long as its process lives; hands out copies, as a file would."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._position = 0
        self._runs: dict[str, RunRow] = {}
        self._missions: dict[str, MissionRow] = {}
        self._others: dict[tuple[str, str], ListedRow] = {}

    def refresh(self) -> None:
        """See what was saved since: every question does."""

    def position(self) -> int:
        """See `ReadTables.position`."""
        return self._position

    def run(self, run: str) -> RunRow | None:
        """See `ReadTables.run`."""
        return copy(self._runs.get(run))

    def mission(self, mission: str) -> MissionRow | None:
        """See `ReadTables.mission`."""
        return copy(self._missions.get(mission))

    def save(
        self,
        position: int,
        runs: Iterable[RunRow],
        missions: Iterable[MissionRow],
        others: Iterable[ListedRow] = (),
    ) -> None:
        """See `ReadTables.save`."""
        self._others.update(((row.kind, row.id), copy(row)) for row in others)
        self._runs.update((row.id, copy(row)) for row in runs)
        self._missions.update((row.id, copy(row)) for row in missions)
        self._position = position

    def listed(self, kind: str, name: str) -> ListedRow | None:
        """See `ReadTables.listed`."""
        return copy(self._others.get((kind, name)))

    def all_listed(
        self, kind: str, *, is_open: bool = False, before: str = "", limit: int = 1000
    ) -> list[ListedRow]:
        """See `ReadTables.all_listed`."""
        rows = sorted(self._others.values(), key=lambda row: row.id, reverse=True)
        return [
            copy(row)
            for row in rows
            if row.kind == kind and row.is_open >= is_open and (not before or row.id < before)
        ][:limit]

    def changed_listed(self, kind: str, *, after: int = 0) -> list[ListedRow]:
        """See `ReadTables.changed_listed`."""
        rows = self._others.values()
        return [copy(row) for row in rows if row.kind == kind and row.position > after]

    def clear(self) -> None:
        """See `ReadTables.clear`."""
        self._others.clear()
        self._runs.clear()
        self._missions.clear()
        self._position = 0

    def runs(self, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.runs`."""
        newest = sorted(self._runs.values(), key=lambda row: row.id, reverse=True)
        return [row for row in newest if not before or row.id < before][:limit]

    def chosen_runs(self, choice: RunChoice, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.chosen_runs`."""
        older = self.runs(before=before, limit=len(self._runs))
        return [row for row in older if choice.takes(row, self._title(row.mission))][:limit]

    def _title(self, mission: str) -> str:
        row = self._missions.get(mission)
        return row.title if row is not None else ""

    def run_counts(self) -> Mapping[str, int]:
        """See `ReadTables.run_counts`."""
        return Counter(row.status for row in self._runs.values())

    def missions(self, *, before: str = "", limit: int = 100) -> list[MissionRow]:
        """See `ReadTables.missions`."""
        newest = sorted(self._missions.values(), key=lambda row: row.id, reverse=True)
        return [row for row in newest if not before or row.id < before][:limit]

    def unsettled(self) -> list[str]:
        """See `ReadTables.unsettled`."""
        return sorted(row.id for row in self._runs.values() if row.status not in ENDED)

    def find(self, prefix: str, *, limit: int = 10) -> list[str]:
        """See `ReadTables.find`."""
        names = sorted((*self._runs, *self._missions))
        return [name for name in names if name.startswith(prefix)][:limit]
