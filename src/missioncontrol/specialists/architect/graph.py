"""What the code says about itself: modules, and the imports between them with their lines."""

from collections.abc import Iterable
from typing import Literal

import msgspec

When = Literal["load", "deferred", "typing"]
"""`load`: while the importer loads; `deferred`: later, inside a function or under `__main__`;
`typing`: for a type checker only."""
ModuleKind = Literal["source", "test", "other"]


class Module(msgspec.Struct, frozen=True, order=True):
    """A file, or a directory where the language or our reading knows no smaller unit."""

    path: str  # relative to the repository; the module's identity
    name: str  # as its language calls it, such as `flask.sessions`
    language: str
    lines: int
    kind: ModuleKind


class Import(msgspec.Struct, frozen=True, order=True):
    """One import statement that reaches another module of the same repository."""

    source: str  # path of the importer
    target: str  # path of the imported
    file: str  # the file that holds the statement
    line: int
    text: str
    when: When


class Graph(msgspec.Struct, frozen=True):
    """Modules and imports, and how they were obtained."""

    modules: tuple[Module, ...] = ()
    imports: tuple[Import, ...] = ()
    obtained: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    files_read: int = 0


def merged(graphs: Iterable[Graph]) -> Graph:
    """Join graphs of several languages into one, sorted; a repeated module appears once."""
    modules: dict[str, Module] = {}
    imports: set[Import] = set()
    obtained: list[str] = []
    left_out: list[str] = []
    for graph in graphs:
        for module in graph.modules:
            modules.setdefault(module.path, module)
        imports.update(graph.imports)
        obtained.extend(graph.obtained)
        left_out.extend(graph.left_out)
    known = [each for each in imports if each.source in modules and each.target in modules]
    return Graph(
        tuple(modules[path] for path in sorted(modules)),
        tuple(sorted(each for each in known if each.source != each.target)),
        tuple(dict.fromkeys(obtained)),
        tuple(dict.fromkeys(left_out)),
    )


def arrows(
    imports: Iterable[Import], *, when: frozenset[When] = frozenset({"load"})
) -> dict[str, list[str]]:
    """Map each importer to what it imports at one of these times, sorted and without repeats."""
    found: dict[str, set[str]] = {}
    for each in imports:
        if each.when in when:
            found.setdefault(each.source, set()).add(each.target)
    return {source: sorted(targets) for source, targets in sorted(found.items())}
