"""What a class of Python has from the classes above it, as far as their names say."""

import ast
from collections.abc import Iterable, Iterator

from missioncontrol.guard.imports import last_name, parsed

BESIDE_MAX = 100
"""Texts in which classes above are looked for."""


class Bases:
    """The classes of a file, and of others that changed with it."""

    def __init__(self, tree: ast.Module, beside: Iterable[str]) -> None:
        """Nothing of `beside` is read before a class above is asked for that the file has not."""
        self._classes: dict[str, list[ast.ClassDef]] = {}
        self._called: dict[str, str] = {}  # names of imports by what they are called here
        self._take(tree)
        self._beside = iter(beside)

    def has(self, owner: str, member: str) -> bool:
        """Tell whether a class above `owner` has this member."""
        if not owner or "." in owner or owner not in self._classes:
            return False
        self._read()
        return member in self._above(owner)

    def _above(self, owner: str) -> set[str]:
        found: set[str] = set()
        ahead, seen = list(self._classes[owner]), set[int]()
        while ahead:
            node = ahead.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            found.update(_members(node))
            for base in node.bases:
                said = last_name(base)
                ahead += self._classes.get(self._called.get(said, said), [])
        return found

    def _read(self) -> None:
        for text, _ in zip(self._beside, range(BESIDE_MAX), strict=False):
            tree = parsed(text)
            if tree is not None:
                self._take(tree)
        self._beside = iter(())

    def _take(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._classes.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ImportFrom):
                self._called.update((each.asname, each.name) for each in node.names if each.asname)


def made_in(node: ast.ClassDef) -> Iterator[str]:
    """Yield what methods of a class make of `self`: it is reached as a property was."""
    for inner in ast.walk(node):
        if not (isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)):
            continue
        if isinstance(inner.value, ast.Name) and inner.value.id == "self":
            yield inner.attr


def _members(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Assign):
            yield from (target.id for target in each.targets if isinstance(target, ast.Name))
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id
    yield from made_in(node)
