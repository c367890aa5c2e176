"""What the graph means: cycles, layers, who depends on whom, and what stands near the goal."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import msgspec

from missioncontrol.domain.graph import components
from missioncontrol.specialists.architect import measures
from missioncontrol.specialists.architect.graph import Graph, Import, Module, When, arrows

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
    level = measures.layers(groups, needs)
    fan_in, fan_out = measures.degrees(nodes, arrows(imports, when=ALL))
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
        self.knots = measures.knots(components(nodes, self._arrows))
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
        way = measures.way_round(knot, self._arrows)
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
        self._needed_by = measures.reversed_arrows(self._needs)
        self._named_by = measures.reversed_arrows(arrows(imports, when=ALL))
        self._anyone_by = measures.reversed_arrows(arrows(graph.imports, when=RUNNING))

    def near(self, path: str, reasons: tuple[str, ...], cycles: tuple[int, ...]) -> Near:
        """Return what stands around `path`."""
        needed_by = self._needed_by.get(path, [])
        direct = self._tests(self._anyone_by.get(path, ()))
        through = self._tests(measures.reached([path], self._anyone_by))
        return Near(
            path,
            reasons,
            tuple(self._needs.get(path, ())),
            tuple(needed_by),
            tuple(each for each in self._named_by.get(path, ()) if each not in needed_by),
            len(measures.reached([path], self._needed_by)),
            tuple(direct),
            len(set(through) - set(direct)),
            cycles,
        )

    def _tests(self, paths: Iterable[str]) -> list[str]:
        return sorted(path for path in paths if self.kinds[path] == "test")
