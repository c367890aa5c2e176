"""The rows of a server, read through its API."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import quote

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.read_tables import ListedRow, MissionRow, RunChoice, RunRow

ROWS_MAX = 5_000
CHANGED_MAX = 100_000
T = TypeVar("T")


class ServerReadTables:
    """Reads as `ReadTables` promises; rows follow the log on the server."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    def refresh(self) -> None:
        """See what was saved since: every question does."""

    def position(self) -> int:
        """See `ReadTables.position`."""
        return self._line.get("/record/position", int)

    def run(self, run: str) -> RunRow | None:
        """See `ReadTables.run`."""
        return self._one(f"/record/runs/{_part(run)}", RunRow)

    def mission(self, mission: str) -> MissionRow | None:
        """See `ReadTables.mission`."""
        return self._one(f"/record/missions/{_part(mission)}", MissionRow)

    def listed(self, kind: str, name: str) -> ListedRow | None:
        """See `ReadTables.listed`."""
        return self._one(f"/record/listed/{_part(kind)}/{_part(name)}", ListedRow)

    def _one(self, path: str, kind: type[T]) -> T | None:
        try:
            return self._line.get(path, kind)
        except NotFound:
            return None

    def all_listed(
        self, kind: str, *, is_open: bool = False, before: str = "", limit: int = 1000
    ) -> list[ListedRow]:
        """See `ReadTables.all_listed`."""
        found: list[ListedRow] = []
        while len(found) < limit:
            wanted = min(limit - len(found), ROWS_MAX)
            rows = self._line.get(
                f"/record/listed/{_part(kind)}",
                list[ListedRow],
                is_open=is_open,
                before=before,
                limit=wanted,
            )
            found += rows
            if len(rows) < wanted:
                break
            before = rows[-1].id
        return found

    def changed_listed(self, kind: str, *, after: int = 0) -> list[ListedRow]:
        """See `ReadTables.changed_listed`: the rows of all, looked through here."""
        every = self.all_listed(kind, limit=CHANGED_MAX)
        return [row for row in every if row.position > after]

    def runs(self, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.runs`."""
        return self._line.get("/record/runs", list[RunRow], before=before, limit=limit)

    def chosen_runs(self, choice: RunChoice, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.chosen_runs`: the rows of all, looked through here."""
        found: list[RunRow] = []
        while len(found) < limit and (rows := self.runs(before=before, limit=ROWS_MAX)):
            found += [row for row in rows if choice.takes(row, self._title(row.mission, choice))]
            before = rows[-1].id
        return found[:limit]

    def _title(self, mission: str, choice: RunChoice) -> str:
        row = self.mission(mission) if mission and choice.text else None
        return row.title if row is not None else ""

    def run_counts(self) -> Mapping[str, int]:
        """See `ReadTables.run_counts`."""
        counts: Counter[str] = Counter()
        before = ""
        while rows := self.runs(before=before, limit=ROWS_MAX):
            counts.update(row.status for row in rows)
            before = rows[-1].id
        return counts

    def missions(self, *, before: str = "", limit: int = 100) -> list[MissionRow]:
        """See `ReadTables.missions`."""
        return self._line.get("/record/missions", list[MissionRow], before=before, limit=limit)

    def unsettled(self) -> list[str]:
        """See `ReadTables.unsettled`."""
        return self._line.get("/record/unsettled", list[str])

    def find(self, prefix: str, *, limit: int = 10) -> list[str]:
        """See `ReadTables.find`."""
        return self._line.get("/record/names", list[str], prefix=prefix, limit=limit)

    def save(
        self,
        position: int,
        runs: Iterable[RunRow],
        missions: Iterable[MissionRow],
        others: Iterable[ListedRow] = (),
    ) -> None:
        """Refuse: the engine of the server saves."""
        raise AssertionError("the rows of a server are saved by its engine")

    def clear(self) -> None:
        """Refuse: the engine of the server saves."""
        raise AssertionError("the rows of a server are saved by its engine")

    def close(self) -> None:
        """Nothing is held."""


def _part(text: str) -> str:
    return quote(text, safe="")
