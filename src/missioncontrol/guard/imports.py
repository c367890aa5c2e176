"""What a file imports and re-exports: Python by syntax tree, JavaScript by its statements."""

import ast
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple

import msgspec

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
EVERY_NAME = "*"
_EXPORT = re.compile(
    r"""(?:^|[;\s])export\s+(?:type\s+)?(?:\*(?:\s+as\s+(?P<whole>[\w$]+))?|\{(?P<names>[^}]*)\})"""
    r"""\s*from\s*['"](?P<module>\.[^'"\n]{0,300})['"]"""
)
_STATEMENT = re.compile(
    r"""(?:^|[;\s])(?:import|export)\s+(?:type\s+)?(?P<what>[^;'"]*?)\s*from\s*['"](?P<module>[^'"\n]+)['"]"""
)
_WORD = re.compile(r"[\w$]+")


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


class Reexport(msgspec.Struct, frozen=True):
    """A name that a file re-exports."""

    source: Import  # what it comes from
    name: str  # in the source; `ALL` for all of its names
    called: str  # by what it is imported here; `ALL` where names stay


def reexports_of(path: str, text: str) -> list[Reexport]:
    """Return the names that a file re-exports from others of its repository."""
    if path.endswith((".py", ".pyi")):
        return list(_reexports_of_python(path, text))
    return list(_reexports_of_script(path, text)) if path.endswith(SCRIPTS) else []


def reexported_from(path: str, reexports: list[Reexport]) -> dict[str, str]:
    """Return the re-exported names of the file at `path`, by their new names."""
    return {each.called: each.name for each in reexports if is_import_of(path, each.source)}


def _is_of(giver: str, each: Import) -> bool:
    """Whether an import is of a file; a package at the top is known by its name alone."""
    name = giver.removeprefix("src/").removesuffix("/__init__.py")
    return is_import_of(giver, each) or (not each.is_own and each.module == name)


def dropped_reexports(path: str, before: str, after: str) -> list[str]:
    """Return the public names that a file of Python no longer re-exports."""
    was = {each.called for each in reexports_of(path, before)} - {EVERY_NAME}
    if not was:
        return []
    now = _read(path, after)
    if now is None or any(name.endswith("/*") for name in now.members):
        return []
    return sorted(name for name in was if not name.startswith("_") and name not in now.members)


def imports_any(path: str, text: str, giver: str, names: Mapping[str, str]) -> bool:
    """Whether a file imports, to be run, any of some names from the file that re-exports them."""
    for each in imports_of(path, text):
        if each.is_for_types or not _is_of(giver, each):
            continue
        is_python = path.endswith((".py", ".pyi"))
        imported = set(each.names) if is_python else _imported_names(path, text, each)
        if EVERY_NAME in names or EVERY_NAME in imported or imported & names.keys():
            return True
    return False


def _reexports_of_python(path: str, text: str) -> Iterator[Reexport]:
    is_package = path.endswith(("/__init__.py", "/__init__.pyi"))
    if not is_package and "__all__" not in text:
        return
    module = _read(path, text)
    if module is None:
        return
    listed = {each for each in module.exports or () if isinstance(each, str)}
    folders = path.split("/")[:-1]
    for name, member in module.members.items():
        target = str(getattr(member, "target_path", "")) if member.is_alias else ""
        if target.partition(".")[0] not in folders:
            continue  # Another package: its names are no promise of this one.
        if name.endswith("/*"):
            yield Reexport(Import(target, 0, False), EVERY_NAME, EVERY_NAME)
        elif "." in target and (
            name in listed if listed else is_package and _is_inside(target, folders)
        ):
            source, _, original = target.rpartition(".")
            yield Reexport(Import(source, 0, False, (original,)), original, name)


def _is_inside(target: str, folders: Sequence[str]) -> bool:
    """Whether a name comes out of the package itself: what comes from above it, it uses."""
    names = (".".join(folders[depth:]) for depth in range(len(folders)))
    return any(target.startswith(f"{name}.") for name in names)


def _read(path: str, text: str) -> Any:
    """Return a module as griffe has it, at its place in the repository; None without syntax."""
    import griffe

    stem = path.removesuffix("i").removesuffix(".py")
    parts = stem.removesuffix("/__init__").split("/")
    parent = None
    for depth, part in enumerate(parts[:-1], start=1):
        file = Path(*parts[:depth], "__init__.py")
        parent = griffe.Module(part, filepath=file, parent=parent)
    try:
        return griffe.visit(parts[-1], filepath=Path(path), code=text, parent=parent)
    except (SyntaxError, ValueError, RecursionError, griffe.GriffeError):
        return None


def _reexports_of_script(path: str, text: str) -> Iterator[Reexport]:
    for found in _EXPORT.finditer(text):
        line = text.count("\n", 0, found.start("module")) + 1
        source = Import(normpath(join(dirname(path), found["module"])), line, True)
        if found["names"] is None:
            yield Reexport(source, EVERY_NAME, found["whole"] or EVERY_NAME)
        for name, called in _pairs(found["names"] or ""):
            yield Reexport(source, name, called)


def _pairs(names: str) -> Iterator[tuple[str, str]]:
    """Yield the names in braces, each with what it is called there: `a, b as c`."""
    for part in names.split(","):
        words = [word for word in _WORD.findall(part) if word not in ("type", "as")]
        if words:
            yield words[0], words[-1]


def _imported_names(path: str, text: str, wanted: Import) -> set[str]:
    """Return the names that statements import from a module; `ALL` for the module as a whole."""
    found: set[str] = set()
    for each in _STATEMENT.finditer(text):
        module = each["module"]
        own = normpath(join(dirname(path), module)) if module.startswith(".") else module
        if own != wanted.module:
            continue
        what, _, braces = each["what"].partition("{")
        found.update(name for name, _ in _pairs(braces.partition("}")[0]))
        if EVERY_NAME in what:
            found.add(EVERY_NAME)
        elif _WORD.search(what.replace("type", "")):
            found.add("default")
    return found or {EVERY_NAME}  # `require` and `import()` return the whole module.
