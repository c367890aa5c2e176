"""Where Python modules lie: which directories are packages, and which file a dotted name means."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.architect.python_statements import Statement


class Package(msgspec.Struct, frozen=True):
    """A top-level package: a directory with `__init__.py`, and none in any directory above."""

    name: str  # `flask`, or `google.cloud.storage` below a namespace
    directory: str
    files: tuple[str, ...]


def packages(paths: Iterable[str]) -> tuple[list[Package], list[str]]:
    """Sort `paths` of Python files into packages and files that belong to none."""
    every = sorted(paths)
    initial = {p.rpartition("/")[0] for p in every if p.endswith("__init__.py")}
    inside: dict[str, list[str]] = {}
    loose: list[str] = []
    for path in every:
        top = _top(path, initial)
        if top and _is_importable(path, top):
            inside.setdefault(top, []).append(path)
        else:
            loose.append(path)
    found = [Package(_name(top), top, tuple(files)) for top, files in sorted(inside.items())]
    return found, loose


def _top(path: str, initial: Collection[str]) -> str:
    """Return the outermost package around `path`; directories inside it may lack `__init__.py`."""
    above = list(_upwards(path.rpartition("/")[0]))
    return next((each for each in reversed(above) if each in initial and each), "")


def _is_importable(path: str, top: str) -> bool:
    parts = PurePosixPath(path).relative_to(PurePosixPath(top).parent).with_suffix("").parts
    return all(part.isidentifier() for part in parts)


def _name(top: str) -> str:
    """Return the dotted name; below `src` every directory is part of it (PEP 420)."""
    parts = PurePosixPath(top).parts
    if parts[0] == "src" and len(parts) > 1 and all(part.isidentifier() for part in parts):
        return ".".join(parts[1:])
    return parts[-1]


def module_name(path: str, package: Package) -> str:
    """Return the dotted name of a file of `package`."""
    inside = path.removeprefix(f"{package.directory}/").removesuffix(".py").split("/")
    return ".".join([package.name, *(part for part in inside if part != "__init__")])


class Places:
    """Answers which files of the repository an import statement reaches."""

    def __init__(self, paths: Collection[str]) -> None:
        """`paths` are all Python files of the repository."""
        self._paths = frozenset(paths)
        self._roots: dict[str, tuple[str, ...]] = {}

    def reached(self, statement: Statement, importer: str) -> list[str]:
        """Return the files that `statement` in `importer` names, as far as they are in here."""
        for base in self._bases(statement, importer):
            found = list(self._below(base, statement))
            if found:
                return sorted(set(found))
        return []

    def _bases(self, statement: Statement, importer: str) -> tuple[str, ...]:
        """Return the directories that may hold what is imported; the top is the empty string."""
        directory = importer.rpartition("/")[0]
        if statement.level:
            for _ in range(statement.level - 1):
                directory = directory.rpartition("/")[0]
            return (directory,)
        found = self._roots.get(directory)
        if found is None:
            # Inside a package `import json` never means the package's own json.py.
            each = dict.fromkeys([*_upwards(directory), "src"])
            found = tuple(one for one in each if _joined(one, "__init__.py") not in self._paths)
            self._roots[directory] = found
        return found

    def _below(self, base: str, statement: Statement) -> Iterator[str]:
        root = _joined(base, *(part for part in statement.module.split(".") if part))
        named = [hit for name in statement.names if (hit := self._named(root, name))]
        yield from named
        own = self._file(root)
        if own and len(named) < max(1, len(statement.names)):
            yield own

    def _named(self, root: str, name: str) -> str:
        if name == "*":
            return self._known(_joined(root, "__init__.py"))
        return self._file(_joined(root, name))

    def _file(self, stem: str) -> str:
        return self._known(f"{stem}.py") or self._known(_joined(stem, "__init__.py"))

    def _known(self, path: str) -> str:
        return path if path in self._paths else ""


def _upwards(directory: str) -> Iterator[str]:
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]
    yield ""


def _joined(directory: str, *parts: str) -> str:
    return "/".join([directory, *parts] if directory else parts)
