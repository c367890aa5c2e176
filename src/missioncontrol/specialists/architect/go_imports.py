"""The package graph of Go code: one module a directory, from import lines below go.mod's path."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.architect.graph import Graph, Import, Module, ModuleKind

OBTAINED = "Go: import declarations found by pattern, resolved against the module path in go.mod"
_BLOCK = re.compile(r"^import\s*\((?P<body>.*?)^\)", re.MULTILINE | re.DOTALL)
_SINGLE = re.compile(r'^import\s+(?:[\w.]+\s+)?"(?P<path>[^"\n]+)"', re.MULTILINE)
_LINE = re.compile(r'^\s*(?:[\w.]+\s+)?"(?P<path>[^"\n]+)"', re.MULTILINE)
_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)


class GoFile(msgspec.Struct, frozen=True):
    """One Go file."""

    path: str
    text: str
    kind: ModuleKind
    lines: int

    @property
    def directory(self) -> str:
        """The directory, which is what Go calls a package."""
        return str(PurePosixPath(self.path).parent)


def go_graph(files: Mapping[str, GoFile], manifests: Mapping[str, str]) -> Graph:
    """Return the graph; `manifests` maps each path of a go.mod to its text."""
    if not files:
        return Graph()
    roots = _roots(manifests)
    directories: dict[str, list[GoFile]] = {}
    for _, file in sorted(files.items()):
        if not file.path.endswith("_test.go"):
            directories.setdefault(file.directory, []).append(file)
    modules = tuple(_module(name, inside, roots) for name, inside in sorted(directories.items()))
    imports = tuple(
        each
        for inside in directories.values()
        for file in inside
        for each in _imports(file, roots, directories)
    )
    obtained = OBTAINED if roots else f"{OBTAINED}; no go.mod found, so no import could be resolved"
    return Graph(modules, imports, (obtained,))


def _roots(manifests: Mapping[str, str]) -> dict[str, str]:
    """Map each Go module's path to its directory."""
    found = {}
    for path, text in sorted(manifests.items()):
        match = _MODULE.search(text)
        if match:
            found[match[1]] = str(PurePosixPath(path).parent)
    return found


def _module(directory: str, inside: list[GoFile], roots: Mapping[str, str]) -> Module:
    name = directory
    if directory == ".":
        name = next((path for path, root in roots.items() if root == "."), ".")
    kind: ModuleKind = "source" if any(file.kind == "source" for file in inside) else "other"
    return Module(directory, name, "Go", sum(file.lines for file in inside), kind)


def _imports(
    file: GoFile, roots: Mapping[str, str], directories: Mapping[str, list[GoFile]]
) -> Iterator[Import]:
    for line, wanted in _statements(file.text):
        target = _directory(wanted, roots)
        if target in directories:
            yield Import(file.directory, target, file.path, line, f'import "{wanted}"', "load")


def _statements(text: str) -> Iterator[tuple[int, str]]:
    for match in _SINGLE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match["path"]
    for block in _BLOCK.finditer(text):
        for match in _LINE.finditer(block["body"]):
            place = block.start("body") + match.start("path")
            yield text.count("\n", 0, place) + 1, match["path"]


def _directory(wanted: str, roots: Mapping[str, str]) -> str:
    for path, root in roots.items():
        if wanted == path:
            return root
        if wanted.startswith(f"{path}/"):
            return str(PurePosixPath(root) / wanted.removeprefix(f"{path}/"))
    return ""
