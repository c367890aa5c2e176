"""Draws modules and their imports: layers, cycles and the goal, with folders for large graphs."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.domain.graph import components
from missioncontrol.drawing.layout import laid_out
from missioncontrol.drawing.model import Edge, Graph, Group, Link, Mark, Node

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
    shown = {name for name, _ in largest}
    return {path: top if (top := _above(path, 1)) in shown else REST for path in paths}


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
    edges = []
    for source, targets in needs.items():
        outside = {home[target] for target in targets} - {home[source]}
        for target in targets:
            place = home[target]
            if not any(place in beyond[other] for other in outside if other != place):
                edges.append((source, target))
    return edges


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


GROUPS_MAX = 10
FRAMED_WIDTH_MAX = 1_320.0
BECAUSE_MAX = 3


class ModuleFact(msgspec.Struct, frozen=True):
    """One module, or a directory of a language whose imports are not read."""

    path: str
    lines: int
    fan_in: int = 0
    fan_out: int = 0


class ImportFact(msgspec.Struct, frozen=True):
    """One import while loading, with the line that makes it."""

    source: str
    target: str
    file: str
    line: int


def module_graph(
    modules: Sequence[ModuleFact],
    imports: Iterable[ImportFact],
    goal: Collection[str],
    *,
    title: str,
) -> Graph:
    """Return the graph; with too many modules it shows their folders and says so."""
    known = {each.path for each in modules}
    lines = _lines([each for each in imports if {each.source, each.target} <= known])
    needs: dict[str, list[str]] = {}
    for source, target in lines:
        needs.setdefault(source, []).append(target)
    group = by_folder(sorted(known))
    boxes = sorted(set(group.values()))
    between = lifted(needs, group)
    drawn = essential(boxes, between)
    knotted = {box for knot in components(boxes, between) if len(knot) > 1 for box in knot}
    is_folders = len(boxes) < len(known)
    total = sum(len(wanted) for wanted in between.values())
    marked = {group[path] for path in goal if path in group}
    nodes = tuple(
        _node(box, short_names(boxes), modules, group, marked, knotted, is_folders=is_folders)
        for box in boxes
    )
    reasons = _reasons(lines, group)
    edges = tuple(
        Edge(
            source,
            target,
            stroke="cycle" if {source, target} <= knotted else "plain",
            because=reasons.get((source, target), ""),
        )
        for source, target in drawn
    )
    summary = _summary(len(known), len(boxes), len(edges), total, knotted, is_folders=is_folders)
    plain = Graph(title, summary, nodes, edges)
    return plain if is_folders else _framed(plain)


def _lines(imports: Sequence[ImportFact]) -> dict[tuple[str, str], list[ImportFact]]:
    found: dict[tuple[str, str], list[ImportFact]] = {}
    for each in imports:
        if each.source != each.target:
            found.setdefault((each.source, each.target), []).append(each)
    return dict(sorted(found.items()))


def _framed(graph: Graph) -> Graph:
    """Return the graph with a frame for each directory, where that is still narrow enough."""
    home = {node.id: str(PurePosixPath(node.id).parent) for node in graph.nodes}
    count = len(set(home.values()))
    if not 1 < count <= GROUPS_MAX or len(graph.nodes) < 2 * count:
        return graph
    nodes = tuple(
        msgspec.structs.replace(node, group=home[node.id], label=PurePosixPath(node.id).name)
        for node in graph.nodes
    )
    groups = tuple(Group(name, name) for name in dict.fromkeys(home.values()))
    framed = msgspec.structs.replace(graph, nodes=nodes, groups=groups)
    return framed if laid_out(framed).width <= FRAMED_WIDTH_MAX else graph


def _node(
    box: str,
    names: Mapping[str, str],
    modules: Sequence[ModuleFact],
    group: Mapping[str, str],
    marked: Collection[str],
    knotted: Collection[str],
    *,
    is_folders: bool,
) -> Node:
    inside = [each for each in modules if group[each.path] == box]
    lines = sum(each.lines for each in inside)
    mark: Mark = "goal" if box in marked else "cycle" if box in knotted else ""
    if is_folders:
        detail = f"{len(inside)} modules with {lines:,} lines."
        note = f"{len(inside)} modules"
    else:
        only = inside[0]
        detail = (
            f"{lines:,} lines; imported by {only.fan_in}, imports {only.fan_out} of the product."
        )
        note = ""
    return Node(
        box,
        names[box],
        "folder" if is_folders else "module",
        note,
        detail,
        mark,
        Link("code", box),
    )


def _reasons(
    lines: Mapping[tuple[str, str], Sequence[ImportFact]], group: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Map each pair of boxes to the import statements between them, the first few by name."""
    found: dict[tuple[str, str], list[ImportFact]] = {}
    for (source, target), made in lines.items():
        if group[source] != group[target]:
            found.setdefault((group[source], group[target]), []).extend(made)
    return {pair: _places(made) for pair, made in found.items()}


def _places(made: Sequence[ImportFact]) -> str:
    shown = ", ".join(f"{each.file}:{each.line}" for each in made[:BECAUSE_MAX])
    left = len(made) - BECAUSE_MAX
    return f"{shown} and {left} more" if left > 0 else shown


def _summary(
    modules: int,
    boxes: int,
    edges: int,
    total: int,
    knotted: Collection[str],
    *,
    is_folders: bool,
) -> str:
    count = "1 module" if modules == 1 else f"{modules} modules"
    what = f"{count} in {boxes} directories" if is_folders else count
    if not modules:
        return "No module of a product was found."
    if not edges:
        return f"{what}; no import between them was found."
    implied = total - edges
    more = f"; {implied} more follow from these and are not drawn" if implied else ""
    cycle = " or within its cycle" if knotted else ""
    rule = f"A box imports, while it loads, only from boxes below it{cycle}."
    folders = " There are too many modules to draw each." if is_folders else ""
    arrows = "1 arrow" if edges == 1 else f"{edges} arrows"
    return f"{what}, {arrows}{more}. {rule}{folders}"
