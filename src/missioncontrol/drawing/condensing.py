"""Makes a large graph small enough to be read: folders for files, and no arrow that follows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from missioncontrol.domain.graph import components

NODES_MAX = 60
"""Boxes of a drawing; beyond that it shows folders."""

REST = "(smaller ones)"
Needs = Mapping[str, Sequence[str]]


def by_folder(paths: Sequence[str], *, most: int = NODES_MAX) -> dict[str, str]:
    """Map each path to its box: itself, or where there are more than `most`, a folder of it."""
    if len(paths) <= most:
        return {path: path for path in paths}
    deepest = max(len(PurePosixPath(path).parts) for path in paths)
    for depth in range(deepest - 1, 0, -1):
        group = {path: _above(path, depth) for path in paths}
        if len(set(group.values())) <= most:
            return group
    largest = Counter(_above(path, 1) for path in paths).most_common(most - 1)
    kept = {name for name, _ in largest}
    return {path: top if (top := _above(path, 1)) in kept else REST for path in paths}


def _above(path: str, depth: int) -> str:
    parent = PurePosixPath(path).parent
    return "/".join(parent.parts[:depth]) or "."


def lifted(needs: Needs, group: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the arrows between boxes that arrows between what is in them make."""
    found: dict[str, set[str]] = {}
    for source, targets in needs.items():
        for target in targets:
            if group[source] != group[target]:
                found.setdefault(group[source], set()).add(group[target])
    return {source: sorted(targets) for source, targets in sorted(found.items())}


def essential(nodes: Sequence[str], needs: Needs) -> list[tuple[str, str]]:
    """Leave out arrows that follow from others (Aho, Garey and Ullman, 1972); knots stay whole."""
    groups = components(nodes, needs)
    home = {node: number for number, group in enumerate(groups) for node in group}
    beyond = _reach(groups, needs, home)
    kept = []
    for source, targets in needs.items():
        outside = {home[target] for target in targets} - {home[source]}
        for target in targets:
            place = home[target]
            if not any(place in beyond[other] for other in outside if other != place):
                kept.append((source, target))
    return kept


def _reach(groups: Sequence[list[str]], needs: Needs, home: Mapping[str, int]) -> list[set[int]]:
    beyond: list[set[int]] = []
    for number, group in enumerate(groups):  # Needed ones first, so theirs are known already.
        found: set[int] = set()
        for other in _next(group, needs, home):
            if other != number:
                found |= {other} | beyond[other]
        beyond.append(found)
    return beyond


def _next(group: Iterable[str], needs: Needs, home: Mapping[str, int]) -> Iterable[int]:
    return (home[target] for node in group for target in needs.get(node, ()))


def short_names(
    paths: Sequence[str], separator_of: Callable[[str], str] = lambda path: "/"
) -> dict[str, str]:
    """Shorten names by the leading parts that they all share."""
    separators = {separator_of(path) for path in paths}
    separator = separators.pop() if len(separators) == 1 else "/"
    parts = {path: path.split(separator) for path in paths}
    shared = 0
    while len({each[shared] for each in parts.values() if len(each) > shared}) == 1:
        shared += 1
    return {path: separator.join(each[shared:] or each[-1:]) for path, each in parts.items()}
