"""Scopes: the files that tasks are expected to change, and which of them may meet."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from missioncontrol.domain.visible import suspicious

Overlap = Literal["wait", "merge"]
"""What becomes of tasks whose scopes meet: one after the other, or at once, for the queue to bring
together. What a repository calls shared is never changed by two at once.
"""

PATTERNS_MAX = 200
PATTERN_MAX = 500


def pattern_fault(pattern: str) -> str:
    """Say why `pattern` names no files of a repository; "" where it may."""
    parts = pattern.split("/")
    if not pattern.strip("/ ") or pattern != pattern.strip() or len(pattern) > PATTERN_MAX:
        return "is empty, too long, or begins or ends with a space"
    if not pattern.isprintable() or suspicious(pattern):
        return "holds something that can't be seen"
    is_plain = "" not in parts[:-1] and not {".", ".."}.intersection(parts)
    if pattern.startswith(("!", "#")) or not is_plain or "\\" in pattern:
        return "has to be seen from the top of the repository, such as src/app.py or src/**/*.py"
    return ""


def meet(one: str, other: str) -> bool:
    """Tell whether some path could be named by both patterns.

    It is never False where there is one; a set of letters, `[a-z]`, counts as any letter.
    """
    first, second = _parts(one), _parts(other)
    if _part_early(first, second):
        return False
    return _both(first, second) or _is_in(first, second) or _is_in(second, first)


def meeting(scope: Iterable[str], other: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of `scope` that may name a file that `other` names as well."""
    return tuple(each for each in scope if any(meet(each, pattern) for pattern in other))


def waits(
    tasks: Sequence[int],
    scopes: Mapping[int, Sequence[str]],
    shared: Sequence[str],
    overlap: Overlap,
) -> dict[int, tuple[int, ...]]:
    """Return for each of `tasks` the earlier ones that have to end before it begins."""
    return {
        task: tuple(
            earlier
            for earlier in tasks[:place]
            if excluded(scopes[task], scopes[earlier], shared, overlap)
        )
        for place, task in enumerate(tasks)
    }


def excluded(
    scope: Sequence[str], other: Sequence[str], shared: Sequence[str], overlap: Overlap
) -> tuple[str, ...]:
    """Return the patterns of `scope` for whose sake both can't be at work at once."""
    both = meeting(scope, other)
    if overlap == "wait":
        return both
    # Each may change another file of what is shared, and still both change what is shared.
    held = {name for name in shared if any(meet(name, each) for each in other)}
    return tuple(each for each in scope if any(meet(each, name) for name in held))


def as_globs(scope: Iterable[str]) -> tuple[str, ...]:
    """Return patterns as `.gitignore` would have them."""
    return tuple(each if "/" in each[:-1] or _is_anywhere(each) else f"/{each}" for each in scope)


def as_pattern(glob: str) -> str:
    """Return what is written as in `.gitignore` as a pattern of a scope, which names no less."""
    if "/" in glob[:-1] or _is_anywhere(glob):
        return glob.removeprefix("/")
    return f"{ANY}/{glob}"


def _is_anywhere(pattern: str) -> bool:
    """Whether a pattern counts in every directory: `*.lock` does, `README.md` does not."""
    return "/" not in pattern.rstrip("/") and any(sign in pattern for sign in "*?[")


ANY = "**"
"""Among the parts of a path, any number of them, or none; `*` is that among letters."""


def _parts(pattern: str) -> tuple[str, ...]:
    """Return the names of a path that `pattern` asks for.

    A directory names all that is in it; one with a dot in its name counts as a file, unless
    the pattern ends with `/`.
    """
    parts = [part for part in pattern.split("/") if part]
    if _is_anywhere(pattern):
        parts.insert(0, ANY)
    if parts[-1] == ANY or pattern.endswith("/"):
        return (*parts, "*", ANY)
    return tuple(parts) if "." in parts[-1] else (*parts, ANY)


def _part_early(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two paths differ in a plain name: most do, and that is seen at once."""
    for first, second in zip(one, other, strict=False):
        if first != second:
            return not any(sign in first + second for sign in "*?[")
    return False


def _is_in(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether `other` asks for something in what `one` takes for a file, as `.github` is."""
    above = (other[:place] for place in range(1, len(other)))
    return any(_both(one, folder) for folder in above if folder[-1] != ANY)


def _both(one: Sequence[str], other: Sequence[str]) -> bool:
    return _common(one, other, _names_meet)


def _names_meet(one: str, other: str) -> bool:
    return _common(_letters(one), _letters(other), lambda a, b: a == b or "?" in (a, b))


def _letters(name: str) -> tuple[str, ...]:
    plain = re.sub(r"\[.[^\]]*\]", "?", name)  # A `]` at the beginning stands for itself.
    return tuple(ANY if each == "*" else each for each in re.sub(r"\*+", "*", plain))


def _common(one: Sequence[str], other: Sequence[str], alike: Callable[[str, str], bool]) -> bool:
    """Tell whether two rows of signs, in which `ANY` stands for any number, can be one row."""
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(one) and j == len(other):
            return True
        first = one[i] if i < len(one) else ""
        second = other[j] if j < len(other) else ""
        steps = []
        if first == ANY:
            steps += [(i + 1, j), *([(i, j + 1)] if second else [])]
        if second == ANY:
            steps += [(i, j + 1), *([(i + 1, j)] if first else [])]
        if first and second and ANY not in (first, second) and alike(first, second):
            steps.append((i + 1, j + 1))
        todo += [step for step in steps if step not in reached]
        reached.update(steps)
    return False
