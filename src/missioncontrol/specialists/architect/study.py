"""What the import graph means: cycles, layers, who depends on whom, what is near the goal."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import msgspec

from missioncontrol.domain.graph import components
from missioncontrol.specialists.architect.graph import Graph, Import, Module, When, arrows

Arrows = Mapping[str, Sequence[str]]
LOAD: frozenset[When] = frozenset({"load"})
RUNNING: frozenset[When] = frozenset({"load", "deferred"})
ALL: frozenset[When] = frozenset({"load", "deferred", "typing"})
ENTRY_NAMES = frozenset({"__main__", "__init__", "conftest", "setup", "manage", "wsgi", "asgi"})


class Cycle(msgspec.Struct, frozen=True):
    """Modules that need each other, and one shortest way round with the lines that make it."""

    when: When  # `deferred` where at least one import of every way round happens later
    modules: tuple[str, ...]
    way: tuple[Import, ...]


class MeasuredModule(msgspec.Struct, frozen=True):
    """One module of the product with its place in the graph."""

    module: Module
    layer: int
    fan_in: int
    fan_out: int


class Near(msgspec.Struct, frozen=True):
    """A module that the goal is about, and who would notice a change of it."""

    path: str
    reasons: tuple[str, ...]
    imports: tuple[str, ...]
    imported_by: tuple[str, ...]  # while loading or inside a function
    typed_by: tuple[str, ...]  # those that import it for a type checker only
    reaches: int  # modules of the product that need it to run, directly or through others
    tests: tuple[str, ...]  # test files that import it directly
    tests_through: int  # test files that reach it through other modules only
    cycles: tuple[int, ...]  # numbers of the cycles it is part of


class Study(msgspec.Struct, frozen=True):
    """The whole reading of one graph."""

    graph: Graph
    modules: tuple[MeasuredModule, ...]  # the product's own: no tests, no examples
    imports: tuple[Import, ...]  # between those
    cycles: tuple[Cycle, ...]
    unimported: tuple[str, ...]  # no import statement in the repository names them
    alone: tuple[str, ...]  # of those, the ones that import nothing either
    near: tuple[Near, ...]

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return max((each.layer for each in self.modules), default=-1) + 1


def studied(graph: Graph, relevant: Sequence[tuple[str, tuple[str, ...]]]) -> Study:
    """Measure `graph`; `relevant` holds paths and reasons, the most relevant first."""
    own = {module.path for module in graph.modules if module.kind == "source"}
    imports = tuple(e for e in graph.imports if e.source in own and e.target in own)
    nodes = sorted(own)
    needs = arrows(imports, when=LOAD)
    groups = components(nodes, needs)
    level = layers(groups, needs)
    fan_in, fan_out = degrees(nodes, arrows(imports, when=ALL))
    cycles = _cycles(nodes, imports)
    unimported = _unimported(graph, own)
    modules = tuple(
        MeasuredModule(m, level[m.path], fan_in[m.path], fan_out[m.path])
        for m in graph.modules
        if m.path in own
    )
    return Study(
        graph,
        modules,
        imports,
        cycles,
        unimported,
        tuple(path for path in unimported if fan_out[path] == 0),
        tuple(_near(graph, imports, cycles, relevant)),
    )


def _cycles(nodes: Sequence[str], imports: Sequence[Import]) -> tuple[Cycle, ...]:
    load, running = _Ways(nodes, imports, LOAD), _Ways(nodes, imports, RUNNING)
    found = [load.cycle(knot, "load") for knot in load.knots]
    known = {tuple(knot) for knot in load.knots}
    for knot in running.knots:
        if tuple(knot) not in known:
            fresh = running.cycle(knot, "deferred")
            if any(each.when == "deferred" for each in fresh.way):
                found.append(fresh)
    return tuple(found)


class _Ways:
    """The imports at some times, looked through once for all of their cycles."""

    def __init__(
        self, nodes: Sequence[str], imports: Sequence[Import], when: frozenset[When]
    ) -> None:
        self._arrows = arrows(imports, when=when)
        self.knots = knots(components(nodes, self._arrows))
        self._first: dict[tuple[str, str], Import] = {}
        for each in imports:
            if each.when in when:
                key = (each.source, each.target)
                # Where a pair is imported both ways, the one at load time is the one that binds.
                before = self._first.get(key)
                if before is None or (before.when != "load" and each.when == "load"):
                    self._first[key] = each

    def cycle(self, knot: Sequence[str], kind: When) -> Cycle:
        """Return the cycle of modules that all need each other, with one way round."""
        way = way_round(knot, self._arrows)
        return Cycle(kind, tuple(knot), tuple(self._first[pair] for pair in pairwise(way)))


def _unimported(graph: Graph, own: Iterable[str]) -> tuple[str, ...]:
    imported = {each.target for each in graph.imports}
    return tuple(
        path
        for path in sorted(own)
        if path not in imported and PurePosixPath(path).stem not in ENTRY_NAMES
    )


def _near(
    graph: Graph,
    imports: Sequence[Import],
    cycles: Sequence[Cycle],
    relevant: Sequence[tuple[str, tuple[str, ...]]],
) -> Iterable[Near]:
    around = _Around(graph, imports)
    for path, reasons in relevant:
        if around.kinds.get(path) == "source":
            numbers = (n for n, cycle in enumerate(cycles) if path in cycle.modules)
            yield around.near(path, reasons, tuple(numbers))


class _Around:
    """Looks up, from any module, who needs it."""

    def __init__(self, graph: Graph, imports: Sequence[Import]) -> None:
        self.kinds = {module.path: module.kind for module in graph.modules}
        self._needs = arrows(imports, when=RUNNING)
        self._needed_by = reversed_arrows(self._needs)
        self._named_by = reversed_arrows(arrows(imports, when=ALL))
        self._anyone_by = reversed_arrows(arrows(graph.imports, when=RUNNING))

    def near(self, path: str, reasons: tuple[str, ...], cycles: tuple[int, ...]) -> Near:
        """Return what stands around `path`."""
        needed_by = self._needed_by.get(path, [])
        direct = self._tests(self._anyone_by.get(path, ()))
        through = self._tests(reached([path], self._anyone_by))
        return Near(
            path,
            reasons,
            tuple(self._needs.get(path, ())),
            tuple(needed_by),
            tuple(each for each in self._named_by.get(path, ()) if each not in needed_by),
            len(reached([path], self._needed_by)),
            tuple(direct),
            len(set(through) - set(direct)),
            cycles,
        )

    def _tests(self, paths: Iterable[str]) -> list[str]:
        return sorted(path for path in paths if self.kinds[path] == "test")


def knots(groups: Sequence[list[str]]) -> list[list[str]]:
    """Return the components that are cycles: more than one node. Largest first."""
    return sorted((group for group in groups if len(group) > 1), key=lambda g: (-len(g), g))


def layers(groups: Sequence[list[str]], needs: Arrows) -> dict[str, int]:
    """Map each node to its level: 0 needs nothing, n + 1 needs something of level n.

    Nodes of one knot share a level. `groups` come needed ones first, as `components` gives them.
    """
    level: dict[str, int] = {}
    for group in groups:
        inside = set(group)
        outside = (
            level[need]
            for node in group
            for need in needs.get(node, ())
            if need not in inside and need in level
        )
        highest = max(outside, default=-1) + 1
        level.update(dict.fromkeys(group, highest))
    return level


def way_round(knot: Collection[str], needs: Arrows) -> list[str]:
    """Return a shortest cycle inside `knot`, its first node repeated at the end."""
    inside = set(knot)
    shortest: list[str] = []
    for start in sorted(inside):
        found = _way_back(start, inside, needs)
        if found and (not shortest or len(found) < len(shortest)):
            shortest = found
        if len(shortest) == 3:  # Two modules that need each other: nothing is shorter.
            break
    return shortest


def _way_back(start: str, inside: set[str], needs: Arrows) -> list[str]:
    came_from: dict[str, str] = {}
    todo = deque([start])
    while todo:
        node = todo.popleft()
        for need in needs.get(node, ()):
            if need == start:
                return _trail(start, node, came_from)
            if need in inside and need not in came_from:
                came_from[need] = node
                todo.append(need)
    return []


def _trail(start: str, last: str, came_from: Mapping[str, str]) -> list[str]:
    back = [start]
    while last != start:
        back.append(last)
        last = came_from[last]
    return [start, *reversed(back[1:]), start]


def degrees(nodes: Sequence[str], needs: Arrows) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many nodes need each node (fan-in) and how many it needs (fan-out)."""
    fan_in = dict.fromkeys(nodes, 0)
    fan_out = dict.fromkeys(nodes, 0)
    for node, wanted in needs.items():
        fan_out[node] = len(wanted)
        for need in wanted:
            fan_in[need] = fan_in.get(need, 0) + 1
    return fan_in, fan_out


def reached(start: Collection[str], needs: Arrows) -> set[str]:
    """Return everything that `start` needs directly or through others, without `start`."""
    seen = set(start)
    todo = deque(sorted(start))
    while todo:
        for need in needs.get(todo.popleft(), ()):
            if need not in seen:
                seen.add(need)
                todo.append(need)
    return seen - set(start)


def reversed_arrows(needs: Arrows) -> dict[str, list[str]]:
    """Turn every arrow round."""
    found: dict[str, list[str]] = {}
    for node, wanted in needs.items():
        for need in wanted:
            found.setdefault(need, []).append(node)
    return {node: sorted(sources) for node, sources in sorted(found.items())}
