"""Finds the ways in for who uses the product: commands, routes, and the names a package offers."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.manifests import EntryPoint
from missioncontrol.specialists.manifests.stack import is_aside
from missioncontrol.specialists.surveyor.blueprint.shapes import Entry

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

ROUTES_MAX, NAMES_MAX = 200, 200
FILE_BYTES_MAX = 600_000
BESIDE = ("setup", "conftest", "noxfile", "tasks", "manage", "fabfile", "docs", "tests", "test")
VERBS = frozenset({"route", "get", "post", "put", "patch", "delete", "websocket"})
TABLED = frozenset({"path", "re_path", "Route", "WebSocketRoute", "Mount", "add_url_rule"})
_MAY_ROUTE = re.compile(rf"(?m)^[ \t]*@|\b(?:{'|'.join(sorted(TABLED))})\s*\(")
_SCRIPTED = re.compile(
    r"""\b(?:app|router|server)\.(get|post|put|patch|delete)\(\s*["'`](/[^"'`\n]*)["'`]"""
)


def entries(tree: "Tree", starts: Iterable[EntryPoint]) -> Iterator[Entry]:
    """Yield what manifests name first, then routes, then what packages offer to importers."""
    modules = _modules(tree)
    for item in starts:
        home = modules.get(item.target.partition(":")[0].strip(), "")
        home = home or (item.target if tree.file(item.target) else "")
        if item.kind in ("command", "container", "plugin"):
            yield Entry(item.name, item.kind, item.target, item.manifest, item.line, home)
        elif item.kind == "module" and (package := _package(item.target)):
            name = f"python -m {package}"
            yield Entry(name, "command", item.target, item.manifest, item.line, home)
    count = 0
    for file in tree.files:
        if file.kind == "code" and not is_aside(file.path) and file.size <= FILE_BYTES_MAX:
            for route in _routes(file, tree.text(file.path) or ""):
                count += 1
                if count > ROUTES_MAX:
                    return
                yield route
    yield from _offered(tree, modules)


def _package(target: str) -> str:
    """Return what `python -m` takes for the file of a `__main__`."""
    parts = list(PurePosixPath(target).parts)
    if parts[-1:] != ["__main__.py"]:
        return ""
    return ".".join(parts[1:-1] if parts[0] in ("src", "lib") else parts[:-1])


def _modules(tree: "Tree") -> dict[str, str]:
    """Map the names of Python modules to their files, by every root that imports could have."""
    found: dict[str, str] = {}
    for file in tree.files:
        if file.language != "Python" or file.kind == "test" or is_aside(file.path):
            continue
        parts = list(PurePosixPath(file.path).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        start = 1 if parts[:1] in (["src"], ["lib"]) else 0
        found.setdefault(".".join(parts[start:]), file.path)
    return found


def _routes(file: "SourceFile", text: str) -> Iterator[Entry]:
    if file.language == "Python":
        spoken = "route" in text.lower() or "@" in text or "path(" in text
        if spoken and _MAY_ROUTE.search(text):  # Parsing costs far more than looking.
            yield from _python_routes(file.path, text)
    elif file.language in ("JavaScript", "TypeScript"):
        for match in _SCRIPTED.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = f"{match[1].upper()} {match[2]}"
            yield Entry(name, "route", file.path, file.path, line, file.path)


def _python_routes(path: str, text: str) -> Iterator[Entry]:
    """Yield routes by what the program does; examples in its strings are none."""
    tree = _parsed(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for each in node.decorator_list:
                verb = _called(each)
                where = _first_text(each)
                if verb in VERBS and where.startswith("/"):
                    spoken = "" if verb in ("route", "websocket") else f"{verb.upper()} "
                    yield Entry(spoken + where, "route", node.name, path, each.lineno, path)
        elif isinstance(node, ast.Call) and _called(node) in TABLED and len(node.args) > 1:
            where = _first_text(node)
            if where.startswith("/") or "urlpatterns" in text:
                target = ast.unparse(node.args[1])[:120]
                name = f"/{where.lstrip('/^')}"
                yield Entry(name, "route", target, path, node.lineno, path)


def _called(node: ast.expr) -> str:
    """Return the last name of what is called; "" where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _first_text(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        value = node.args[0].value
        return value if isinstance(value, str) else ""
    return ""


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _offered(tree: "Tree", modules: dict[str, str]) -> Iterator[Entry]:
    """Yield the names that the top-level packages import for their users."""
    count = 0
    for name, path in modules.items():
        if "." in name or name in ("", *BESIDE):
            continue
        offered = list(_imported(tree.text(path) or "", name)) if "/__init__.py" in path else []
        for word, module, line in offered[: NAMES_MAX - count]:
            count += 1
            home = modules.get(module, path)
            yield Entry(f"{name}.{word}", "import", f"{module}.{word}", path, line, home)
        if not offered and (path.endswith("/__init__.py") or path.count("/") < 2):
            yield Entry(name, "import", name, path, 1, path)


def _imported(text: str, package: str) -> Sequence[tuple[str, str, int]]:
    tree = _parsed(text)
    found = []
    for node in tree.body if tree else ():
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        if node.level == 1:
            module = f"{package}.{module}" if module else package
        elif node.level or module.partition(".")[0] != package:
            continue
        for alias in node.names:
            name = alias.asname or alias.name
            if name != "*" and not name.startswith("_"):
                home = f"{module}.{alias.name}" if not node.module else module
                found.append((name, home, node.lineno))
    return found
