"""Shows a definition of the execution pack whole within a budget, and says what is left out."""

import re
from typing import Any, NamedTuple

from missioncontrol.documents.figures import counted
from missioncontrol.documents.studio.material import Material, code, together

LINES_MAX, CHARACTERS_MAX = 200, 12_000
"""The budget of one definition: three of them fill some ten pages of a design at most."""

NAMES_MAX = 8
"""Definitions that are named of the lines left out."""


class Shown(NamedTuple):
    """Lines of a definition, and what its caption adds where these are not all."""

    lines: list[str]
    note: str = ""


def shown_of(of: Material, each: dict[str, Any]) -> Shown:
    """Return what fits of a definition that an execution pack has as `path`, `start` and `text`."""
    start = int(each["start"])
    packed = str(each["text"]).strip("\n").rstrip().split("\n")
    left = int(each.get("more") or 0)
    last = start + len(packed) - 1 + left
    lines = _whole(of, each, packed, last) if left else packed
    shown_lines = lines[: _fitting(lines)]
    if start + len(shown_lines) - 1 >= last:
        return Shown(shown_lines)
    first = start + len(shown_lines)
    return Shown(shown_lines, f", lines {start} to {first - 1} of {_left_out(each, first, last)}")


def used(why: str) -> str:
    """Return why a definition is shown; a bare number of lines says in which it is used."""
    return f"Used in {why}" if why[:1].isdigit() else why


def _whole(of: Material, each: dict[str, Any], packed: list[str], last: int) -> list[str]:
    """Return the lines to the end of a definition that the pack cuts, as the repository has them.

    Where it has other lines by now than the pack, those of the pack are all that is known.
    """
    start = int(each["start"])
    text = of.source(str(each["path"])) if of.source else None
    lines = text.split("\n")[start - 1 : last] if text else []
    return lines if lines[: len(packed)] == packed else packed


def _fitting(lines: list[str]) -> int:
    size = 0
    for number, line in enumerate(lines[:LINES_MAX]):
        size += len(line) + 1
        if size > CHARACTERS_MAX:
            return max(1, number)
    return min(len(lines), LINES_MAX)


def _begin(name: str) -> int:
    """Return the line at which a definition begins that is named as `get` (61-70)."""
    found = re.search(r"\((\d+)-\d+\)$", name)
    return int(found[1]) if found else 0


def _left_out(each: dict[str, Any], first: int, last: int) -> str:
    """Say which lines are left out, and which definitions stand in them as far as that is known."""
    left = last - first + 1
    where = f"line {first}" if left == 1 else f"lines {first} to {last}"
    listed = each.get("left_out")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    names = [name for name in names if _begin(name) >= first]
    more = len(names) - NAMES_MAX
    if more > 0:
        names = [*names[:NAMES_MAX], f"{more} more"]
    inside = f", with {together(names)}" if names else ""
    return (
        f"{last - int(each['start']) + 1}; {counted(left, 'line')} of {code(str(each['path']))} "
        f"{'is' if left == 1 else 'are'} left out here ({where}{inside})"
    )
