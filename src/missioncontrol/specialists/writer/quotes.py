"""What the plan quotes as code, and which pieces of a file its words point to."""

import re
from collections.abc import Iterable, Iterator, Sequence

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.words import pattern
from missioncontrol.specialists.writer.parts import Part

QUOTED_WEIGHT = 100.0
WHOLE_LINES_MAX = 60
"""A definition longer than this is not shown for one line in it: the lines around are."""
LINES_BEFORE, LINES_AFTER = 2, 6
WINDOW_LINES = 14
NAME_LENGTH_MAX = 60
_QUOTED = re.compile(r"`([^`\n]+)`")
_QUOTATION = re.compile(r"“([^”\n]+)”")
_LINE = re.compile(r"^(?P<path>[^\s:]+):(?P<line>\d+)(?:-\d+)?$")


def task_texts(task: Task, plan: Plan) -> list[str]:
    """Return everything a task says, and what the decisions behind it chose."""
    chosen = [each.choice for each in plan.decisions if each.id in task.decisions]
    return [task.title, task.detail, *task.acceptance, *task.risk_checks, *chosen]


def plan_texts(plan: Plan) -> list[str]:
    """Return what the handed-over tasks say, their decisions and the parts of the architecture."""
    tasks = [text for task in plan.tasks() if task.is_change for text in task_texts(task, plan)]
    return [*tasks, *(each.detail for each in plan.architecture.components)]


def quoted(texts: Iterable[str]) -> list[str]:
    """Return what stands between backticks, without repeats."""
    found = (name.strip().removesuffix("()") for text in texts for name in _QUOTED.findall(text))
    return list(dict.fromkeys(name for name in found if name))


def names(texts: Iterable[str]) -> list[str]:
    """Return the last names of what is quoted: `open_session` of `Session.open_session`."""
    last = (re.split(r"[.:#]", name)[-1] for name in quoted(texts))
    return list(dict.fromkeys(name for name in last if re.fullmatch(r"[\w$]+", name)))


def lines(texts: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the paths with line numbers that are quoted."""
    for name in quoted(texts):
        match = _LINE.match(name)
        if match:
            yield match["path"], int(match["line"])


def paths(texts: Iterable[str]) -> list[str]:
    """Return what could be a path among what is quoted, without line numbers."""
    found = []
    for name in quoted(texts):
        match = _LINE.match(name)
        found.append(match["path"] if match else name)
    return list(dict.fromkeys(found))


def anchors(texts: Iterable[str]) -> list[str]:
    """Return all that is quoted in either way: words to look for in a file."""
    listed = list(texts)
    quotes = [text for each in listed for text in _QUOTATION.findall(each)]
    return list(dict.fromkeys([*quoted(listed), *quotes]))


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
