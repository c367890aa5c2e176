"""Chooses what the drawing shows: single modules, or directories where there are too many."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.architect import measures
from missioncontrol.specialists.architect.drawing import Picture
from missioncontrol.specialists.architect.graph import arrows
from missioncontrol.specialists.architect.layout import placed
from missioncontrol.specialists.architect.study import LOAD, Study

NODES_MAX = 60
ALONE = -1


class View(msgspec.Struct, frozen=True):
    """Nodes to draw, the arrows between them, and which of them matter to the goal."""

    labels: Mapping[str, str]
    tips: Mapping[str, str]
    levels: Mapping[str, int]  # `ALONE` for what has no arrow at all
    arrows: Sequence[tuple[str, str]]
    arrows_total: int  # before those that follow from others were left out
    goal: Collection[str]
    knotted: Collection[str]
    grouped: bool


def view(study: Study) -> View:
    """Return what to draw of `study`: at most `NODES_MAX` nodes."""
    group = _groups([each.module.path for each in study.modules])
    nodes = sorted(set(group.values()))
    sizes = Counter(group.values())
    needs = _lifted(arrows(study.imports, when=LOAD), group)
    components = measures.components(nodes, needs)
    drawn = _essential(components, needs)
    touched = {node for arrow in drawn for node in arrow}
    levels = measures.layers(components, needs)
    grouped = len(nodes) < len(study.modules)
    names = {each.module.path: each.module.name for each in study.modules}
    labels = _labels(nodes, {} if grouped else names)
    return View(
        labels=labels,
        tips={node: _tip(node, sizes[node], study, group) for node in nodes},
        levels={node: levels[node] if node in touched else ALONE for node in nodes},
        arrows=drawn,
        arrows_total=sum(len(wanted) for wanted in needs.values()),
        goal={group[near.path] for near in study.near},
        knotted={node for knot in measures.knots(components) for node in knot},
        grouped=grouped,
    )


def picture(study: Study, shown: View, title: str) -> Picture:
    """Place the nodes of `shown` and say around them what is seen."""
    legend = [("box", "directory" if shown.grouped else "module")]
    legend += [("box goal", "holds files the goal is about")] if shown.goal else []
    legend += [("arrow", "imports while loading")] if shown.arrows else []
    knot = "directories that import each other" if shown.grouped else "part of a cycle"
    legend += [("arrow knot-line", knot)] if shown.knotted else []
    return Picture(
        title=title,
        note=note(study, shown),
        layout=placed(shown.labels, shown.levels, shown.arrows),
        labels=shown.labels,
        tips=shown.tips,
        goal=shown.goal,
        knotted=shown.knotted,
        legend=legend,
        alone=ALONE,
    )


def note(study: Study, shown: View) -> str:
    """Say in a line what the drawing holds and what it leaves out."""
    count = len(study.modules)
    what = f"{count} modules"
    if shown.grouped:
        what = f"{count} modules in {len(shown.labels)} directories"
    left = shown.arrows_total - len(shown.arrows)
    implied = f", {left} more follow from these and are not drawn" if left else ""
    if not shown.arrows:
        return f"{what}; no import between them was found."
    rule = "A box imports only from boxes below it"
    rule += ", or within its cycle." if shown.knotted else "."
    return f"{what}; {len(shown.arrows)} arrows{implied}. {rule}"


def _groups(paths: Sequence[str]) -> dict[str, str]:
    """Map each path to its node: itself, or a directory where there are more than `NODES_MAX`."""
    if len(paths) <= NODES_MAX:
        return {path: path for path in paths}
    deepest = max(len(PurePosixPath(path).parts) for path in paths)
    for depth in range(deepest - 1, 0, -1):
        group = {path: _above(path, depth) for path in paths}
        if len(set(group.values())) <= NODES_MAX:
            return group
    largest = Counter(_above(path, 1) for path in paths).most_common(NODES_MAX - 1)
    kept = {name for name, _ in largest}
    return {p: top if (top := _above(p, 1)) in kept else "(smaller ones)" for p in paths}


def _above(path: str, depth: int) -> str:
    parent = PurePosixPath(path).parent
    return "/".join(parent.parts[:depth]) or "."


def _lifted(needs: measures.Arrows, group: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for source, targets in needs.items():
        for target in targets:
            if group[source] != group[target]:
                found.setdefault(group[source], set()).add(group[target])
    return {source: sorted(targets) for source, targets in sorted(found.items())}


def _essential(components: Sequence[list[str]], needs: measures.Arrows) -> list[tuple[str, str]]:
    """Leave out arrows that follow from others (Aho, Garey and Ullman, 1972); knots stay whole."""
    home = {node: number for number, group in enumerate(components) for node in group}
    beyond = _reach(components, needs, home)
    kept = []
    for source, targets in needs.items():
        outside = {home[target] for target in targets} - {home[source]}
        for target in targets:
            place = home[target]
            implied = any(place in beyond[other] for other in outside if other != place)
            if not implied:
                kept.append((source, target))
    return kept


def _reach(
    components: Sequence[list[str]], needs: measures.Arrows, home: Mapping[str, int]
) -> list[set[int]]:
    beyond: list[set[int]] = []
    for number, group in enumerate(components):  # Needed ones first, so theirs are known already.
        found: set[int] = set()
        for other in _next(group, needs, home):
            if other != number:
                found |= {other} | beyond[other]
        beyond.append(found)
    return beyond


def _next(group: Iterable[str], needs: measures.Arrows, home: Mapping[str, int]) -> Iterable[int]:
    return (home[target] for node in group for target in needs.get(node, ()))


def _labels(nodes: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """Shorten names by what they all share, and cut what is still too long."""
    full = {node: names.get(node, node) for node in nodes}
    separator = "." if names and all("/" not in name for name in full.values()) else "/"
    parts = {node: name.split(separator) for node, name in full.items()}
    shared = 0
    while len({each[shared] for each in parts.values() if len(each) > shared}) == 1:
        shared += 1
    cut = {node: separator.join(each[shared:] or each[-1:]) for node, each in parts.items()}
    return {node: name if len(name) <= 34 else f"…{name[-33:]}" for node, name in cut.items()}


def _tip(node: str, size: int, study: Study, group: Mapping[str, str]) -> str:
    for each in study.modules:
        if each.module.path == node:
            return (
                f"{node}: {each.module.lines} lines, imported by {each.fan_in}, "
                f"imports {each.fan_out}"
            )
    lines = sum(e.module.lines for e in study.modules if group[e.module.path] == node)
    return f"{node}: {size} modules, {lines} lines"
