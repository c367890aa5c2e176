"""Finds the run that a person means: by its id, the beginning of it, its mission, or `last`."""

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import ReadTables
from missioncontrol.projections.run_index import Board
from missioncontrol.runtime.projector import follow


async def board(tables: ReadTables, store: EventStore) -> Board:
    """Return the rows as of now: those stored, with what the log has had since on top."""
    rows = Board(tables)
    await follow(rows, store)
    return rows


def find_run(rows: Board, tables: ReadTables, text: str) -> str:
    """Return the id of the run that `text` means.

    Raises:
        NotFound: `run.unknown`.
        Rejected: `run.unnamed`, or `run.ambiguous`, naming some that it could be.
    """
    if not text:
        raise Rejected("run.unnamed", "RUN is empty.", hint="Give an id, or `last`.")
    if text == "last":
        newest = max((*rows.runs, *(row.id for row in tables.runs(limit=1))), default="")
        if newest:
            return newest
    prefixes = [text] if "-" in text else [f"run-{text}", f"mission-{text}"]
    ids = {name for prefix in prefixes for name in tables.find(prefix)}
    ids |= {name for name in (*rows.runs, *rows.missions) if name.startswith(tuple(prefixes))}
    if text in ids:
        ids = {text}
    if len(ids) > 1:
        raise Rejected(
            "run.ambiguous",
            f"{text!r} could be {', '.join(sorted(ids)[:5])}.",
            hint="Give more letters of the id.",
        )
    if not ids:
        raise NotFound(
            "run.unknown",
            f"There is no run {text!r} here.",
            hint="`mission runs` names the runs of this home.",
        )
    (name,) = ids
    return _newest_run(rows, tables, name) if name.startswith("mission-") else name


def _newest_run(rows: Board, tables: ReadTables, mission: str) -> str:
    row = rows.missions.get(mission) or tables.mission(mission)
    if row is None or not row.run:
        raise NotFound("run.unknown", f"Mission {mission!r} has no run yet.")
    return row.run
