"""Facts about the repository around a change that rules need."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.guard.globs import matches
from missioncontrol.guard.imports import (
    Import,
    imports_any,
    imports_of,
    is_built_in,
    is_code,
    is_import_of,
    package_of,
    reexported_from,
    reexports_of,
)
from missioncontrol.guard.rules import Rules
from missioncontrol.guard.surface import is_public
from missioncontrol.ports.changes import Change, FileChange

CANDIDATES_MAX = 400
"""Files that are read to see whether they import one of the change."""


class Facts(msgspec.Struct, frozen=True):
    """The facts about the repository."""

    known: frozenset[str] = frozenset()  # packages that something imported before
    own: frozenset[str] = frozenset()  # packages that are the repository's own code
    importers: Mapping[str, tuple[str, ...]] = {}  # path of the change to files that import it
    exported: Mapping[str, frozenset[str]] = {}  # to names of it that public files re-export


class Wanted(msgspec.Struct, frozen=True):
    """The facts that the rules need."""

    packages: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()  # paths


Fresh = Mapping[str, Sequence[Import]]
"""What a change imports that was not imported before, by path."""


def fresh_imports(change: Change) -> dict[str, list[Import]]:
    """Return the imports that a change brings in."""
    return {file.path: _fresh(file) for file in change.files if file.after and is_code(file.path)}


def wanted(change: Change, rules: Rules, fresh: Fresh) -> Wanted:
    """Return what the rules have to know for this change."""
    whens = [when for rule in rules.rules for when in rule.when]
    packages: dict[str, None] = {}
    if any(when.is_new_import for when in whens):
        for path, imports in fresh.items():
            packages.update((package_of(each.module), None) for each in outer(path, imports))
    code = [file.path for file in change.files if is_code(file.path)]
    if not any(when.imported_by for when in whens):
        is_crossing = any(when.crosses for when in whens)
        is_interface = any(when.changes_interface for when in whens)
        code = [
            path
            for path in code
            if (is_crossing and service_of(path, rules))
            or (is_interface and path.endswith(".py") and not is_public(path))
        ]
    return Wanted(tuple(packages), tuple(code))


def word_of(path: str) -> str:
    """Return the last part of the name by which a file is imported."""
    pure = PurePosixPath(path)
    return pure.parent.name if pure.stem in ("__init__", "index") else pure.stem


def known_in(lines: str, packages: Sequence[str]) -> frozenset[str]:
    """Return which of `packages` the lines import."""
    return frozenset(
        each for each in packages if re.search(rf"(?<![\w.@/-]){re.escape(each)}(?![\w-])", lines)
    )


def importers_in(paths: Sequence[str], texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return which of `texts` import each of `paths`."""
    imported = {path: imports_of(path, text) for path, text in texts.items()}
    return {
        path: tuple(
            other
            for other, all_ in imported.items()
            if other != path and any(is_import_of(path, each) for each in all_)
        )
        for path in paths
    }


def reexporters_in(path: str, texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return which of `texts` re-export names of the file at `path`, and which."""
    found = {
        other: reexported_from(path, reexports_of(other, text))
        for other, text in texts.items()
        if other != path
    }
    return {other: names for other, names in found.items() if names}


def indirect_importers_in(
    path: str, reexporters: Mapping[str, Mapping[str, str]], texts: Mapping[str, str]
) -> tuple[str, ...]:
    """Return which of `texts` import names of the file at `path` from a re-exporting file."""
    return tuple(
        other
        for other, text in texts.items()
        if other not in (path, *reexporters)
        and any(
            imports_any(other, text, reexporter, names) for reexporter, names in reexporters.items()
        )
    )


def exported_by(reexporters: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Return the names of a file that public files re-export; `ALL` for all of them."""
    return frozenset(
        name
        for reexporter, names in reexporters.items()
        if is_public(reexporter)
        for name in names.values()
    )


def own_packages(paths: Iterable[str]) -> frozenset[str]:
    """Return the names by which a repository's own code is imported."""
    return frozenset(
        part.removesuffix(".py")
        for path in paths
        if path.endswith((".py", ".pyi"))
        for part in path.split("/")
    )


def service_of(path: str, rules: Rules) -> str:
    """Return the directory of the service that `path` is in, or "" where it is in none."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        if matches(rules.services, folder):
            return folder
    return ""


def outer(path: str, imports: Sequence[Import]) -> list[Import]:
    """Return the imports that run, and are neither the repository's own nor of the language."""
    return [
        each
        for each in imports
        if not each.is_own and not each.is_for_types and not is_built_in(path, each.module)
    ]


def _fresh(file: FileChange) -> list[Import]:
    before = {
        (each.module, each.is_for_types)
        for each in imports_of(file.came_from or file.path, file.before)
    }
    return [
        each
        for each in imports_of(file.path, file.after)
        if (each.module, each.is_for_types) not in before
    ]
