"""Finds where programs start: what manifests name, and what the code itself marks as a start."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.manifests import EntryPoint, Stack
from missioncontrol.specialists.manifests.stack import is_aside

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

MARKS = {
    "Python": re.compile(r"""^if\s+__name__\s*==\s*["']__main__["']\s*:""", re.MULTILINE),
    "Go": re.compile(r"^func main\(\)", re.MULTILINE),
    "Java": re.compile(r"public\s+static\s+void\s+main\s*\("),
    "C#": re.compile(r"static\s+(?:async\s+)?(?:void|int|Task(?:<int>)?)\s+Main\s*\("),
    "Kotlin": re.compile(r"^fun main\(", re.MULTILINE),
    "C": re.compile(r"^(?:int|void)\s+main\s*\(", re.MULTILINE),
    "C++": re.compile(r"^(?:int|void)\s+main\s*\(", re.MULTILINE),
    "Rust": re.compile(r"^(?:pub\s+)?(?:async\s+)?fn main\(\)", re.MULTILINE),
}
SERVED = re.compile(r"^(?:application|app)\s*=", re.MULTILINE)
STARTS_MAX = 100


def entry_points(tree: "Tree", stack: Stack) -> list[EntryPoint]:
    """Return the project's own entry points, those of manifests first, then those in the code."""
    named = [
        item for item in stack.entry_points if item.kind != "script" and not is_aside(item.manifest)
    ]
    found = [*named, *_default_main(tree, stack)]
    for file in tree.files:
        if file.kind == "code" and not is_aside(file.path):
            found += _in_code(tree, file)
    return found[:STARTS_MAX]


def missing_targets(tree: "Tree", stack: Stack) -> Iterator[EntryPoint]:
    """Yield the commands whose Python module the repository should hold but does not."""
    modules = _python_modules(tree)
    packages = {name.partition(".")[0] for name in modules}
    for item in stack.entry_points:
        module = item.target.partition(":")[0].strip()
        if not item.manifest.endswith((".toml", ".py", ".cfg")) or item.kind != "command":
            continue
        if module.partition(".")[0] in packages and module not in modules:
            yield item


def _python_modules(tree: "Tree") -> set[str]:
    modules: set[str] = set()
    for file in tree.files:
        if file.language in ("Python", "Cython") and file.kind != "test":
            parts = list(PurePosixPath(file.path).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            # Which directory is the root of imports is not written down everywhere; any will do.
            modules.update(".".join(parts[start:]) for start in range(len(parts)))
    return modules


def _default_main(tree: "Tree", stack: Stack) -> Iterator[EntryPoint]:
    stated = {item.manifest for item in stack.entry_points if item.kind == "main"}
    for package in stack.packages:
        if package.ecosystem == "javascript" and package.manifest not in stated:
            path = str(PurePosixPath(package.manifest).parent / "index.js")
            if tree.file(path):
                yield EntryPoint("main", path, "main", package.manifest)


def _in_code(tree: "Tree", file: "SourceFile") -> Iterator[EntryPoint]:
    name = PurePosixPath(file.path).name
    if name == "__main__.py":
        yield EntryPoint(name, file.path, "module", file.path, 1)
        return
    mark = SERVED if name in {"wsgi.py", "asgi.py"} else MARKS.get(file.language)
    match = mark.search(tree.text(file.path) or "") if mark else None
    if match:
        text = tree.text(file.path) or ""
        line = text.count("\n", 0, match.start()) + 1
        yield EntryPoint(name, file.path, "main", file.path, line)
