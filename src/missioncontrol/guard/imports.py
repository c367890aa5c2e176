"""What a file imports: Python by its syntax tree, JavaScript and TypeScript by their statements."""

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from typing import NamedTuple

SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
ALIASES = ("@/", "~", "#", "/")
"""Prefixes with which builders permit paths from the top of a project."""

_SCRIPT = re.compile(
    r"""(?:^|[;\s])(?:import|export)\s[^;'"]*?from\s*['"]([^'"\n]{1,300})['"]"""
    r"""|(?:^|[;\s])import\s*['"]([^'"\n]{1,300})['"]"""
    r"""|\b(?:require|import)\(\s*['"]([^'"\n]{1,300})['"]\s*\)"""
)
_NODE = (
    "assert async_hooks buffer child_process cluster console crypto dgram dns events fs http http2 "
    "https inspector module net os path perf_hooks process punycode querystring readline repl "
    "stream string_decoder timers tls tty url util v8 vm wasi worker_threads zlib"
)
_BUILT_IN = frozenset(_NODE.split())


class Import(NamedTuple):
    """A module that is imported, and where."""

    module: str  # `a.b.c`, or `pkg/part`; one of the repository by its path without ending
    line: int  # from 1
    is_own: bool  # relative to the file
    names: tuple[str, ...] = ()  # the imported names; each may be a module in it
    is_for_types: bool = False  # it is read by type checkers, and never runs


def is_code(path: str) -> bool:
    """Tell whether imports of such a file can be read."""
    return path.endswith((".py", ".pyi", *SCRIPTS))


def imports_of(path: str, text: str) -> list[Import]:
    """Return what `text` imports, in its order; nothing where it can't be read."""
    if path.endswith((".py", ".pyi")):
        tree = parsed(text)
        return list(_of_python(path, tree)) if tree else []
    return list(_of_script(path, text)) if path.endswith(SCRIPTS) else []


def package_of(module: str) -> str:
    """Return what would be installed: `yaml` of `yaml.nodes`, `@a/b` of `@a/b/c`."""
    if "/" in module or module.startswith("@"):
        return "/".join(module.split("/")[: 2 if module.startswith("@") else 1])
    return module.partition(".")[0]


def is_built_in(path: str, module: str) -> bool:
    """Tell whether `module` comes with the language of `path`."""
    if path.endswith((".py", ".pyi")):
        return package_of(module) in sys.stdlib_module_names
    return module.startswith("node:") or package_of(module) in _BUILT_IN


def is_import_of(path: str, each: Import) -> bool:
    """Tell whether `each` imports the file at `path`, as far as its name says."""
    target = f"/{_stem(path)}"
    module = each.module if each.is_own or "/" in each.module else each.module.replace(".", "/")
    names = [_stem(module), *(f"{module}/{name}" for name in each.names)]
    if each.is_own and not module.startswith(ALIASES):
        return any(target == f"/{one}" for one in names)
    return any("/" in one and target.endswith(f"/{one.lstrip('@~#/')}") for one in names)


def _stem(path: str) -> str:
    """Return how a file is imported: without its ending, a package by its directory."""
    for ending in (".pyi", ".py", *SCRIPTS):
        path = path.removesuffix(ending)
    return path.removesuffix("/__init__").removesuffix("/index")


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree of a Python file; None where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What a file warns of is its own matter.
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c`, `a.b.c(...)` and `a.b.c[...]`; "" for what has no name."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def for_types(tree: ast.Module) -> set[int]:
    """Return the nodes, by their id, that stand under `if TYPE_CHECKING:`."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING"
        for each in node.body
        for inner in ast.walk(each)
    }


def _of_python(path: str, tree: ast.Module) -> Iterator[Import]:
    typed = for_types(tree)
    for node in ast.walk(tree):
        is_typed = id(node) in typed
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(name.name, node.lineno, False, is_for_types=is_typed)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(each.name for each in node.names)
            if not node.level:
                yield Import(node.module or "", node.lineno, False, names, is_typed)
                continue
            folder = dirname(path)
            for _ in range(node.level - 1):
                folder = dirname(folder)
            inner = (node.module or "").replace(".", "/")
            yield Import(f"{folder}/{inner}".strip("/"), node.lineno, True, names, is_typed)


def _of_script(path: str, text: str) -> Iterator[Import]:
    for found in _SCRIPT.finditer(text):
        module = found[1] or found[2] or found[3]
        line = text.count("\n", 0, found.start(found.lastindex or 0)) + 1
        if module.startswith(ALIASES):
            yield Import(module, line, True)
        elif module.startswith("."):
            yield Import(normpath(join(dirname(path), module)), line, True)
        else:
            yield Import(module, line, False)
