"""The import graph of JavaScript and TypeScript files, from their import and require statements."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.architect.graph import Graph, Import, Module, ModuleKind, When

ENDINGS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte")
OBTAINED = (
    "JavaScript and TypeScript: relative import, export-from, require() and import() with a "
    "literal path, found by pattern outside comments; path aliases are not resolved"
)

# A comment or a string, whichever starts first: so that `//` inside a string is no comment.
_COMMENT_OR_STRING = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    r"""|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)
_STATEMENT = re.compile(
    r"""(?:(?P<typing>\b(?:import|export)\s+type\b[^;'"`]*?\bfrom\s*)"""
    r"""|(?P<load>\b(?:import|export)\b[^;'"`()]*?\bfrom\s*|\bimport\s*|\brequire\s*\(\s*)"""
    r"""|(?P<deferred>\bimport\s*\(\s*))(?P<quote>['"`])(?P<path>\.{1,2}(?:/[^'"`$\n]*)?)(?P=quote)"""
)


class ScriptFile(msgspec.Struct, frozen=True):
    """One JavaScript or TypeScript file."""

    path: str
    text: str
    language: str
    kind: ModuleKind
    lines: int


def javascript_graph(files: Mapping[str, ScriptFile]) -> Graph:
    """Return the graph of relative imports; a package's name refers to nothing in here."""
    if not files:
        return Graph()
    modules = tuple(
        Module(path, _name(path), file.language, file.lines, file.kind)
        for path, file in sorted(files.items())
    )
    imports = tuple(
        sorted(each for file in files.values() for each in _imports(file, files.keys()))
    )
    return Graph(modules, imports, (OBTAINED,))


def _name(path: str) -> str:
    stem = str(PurePosixPath(path).with_suffix(""))
    return stem.removesuffix("/index")


def _imports(file: ScriptFile, known: Collection[str]) -> Iterator[Import]:
    bare = without_comments(file.text)
    lines = file.text.splitlines()
    for match in _STATEMENT.finditer(bare):
        target = _resolved(file.path.rpartition("/")[0], match["path"], known)
        if target:
            line = bare.count("\n", 0, match.start("path")) + 1
            text = lines[line - 1].strip() if line <= len(lines) else ""
            yield Import(file.path, target, file.path, line, text, _when(match))


def _when(match: re.Match[str]) -> When:
    if match["typing"]:
        return "typing"
    return "deferred" if match["deferred"] else "load"


def without_comments(text: str) -> str:
    """Blank out comments, keeping every line where it is."""

    def blank(match: re.Match[str]) -> str:
        comment = match["comment"]
        return match[0] if comment is None else "\n" * comment.count("\n")

    return _COMMENT_OR_STRING.sub(blank, text)


def _resolved(directory: str, wanted: str, known: Collection[str]) -> str:
    stem = _joined(directory, wanted)
    if stem is None:
        return ""
    for candidate in _candidates(stem):
        if candidate in known:
            return candidate
    return ""


def _candidates(stem: str) -> Iterator[str]:
    yield stem
    for ending in ENDINGS:
        yield f"{stem}{ending}"
    for compiled, written in ((".js", ".ts"), (".js", ".tsx"), (".mjs", ".mts"), (".jsx", ".tsx")):
        if stem.endswith(compiled):  # TypeScript names the file that will exist once compiled.
            yield stem.removesuffix(compiled) + written
    for ending in ENDINGS:
        yield f"{stem}/index{ending}".lstrip("/")


def _joined(directory: str, wanted: str) -> str | None:
    parts = directory.split("/") if directory else []
    for part in wanted.split("/"):
        if part == "..":
            if not parts:
                return None  # It points out of the repository.
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
