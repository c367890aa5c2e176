"""Reads the code files of a repository and joins the graphs of its languages into one."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.architect.graph import Graph, Import, Module, ModuleKind, merged
from missioncontrol.specialists.architect.javascript_imports import ScriptFile, javascript_graph
from missioncontrol.specialists.architect.python_imports import PythonFile, python_graph
from missioncontrol.specialists.ranking.facts_cache import FactsCache

# The package graph of Go code: one module a directory, from import lines below go.mod's path.

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


if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

VERSION = 2
"""Counted up whenever the same files would give another graph."""
FILES_MAX = 40_000
"""Code files read for imports; the rest is named as left out."""
SCRIPTS = frozenset({"JavaScript", "TypeScript", "Vue", "Svelte"})
ASIDE = frozenset(
    {"benchmark", "benchmarks", "bench", "doc", "docs", "documentation", "example", "examples"}
    | {"sample", "samples", "demo", "demos", "scripts", "tools", "tutorial", "tutorials"}
)
"""Directories at the top whose code stands beside the product."""
NO_MODULES = frozenset(
    {"HTML", "CSS", "Sass", "Less", "SQL", "Shell", "Windows Batch", "PowerShell", "GraphQL"}
    | {"Jinja", "Mako", "XSLT", "Protocol Buffers", "Jupyter Notebook"}
)
"""Languages of files that other files do not import the way modules are."""


def read_graph(
    tree: "Tree",
    root: Path,
    *,
    tick: Callable[[int, int], None],
    is_late: Callable[[], bool],
    cache: FactsCache | None = None,
) -> Graph:
    """Return the import graph of everything in `tree`.

    `tick` hears how many of how many files are read; once `is_late`, the rest is left out. With
    `cache`, the same files are parsed once for all callers.
    """
    code = [file for file in tree.files if file.kind in {"code", "test"}]
    read: list[tuple[SourceFile, str]] = []
    unread: list[str] = []
    for number, file in enumerate(code[:FILES_MAX]):
        if number % 200 == 0:
            tick(number, len(code))
            if is_late():
                break
        text = tree.text(file.path)
        if text is None:
            unread.append(f"{file.path} is too large to be read for imports")
        else:
            read.append((file, text))
    key = _key(tree, read) if cache else b""
    graph = cache.find_whole(key, Graph) if cache else None
    if graph is None:
        graph = merged(_graphs(tree, root, read))
        if cache:
            cache.keep_whole(key, graph)
    missing = len(code) - len(read) - len(unread)
    if missing:
        unread.append(
            f"{missing} of {len(code)} code files: the limit of files or time was reached"
        )
    left_out = (*graph.left_out, *unread)
    return Graph(graph.modules, graph.imports, graph.obtained, left_out, len(read))


def _key(tree: "Tree", read: Sequence[tuple["SourceFile", str]]) -> bytes:
    """Return what stands for everything that a graph is made of."""
    found = blake2b(b"graph %d" % VERSION, digest_size=16)
    modules = [f.path for f in tree.files if PurePosixPath(f.path).name == "go.mod"]
    texts = [(file.path, str(file.kind), file.language, text) for file, text in read]
    texts += [(path, "", "", tree.text(path) or "") for path in modules]
    for parts in texts:
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            found.update(b"%d:" % len(data) + data)
    return found.digest()


def _graphs(tree: "Tree", root: Path, read: Sequence[tuple["SourceFile", str]]) -> list[Graph]:
    python = [
        PythonFile(file.path, text, module_kind(file), file.lines)
        for file, text in read
        if file.language == "Python" and file.path.endswith(".py")
    ]
    scripts = {
        file.path: ScriptFile(file.path, text, file.language, module_kind(file), file.lines)
        for file, text in read
        if file.language in SCRIPTS
    }
    go = {
        file.path: GoFile(file.path, text, module_kind(file), file.lines)
        for file, text in read
        if file.language == "Go"
    }
    manifests = {
        file.path: tree.text(file.path) or ""
        for file in tree.files
        if PurePosixPath(file.path).name == "go.mod"
    }
    known = SCRIPTS | {"Python", "Go"} | NO_MODULES
    rest = [file for file, _ in read if file.language not in known]
    graphs = [javascript_graph(scripts), go_graph(go, manifests), directories(rest)]
    return [python_graph(root, python), *graphs] if python else graphs


def module_kind(file: "SourceFile") -> ModuleKind:
    """Say whether a file is the product, its tests, or stands beside it."""
    if file.kind == "test":
        return "test"
    parts = PurePosixPath(file.path).parts
    if parts[0] in ASIDE and len(parts) > 1:
        return "other"
    name = parts[-1]
    beside = name in {"setup.py", "noxfile.py", "tasks.py", "gulpfile.js", "Gruntfile.js"}
    return "other" if len(parts) == 1 and (beside or ".config." in name) else "source"


def directories(files: Sequence["SourceFile"]) -> Graph:
    """Return one module for each directory and language whose imports we cannot read."""
    sums: dict[tuple[str, str], tuple[int, set[ModuleKind]]] = {}
    for file in files:
        key = (str(PurePosixPath(file.path).parent), file.language)
        lines, kinds = sums.get(key, (0, set()))
        sums[key] = (lines + file.lines, kinds | {module_kind(file)})
    largest: dict[str, tuple[int, str]] = {}
    for (directory, language), (lines, _) in sorted(sums.items()):
        largest[directory] = max(largest.get(directory, (0, "")), (lines, language))
    modules = tuple(
        Module(directory, directory, language, lines, _kind(sums[directory, language][1]))
        for directory, (lines, language) in sorted(largest.items())
    )
    languages = sorted({file.language for file in files} - {""})
    words = f"{', '.join(languages)}: directories and their lines only; imports are not read"
    return Graph(modules, (), (words,) if modules else ())


def _kind(kinds: set[ModuleKind]) -> ModuleKind:
    for kind in ("source", "other", "test"):
        if kind in kinds:
            return kind
    return "other"


def placed_in(
    paths: Sequence[tuple[str, tuple[str, ...]]], graph: Graph
) -> Mapping[str, tuple[str, ...]]:
    """Map the modules that hold these files to the reasons given for the files, in that order."""
    known = {module.path for module in graph.modules}
    found: dict[str, tuple[str, ...]] = {}
    for path, reasons in paths:
        home = path if path in known else str(PurePosixPath(path).parent)
        if home in known:
            found.setdefault(home, reasons)
    return found
