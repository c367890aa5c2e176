"""Which names a rewrite of Python brings in, and what gives them to a file."""

import ast
import builtins
from collections.abc import Iterable

from missioncontrol.domain.learned import Codemod
from missioncontrol.learning.edits import VARIABLE
from missioncontrol.learning.importing import Import
from missioncontrol.learning.python_moves import imports_of

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
            module, said = given.pop()
            local = name if name != (said or module.partition(".")[0]) else ""
            if not module.startswith("."):
                found.append(Import(module, said, local).text)
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
