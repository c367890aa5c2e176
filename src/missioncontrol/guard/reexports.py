"""Names that a file re-exports from other files: importing them there imports their source.

Python is read with griffe, which knows aliases and `__all__`; it is loaded for the first file
of Python. JavaScript and TypeScript are read by their `export … from` statements.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import msgspec

from missioncontrol.guard.imports import SCRIPTS, Import, imports_of, is_import_of

ALL = "*"

_EXPORT = re.compile(
    r"""(?:^|[;\s])export\s+(?:type\s+)?(?:\*(?:\s+as\s+(?P<whole>[\w$]+))?|\{(?P<names>[^}]*)\})"""
    r"""\s*from\s*['"](?P<module>\.[^'"\n]{0,300})['"]"""
)
_STATEMENT = re.compile(
    r"""(?:^|[;\s])(?:import|export)\s+(?:type\s+)?(?P<what>[^;'"]*?)\s*from\s*['"](?P<module>[^'"\n]+)['"]"""
)
_WORD = re.compile(r"[\w$]+")


class Reexport(msgspec.Struct, frozen=True):
    """A name that a file re-exports."""

    source: Import  # what it comes from
    name: str  # in the source; `ALL` for all of its names
    called: str  # by what it is imported here; `ALL` where names stay


def reexports_of(path: str, text: str) -> list[Reexport]:
    """Return the names that a file re-exports from others of its repository."""
    if path.endswith((".py", ".pyi")):
        return list(_of_python(path, text))
    return list(_of_script(path, text)) if path.endswith(SCRIPTS) else []


def reexported_from(path: str, reexports: list[Reexport]) -> dict[str, str]:
    """Return the re-exported names of the file at `path`, by their new names."""
    return {each.called: each.name for each in reexports if is_import_of(path, each.source)}


def _is_of(giver: str, each: Import) -> bool:
    """Whether an import is of a file; a package at the top is known by its name alone."""
    name = giver.removeprefix("src/").removesuffix("/__init__.py")
    return is_import_of(giver, each) or (not each.is_own and each.module == name)


def dropped_reexports(path: str, before: str, after: str) -> list[str]:
    """Return the public names that a file of Python no longer re-exports."""
    was = {each.called for each in reexports_of(path, before)} - {ALL}
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
        if ALL in names or ALL in imported or imported & names.keys():
            return True
    return False


def _of_python(path: str, text: str) -> Iterator[Reexport]:
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
            yield Reexport(Import(target, 0, False), ALL, ALL)
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


def _of_script(path: str, text: str) -> Iterator[Reexport]:
    for found in _EXPORT.finditer(text):
        line = text.count("\n", 0, found.start("module")) + 1
        source = Import(normpath(join(dirname(path), found["module"])), line, True)
        if found["names"] is None:
            yield Reexport(source, ALL, found["whole"] or ALL)
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
        if ALL in what:
            found.add(ALL)
        elif _WORD.search(what.replace("type", "")):
            found.add("default")
    return found or {ALL}  # `require` and `import()` return the whole module.
