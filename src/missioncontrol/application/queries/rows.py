"""Rows of any kind as of now, page by page: what is saved, under what changed since."""

from typing import Any

from missioncontrol.application.read_model import Present
from missioncontrol.projections.lists import FOLDS

READ = {fold.kind: fold.read for fold in FOLDS}


def newest_rows(
    present: Present, kind: str, *, before: str = "", limit: int, is_open: bool = False
) -> list[Any]:
    """Return at most `limit` rows whose ids come before `before`, the last first."""
    stored = present.tables.all_listed(kind, is_open=is_open, before=before, limit=limit)
    rows = {row.id: row for row in stored}
    fresh = (row for row in present.board.others.values() if row.kind == kind)
    rows.update({row.id: row for row in fresh if not before or row.id < before})
    chosen = sorted(
        (row for row in rows.values() if row.is_open >= is_open), key=lambda row: row.id
    )
    return [READ[kind](row.body) for row in chosen[::-1][:limit]]


def row_of(present: Present, kind: str, stream: str) -> Any | None:
    """Return the row of what `stream` tells, or None where it tells of none of that kind."""
    found = present.board.others.get(stream) or present.tables.listed(kind, stream)
    return READ[kind](found.body) if found is not None and found.kind == kind else None
