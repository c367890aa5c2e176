"""The import statements of one Python file, with the time at which each takes effect."""

import ast
import re
import warnings
from collections.abc import Iterator

import msgspec

from missioncontrol.specialists.architect.graph import When

TEXT_MAX = 120
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""Where statements hold others."""
_NESTED = re.compile(
    r"^[ \t\f]+(?:import[ \t]+[\w.]+[ \t]*(?:$|[,;#\\]|as\b)|import[ \t]*\\"
    r"|from\b[^\n]*(?:\bimport\b|\\$))|[;:][ \t]*(?:import|from)\b",
    re.MULTILINE,
)
"""What may be an import below another statement; it may stand in a text as well."""
_TOP = re.compile(
    r"^(?:import|from)\b(?:[^\n(\\]*\([^)]*\))?[^\n\\]*(?:\\\n[^\n\\]*)*", re.MULTILINE
)
"""What may be an import at the top of a file, with the lines that continue it."""
_LONG_QUOTES = ('"""', "'''")


class Statement(msgspec.Struct, frozen=True):
    """`import module` or `from module import names`, as written."""

    line: int
    text: str
    when: When
    level: int  # dots in front of the module
    module: str
    names: tuple[str, ...]  # empty for `import module`


def statements(source: str) -> list[Statement]:
    """Return all import statements in order of their lines.

    Raises:
        SyntaxError, ValueError, RecursionError: this Python cannot parse `source`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A stray escape in their code is no concern of ours.
        tree = ast.parse(source)
    lines = source.splitlines()
    found = list(_walk(tree, lines))
    return sorted(found, key=lambda each: (each.line, each.module))


def top_statements(source: str) -> list[Statement] | None:
    """Return the import statements of a file that has them at its top only, without parsing it all.

    None where others may stand further in, or where it is not plain what is one. Whether the rest
    of `source` could be parsed is not reported.
    """
    if _NESTED.search(source):
        return None
    pieces: list[str] = []
    end = 0
    for match in _TOP.finditer(source):
        if any(source.count(quotes, 0, match.start()) % 2 for quotes in _LONG_QUOTES):
            return None  # It stands in a text.
        pieces += ["\n" * source.count("\n", end, match.start()), match.group()]
        end = match.end()
    try:
        return statements("".join(pieces))
    except (SyntaxError, ValueError):
        return None


def _walk(tree: ast.Module, lines: list[str]) -> Iterator[Statement]:
    todo: list[tuple[ast.AST, When]] = [(tree, "load")]
    while todo:
        node, when = todo.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _read(node, when, lines)
        else:
            todo.extend((child, _when(node, child, when)) for child in _statements_in(node))


def _statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements right below a node; no expression holds an import."""
    for field in _BLOCKS:
        yield from getattr(node, field, ())


def _when(node: ast.AST, child: ast.AST, when: When) -> When:
    """Return the time at which `child` of `node` takes effect."""
    if when == "load" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return "deferred"
    if isinstance(node, ast.If) and child in node.body:
        if _is_for_type_checkers(node.test):
            return "typing"
        if when == "load" and _is_for_scripts(node.test):
            return "deferred"
    return when


def _is_for_type_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _is_for_scripts(test: ast.expr) -> bool:
    """Whether `test` compares `__name__`: what follows happens only when run as a script."""
    return isinstance(test, ast.Compare) and getattr(test.left, "id", "") == "__name__"


def _read(node: ast.Import | ast.ImportFrom, when: When, lines: list[str]) -> Iterator[Statement]:
    text = " ".join(" ".join(lines[node.lineno - 1 : node.end_lineno]).split())
    text = text.replace("( ", "(").replace(", )", ")").replace(" )", ")")
    text = text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
    if isinstance(node, ast.ImportFrom):
        names = tuple(alias.name for alias in node.names)
        yield Statement(node.lineno, text, when, node.level, node.module or "", names)
        return
    for alias in node.names:
        yield Statement(node.lineno, text, when, 0, alias.name, ())
