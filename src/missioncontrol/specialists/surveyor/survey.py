"""Measures a tree, finds where its programs start, and compares it with its manifests."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.kinds import KINDS
from missioncontrol.specialists.manifests import EntryPoint, Stack
from missioncontrol.specialists.manifests.stack import is_aside
from missioncontrol.specialists.path_list import LeftOut, Submodule
from missioncontrol.specialists.surveyor.licences import Licences, read_licences

if TYPE_CHECKING:
    from missioncontrol.domain.plan import Plan
    from missioncontrol.specialists.tree import SourceFile, Tree

START_MARKS = {
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
LARGEST_MAX = 10
RELEVANT_MAX = 10


class Size(msgspec.Struct, frozen=True):
    """How much of one thing there is."""

    name: str
    files: int
    lines: int
    bytes: int


class LanguageSize(msgspec.Struct, frozen=True):
    """How much code there is in one language; tests counted apart."""

    language: str
    files: int
    lines: int
    test_files: int
    test_lines: int


class DirectorySize(msgspec.Struct, frozen=True):
    """What a directory below the top holds."""

    path: str
    files: int
    lines: int
    kinds: dict[str, int]  # lines of each kind


class LargeFile(msgspec.Struct, frozen=True):
    """A code file that is longer than most."""

    path: str
    lines: int
    language: str


class Place(msgspec.Struct, frozen=True):
    """A file that the goal seems to be about."""

    path: str
    language: str
    kind: str
    lines: int
    reasons: tuple[str, ...]


class Survey(msgspec.Struct, frozen=True):
    """Everything the surveyor knows."""

    commit: str
    listed: str  # how the files were found
    total: Size
    kinds: tuple[Size, ...]
    code_lines: int  # without tests
    test_lines: int
    languages: tuple[LanguageSize, ...]
    directories: tuple[DirectorySize, ...]
    largest: tuple[LargeFile, ...]
    entry_points: tuple[EntryPoint, ...]
    licences: Licences
    stack: Stack
    goal: str
    places: tuple[Place, ...]
    submodules: tuple[Submodule, ...]
    left_out: tuple[LeftOut, ...]
    left_out_count: int
    user_dependencies: int  # that everybody who installs it gets
    licence: str  # SPDX id, or "" where none was recognised
    test_command: str  # the most direct one, or "" where none was found


def survey_of(tree: "Tree", stack: Stack, goal: str, places: Iterable[Place]) -> Survey:
    """Return the survey of `tree`."""
    licences = read_licences(tree, stack.packages)
    return Survey(
        tree.commit,
        tree.obtained,
        _size("all", tree.files),
        tuple(_by_kind(tree.files)),
        sum(file.lines for file in tree.files if file.kind == "code"),
        sum(file.lines for file in tree.files if file.kind == "test"),
        tuple(_by_language(tree.files)),
        tuple(_by_directory(tree.files)),
        tuple(_largest(tree.files)),
        tuple(entry_points(tree, stack)),
        licences,
        stack,
        goal,
        tuple(places),
        tree.submodules,
        tree.left_out,
        tree.left_out_count,
        len(stack.own_needs("user")),
        licences.name,
        " ".join(stack.test_commands[0].argv) if stack.test_commands else "",
    )


def places_for(goal: str, plan: "Plan | None", tree: "Tree") -> list[Place]:
    """Return the files that `goal` seems to be about, with the reasons."""
    from missioncontrol.specialists.indexing import index_of
    from missioncontrol.specialists.relevance import relevant_files

    found = []
    for item in relevant_files(goal, plan, lambda: index_of(tree), limit=RELEVANT_MAX):
        file = tree.file(item.path)
        if file:
            found.append(
                Place(file.path, file.language, file.kind, file.lines, tuple(item.reasons))
            )
    return found


def _size(name: str, files: "Iterable[SourceFile]") -> Size:
    listed = list(files)
    lines = sum(file.lines for file in listed)
    return Size(name, len(listed), lines, sum(file.size for file in listed))


def _by_kind(files: "Iterable[SourceFile]") -> list[Size]:
    groups: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        groups[file.kind].append(file)
    return [_size(kind, groups[kind]) for kind in KINDS if kind in groups]


def _by_language(files: "Iterable[SourceFile]") -> list[LanguageSize]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for file in files:
        if file.kind in ("code", "test"):
            row = counts[file.language]
            shift = 2 if file.kind == "test" else 0
            row[shift] += 1
            row[shift + 1] += file.lines
    found = [LanguageSize(language, *row) for language, row in counts.items()]
    return sorted(found, key=lambda item: (-item.lines - item.test_lines, item.language))


def _by_directory(files: "Iterable[SourceFile]") -> list[DirectorySize]:
    groups: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        groups[_area(file.path)].append(file)
    found = []
    for path, listed in groups.items():
        kinds: dict[str, int] = defaultdict(int)
        for file in listed:
            kinds[file.kind] += file.lines
        lines = sum(kinds.values())
        found.append(DirectorySize(path, len(listed), lines, dict(sorted(kinds.items()))))
    return sorted(found, key=lambda item: (-item.lines, item.path))


def _area(path: str) -> str:
    """Return the directory to count `path` under; below `src` and the like, one level deeper."""
    parts = path.split("/")[:-1]
    if not parts:
        return "."
    depth = 2 if parts[0] in {"src", "lib", "packages", "apps", "crates", "cmd", "pkg"} else 1
    return "/".join(parts[:depth])


def _largest(files: "Iterable[SourceFile]") -> list[LargeFile]:
    code = [file for file in files if file.kind == "code"]
    code.sort(key=lambda file: (-file.lines, file.path))
    return [LargeFile(file.path, file.lines, file.language) for file in code[:LARGEST_MAX]]


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
    mark = SERVED if name in {"wsgi.py", "asgi.py"} else START_MARKS.get(file.language)
    match = mark.search(tree.text(file.path) or "") if mark else None
    if match:
        text = tree.text(file.path) or ""
        line = text.count("\n", 0, match.start()) + 1
        yield EntryPoint(name, file.path, "main", file.path, line)
