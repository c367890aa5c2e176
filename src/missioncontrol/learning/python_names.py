"""Imports of Python files: their moves in a commit, and the names that a rewrite needs."""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod
from missioncontrol.learning.edits import VARIABLE
from missioncontrol.ports.history import Changed

ANY = "$A"
_IMPORT = re.compile(
    r"from (?P<module>[.\w]+) import (?P<name>\w+|\$A)(?: as (?P<local>\w+))?"
    r"|import (?P<whole>[.\w]+)(?: as (?P<as>\w+))?"
)


class Import(msgspec.Struct, frozen=True):
    """One name that a module takes in."""

    module: str  # with the dots before it
    name: str = ""  # "" for the module as a whole, ANY for each name of it
    local: str = ""  # the name it has here, where that is another

    @property
    def text(self) -> str:
        """As a statement."""
        statement = (
            f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        )
        return f"{statement} as {self.local}" if self.local else statement


def import_of(text: str) -> Import:
    """Return what a statement imports.

    Raises:
        Rejected: `pattern.bad_codemod`.
    """
    found = _IMPORT.fullmatch(text)
    if found is None:
        raise Rejected("pattern.bad_codemod", f"{text[:200]!r} imports no single name.")
    if found["whole"]:
        return Import(found["whole"], "", found["as"] or "")
    return Import(found["module"], found["name"], found["local"] or "")


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
            pair = (
                _import_statement(module, name, local),
                _import_statement(there[0], there[1], local),
            )
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


def _import_statement(module: str, name: str, local: str) -> str:
    if not name:
        top = module.partition(".")[0]
        return f"import {module}" if local in (module, top) else f"import {module} as {local}"
    statement = f"from {module} import {name}"
    return statement if name == local else f"{statement} as {local}"


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


_ALWAYS = frozenset(dir(builtins)) | {"self", "cls"}


def brought_in(codemod: Codemod) -> set[str]:
    """Return the names that stand alone on the right side and not on the left one."""
    if codemod.form != "syntax":
        return set()
    return _names(_plain(codemod.after)) - _names(_plain(codemod.before)) - _ALWAYS


def _plain(side: str) -> str:
    return VARIABLE.sub(lambda found: "mc_hole", side)


def _names(text: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return set()
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found - {"mc_hole"}


def needs(codemod: Codemod, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the imports that gave these names to every file that was changed so."""
    names = brought_in(codemod)
    if not names:
        return ()
    known = [imports_of(text) for text in texts]
    found = []
    for name in sorted(names):
        given = {each[name][:2] for each in known if name in each}
        is_everywhere = all(name in each for each in known)
        if is_everywhere and len(given) == 1:
            module, original = given.pop()
            local = name if name != (original or module.partition(".")[0]) else ""
            if not module.startswith("."):
                found.append(Import(module, original, local).text)
    return tuple(found)


def missing(codemod: Codemod, text: str) -> set[str]:
    """Return the names that a rewritten file would not know."""
    names = brought_in(codemod)
    if not names:
        return set()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return names
    given = set(imports_of(text))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                given.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                given.add(name)
            case ast.AsyncFunctionDef(name=name):
                given.add(name)
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return set()
    return names - given
