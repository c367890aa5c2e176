"""Measures a tree and puts it beside what its manifests say: the data behind the survey."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.kinds import KINDS
from missioncontrol.specialists.manifests import EntryPoint, Stack
from missioncontrol.specialists.path_list import LeftOut, Submodule
from missioncontrol.specialists.surveyor.licences import Licences, read_licences
from missioncontrol.specialists.surveyor.starts import entry_points

if TYPE_CHECKING:
    from missioncontrol.domain.plan import Plan
    from missioncontrol.specialists.tree import SourceFile, Tree

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
