"""Whether two versions of a Python file behave alike: only comments, layout or types differ."""

import ast
from collections.abc import Iterator

from missioncontrol.guard.imports import for_types, parsed

_READERS = """
attr attrs beanie beartype cattrs cyclopts dataclasses fastapi injector litestar msgspec ninja
odmantic pydantic robyn sqlalchemy sqlmodel strawberry typeguard typer
"""
READERS = frozenset(_READERS.split())
"""Packages for which an annotation is code: where one is imported, annotations are compared."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_TYPING = frozenset({"typing", "typing_extensions", "collections.abc", "__future__"})


def is_equivalent(before: str, after: str) -> bool:
    """Tell whether two texts of a file differ only in what does not run.

    That is: comments, layout, documentation, annotations of functions, and imports that are for
    annotations or went out. An import that came in is work; so is all that can't be read.
    """
    one, other = parsed(before), parsed(after)
    if one is None or other is None:
        return False
    was, are = set(_imports(one)), set(_imports(other))
    are_typed = any(module.partition(".")[0] in READERS for module, *_ in was | are)
    if not are <= was:
        return False
    try:
        return _work(one, keeps_types=are_typed) == _work(other, keeps_types=are_typed)
    except RecursionError:  # A sum of thousands of terms is as deep as it is long.
        return False


def _imports(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield what is imported, each with the name it gets; nothing that is for annotations."""
    passed = for_types(tree)
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name not in _TYPING:
                    yield each.name, each.asname or ""
        elif isinstance(node, ast.ImportFrom) and node.module not in _TYPING:
            where = "." * node.level + (node.module or "")
            for each in node.names:
                yield where, each.name, each.asname or ""


def _work(tree: ast.Module, *, keeps_types: bool) -> str:
    """Return the code of a file that runs, as its syntax tree written out."""
    _Stripped(for_types(tree), keeps_types=keeps_types).visit(tree)
    return ast.dump(tree)


class _Stripped(ast.NodeTransformer):
    """Removes what does not run. Imports are compared separately."""

    def __init__(self, passed: set[int], *, keeps_types: bool) -> None:
        self._passed = passed
        self._keeps_types = keeps_types
        self._is_in_function = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _DOCUMENTED):
            node.body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not self._keeps_types:
            node.returns = None
        before = self._is_in_function
        if isinstance(node, _DOCUMENTED):
            self._is_in_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        found = super().generic_visit(node)
        self._is_in_function = before
        return found

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return node if self._keeps_types else ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        found = self.generic_visit(node)
        if self._keeps_types or not self._is_in_function or node.value is None:
            return found  # In a class it may be a field.
        return ast.Assign([node.target], node.value)

    def visit_Import(self, node: ast.Import) -> None:
        del node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        del node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_passed = all(id(each) in self._passed for each in node.body)
        return None if is_passed and not node.orelse else self.generic_visit(node)
