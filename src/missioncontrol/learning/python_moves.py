"""Finds what Python files import from elsewhere after a commit."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence

from missioncontrol.domain.learned import Codemod
from missioncontrol.ports.history import Changed

FILES_MIN = 3
NAMES_MIN = 3
Moved = tuple[str, int, str, str]
"""A path and line, and the import before and after."""


def moves(files: Sequence[Changed]) -> Iterator[tuple[Codemod, list[Moved]]]:
    """Yield each move of an import that at least three files share, with its places."""
    found: dict[tuple[str, str], list[Moved]] = defaultdict(list)
    left: set[str] = set()
    for file in files:
        before, after = imports_of(file.before), imports_of(file.after)
        left |= {module for module, _, _ in after.values()}
        for local, (module, name, line) in before.items():
            there = after.get(local)
            if there is None or (module, name) == there[:2]:
                continue
            pair = _said(module, name, local), _said(there[0], there[1], local)
            found[pair].append((file.path, line, *pair))
    for (one, other), places in _together(found, left):
        if len({path for path, *_ in places}) >= FILES_MIN:
            yield Codemod("import", one, other), places


def _together(
    found: dict[tuple[str, str], list[Moved]], left: set[str]
) -> Iterator[tuple[tuple[str, str], list[Moved]]]:
    """Yield moves; those of all names of a module, from which nothing is imported now, as one."""
    modules: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for pair in found:
        parts = [side.split() for side in pair]
        if all(len(side) == 4 for side in parts) and parts[0][3] == parts[1][3]:
            modules[parts[0][1], parts[1][1]].append(pair)
    whole = set()
    for (one, other), pairs in modules.items():
        if len(pairs) >= NAMES_MIN and one not in left:
            whole.update(pairs)
            places = [place for pair in pairs for place in found[pair]]
            yield (f"from {one} import $A", f"from {other} import $A"), places
    for pair, places in found.items():
        if pair not in whole:
            yield pair, places


def _said(module: str, name: str, local: str) -> str:
    if not name:
        top = module.partition(".")[0]
        return f"import {module}" if local in (module, top) else f"import {module} as {local}"
    said = f"from {module} import {name}"
    return said if name == local else f"{said} as {local}"


def imports_of(text: str) -> dict[str, tuple[str, str, int]]:
    """Return module, name and line by the name that a file gives to what it imports."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, tuple[str, str, int]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = (alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name != "*":
                    found[alias.asname or alias.name] = (module, alias.name, node.lineno)
    return found
