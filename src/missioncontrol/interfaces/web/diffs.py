"""Unified diffs as rows, so that a page shows them without a script."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

ROWS_MAX = 4_000
"""A page shows no more rows of one diff; the whole of it is there to be downloaded."""

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")


class Row(NamedTuple):
    """One line of a diff."""

    kind: Literal["add", "del", "same", "hunk", "file", "cut"]
    old: int | None
    new: int | None
    text: str


def diff_rows(text: str) -> list[Row]:
    """Return the rows of a unified diff; a last one of kind `cut` says how many are left out."""
    lines = text.splitlines()
    rows = list(_rows(lines[:ROWS_MAX]))
    if len(lines) > ROWS_MAX:
        rows.append(Row("cut", None, None, f"{len(lines) - ROWS_MAX} more lines"))
    return rows


def _rows(lines: list[str]) -> Iterator[Row]:
    old = new = 0
    for line in lines:
        if found := _HUNK.match(line):
            old, new = int(found[1]), int(found[2])
            yield Row("hunk", None, None, line)
        elif not old and not new:
            if line.startswith("+++ "):
                yield Row("file", None, None, line[4:].removeprefix("b/"))
        elif line.startswith("+"):
            yield Row("add", None, new, line[1:])
            new += 1
        elif line.startswith("-"):
            yield Row("del", old, None, line[1:])
            old += 1
        elif line.startswith("diff "):
            old = new = 0
        elif not line.startswith("\\"):
            yield Row("same", old, new, line[1:])
            old, new = old + 1, new + 1
