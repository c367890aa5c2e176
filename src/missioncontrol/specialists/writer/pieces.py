"""Which pieces of a file to look at: quoted definitions, lines, and what the goal's words name."""

import re
from collections.abc import Iterable, Sequence

from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.words import pattern
from missioncontrol.specialists.writer.parts import Part

QUOTED_WEIGHT = 100.0
WHOLE_LINES_MAX = 60
"""A definition longer than this is not shown for one line in it: the lines around are."""
LINES_BEFORE, LINES_AFTER = 2, 6
WINDOW_LINES = 14
NAME_LENGTH_MAX = 60


def weighed(
    parts: Iterable[Part],
    lines: Sequence[str],
    index: Index,
    terms: Sequence[str],
    names: Sequence[str],
) -> list[tuple[float, Part]]:
    """Return the definitions that `names` quote or the goal's `terms` name, weightiest first."""
    order = {name: number for number, name in enumerate(names)}
    found = []
    for part in parts:
        text = "\n".join(lines[part.start - 1 : part.end])
        weight = _weight(part, text, index, terms)
        if part.name in order:
            weight = max(weight, QUOTED_WEIGHT - order[part.name])
        if weight > 0:
            found.append((weight, part))
    return sorted(found, key=lambda each: (-each[0], each[1].start))


def _weight(part: Part, text: str, index: Index, terms: Sequence[str]) -> float:
    weight = 0.0
    for term in terms:
        form = pattern(term)
        hits = len(form.findall(text))
        if hits:
            named = 2.0 if form.search(part.name) else 0.0
            weight += index.weight(term) * (named + min(1.0, hits / 6))
    private = part.name.startswith("_")
    return weight * (0.5 if private else 1.0) * (1.2 if part.is_type else 1.0)


def at_line(path: str, line: int, parts: Sequence[Part], lines: Sequence[str]) -> Part:
    """Return the definition around a line, or the lines around it where that would be long."""
    around = [part for part in parts if part.start <= line <= part.end]
    smallest = min(around, key=lambda part: part.end - part.start, default=None)
    if smallest and (smallest.start == line or smallest.end - smallest.start < WHOLE_LINES_MAX):
        return smallest
    start, end = max(1, line - LINES_BEFORE), min(len(lines), line + LINES_AFTER)
    name = _name_of(lines[line - 1] if line <= len(lines) else "") or f"line {line}"
    return Part(path, name, "lines", start, end, smallest.title if smallest else "")


def _name_of(line: str) -> str:
    """Return what a line assigns, else how it begins."""
    assigned = re.match(r"\s*(?:(?:const|let|var)\s+)?(?:\w+\.)*(\w+)\s*(?::[^=]+)?=(?!=)", line)
    return assigned[1] if assigned else line.strip()[:NAME_LENGTH_MAX]


def window(path: str, lines: Sequence[str], words: Sequence[str]) -> Part:
    """Return the lines of a file where most of `words` stand, else its beginning."""
    matches = [[word for word in words if len(word) > 1 and word in line] for line in lines]
    best, start = 0, 1
    for number in range(len(lines)):
        found = {word for each in matches[number : number + WINDOW_LINES] for word in each}
        if matches[number] and len(found) > best:
            best, start = len(found), max(1, number)
    end = min(len(lines), start + WINDOW_LINES - 1)
    held = list(dict.fromkeys(word for each in matches[start - 1 : end] for word in each))
    name = ", ".join(held[:4]) or f"lines {start} to {end}"
    return Part(path, name, "lines", start, end)
