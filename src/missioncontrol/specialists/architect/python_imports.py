"""The import graph of a repository's Python code, read by grimp without importing any of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from missioncontrol.specialists.architect.graph import Graph, Import, Module, ModuleKind, When
from missioncontrol.specialists.architect.python_statements import (
    Statement,
    statements,
    top_statements,
)

# Where Python modules lie: which directories are packages, and which file a dotted name means.


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


UNPARSABLE_MAX = 20
"""Files with syntax errors that grimp does without before we read the package ourselves."""

PACKAGES_NAMED = 8
GIVING_UP = (ImportError, AttributeError, ValueError, KeyError, OSError)
PANICS = "pyo3_runtime"
"""Where a panic of compiled code comes from: no `Exception`, so it would end the whole process.

An import that leaves its package with too many dots is enough to make grimp's scanner panic.
"""


class Panic(Exception):
    """Compiled code broke down; what it was asked has no answer from there."""


class PythonFile:
    """One Python file, parsed when its imports are first asked for."""

    def __init__(self, path: str, text: str, kind: ModuleKind, lines: int) -> None:
        """Nothing is parsed yet."""
        self.path = path
        self.kind = kind
        self.lines = lines
        self.fault = ""  # where this Python cannot parse it, once `parse` has tried
        self._text = text
        self._statements: list[Statement] | None = None

    @property
    def statements(self) -> list[Statement]:
        """The import statements; none where this Python cannot parse the file."""
        if self._statements is None:
            found = top_statements(self._text)
            if found is None:
                self.parse()
            else:
                self._statements = found
        return self._statements or []

    def parse(self) -> None:
        """Parse all of the file, so that `fault` says whether that is possible."""
        try:
            self._statements = statements(self._text)
        except (SyntaxError, ValueError, RecursionError) as fault:
            line = getattr(fault, "lineno", None)
            self.fault = f"line {line}" if line else type(fault).__name__
            self._statements = []


def python_graph(root: Path, files: Sequence[PythonFile]) -> Graph:
    """Return the graph of all Python files: grimp for packages, `ast` for loose files."""
    by_path = {file.path: file for file in files}
    found, loose = packages(by_path)
    names = {path: PurePosixPath(path).with_suffix("").name for path in loose}
    names.update({p: module_name(p, package) for package in found for p in package.files})
    reading = _Reading(root, by_path)
    imports: list[Import] = []
    for path in loose:  # In packages, grimp says which files cannot be parsed.
        by_path[path].parse()
    for package in found:
        imports.extend(reading.package(package))
    for path in loose:
        imports.extend(reading.file(path))
    # An import of another top-level package is external to grimp; only `ast` resolves it.
    imports.extend(
        each
        for package in found
        for path in package.files
        for each in reading.file(path)
        if not _is_below(each.target, package.directory)
    )
    modules = tuple(
        Module(path, names[path], "Python", by_path[path].lines, by_path[path].kind)
        for path in sorted(by_path)
    )
    faults = tuple(
        f"{path} does not parse ({file.fault}): its imports are missing"
        for path, file in sorted(by_path.items())
        if file.fault
    )
    return Graph(modules, tuple(sorted(set(imports))), tuple(reading.obtained()), faults)


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(f"{directory}/")


class _Reading:
    """One pass over the packages and files of a repository."""

    def __init__(self, root: Path, files: Mapping[str, PythonFile]) -> None:
        self.root = root
        self.files = files
        self.places = Places(files.keys())
        self._by_grimp: list[str] = []
        self._by_ast: list[str] = []

    def obtained(self) -> list[str]:
        """Say how the imports were read."""
        rest = "imports of loose files and across packages read with ast"
        if not self._by_grimp:
            return [*self._by_ast, f"Python: {rest}"]
        names = ", ".join(self._by_grimp[:PACKAGES_NAMED])
        more = len(self._by_grimp) - PACKAGES_NAMED
        names += f" and {more} more" if more > 0 else ""
        first = f"Python: imports inside {names} read by grimp without importing the code; {rest}"
        return [first, *self._by_ast]

    def package(self, package: Package) -> list[Import]:
        """Ask grimp; where it cannot answer, read the files with `ast`."""
        try:
            details = _ask_grimp(self.root, package, self.files)
        except (*GIVING_UP, Panic) as fault:
            _parse(self.files, package)
            self._by_ast.append(
                f"{package.name}: import statements read with ast, because grimp "
                f"gave up ({type(fault).__name__})"
            )
            return [
                each
                for path in package.files
                for each in self.file(path)
                if _is_below(each.target, package.directory)
            ]
        self._by_grimp.append(package.name)
        return self._placed(package, details)

    def _placed(self, package: Package, details: Sequence[Mapping[str, Any]]) -> list[Import]:
        paths = {module_name(path, package): path for path in package.files}
        found: list[Import] = []
        for detail in details:
            source, target = paths.get(detail["importer"]), paths.get(detail["imported"])
            if source and target:
                line, text = int(detail["line_number"]), str(detail["line_contents"])
                when, text = self._words(source, line, text)
                found.append(Import(source, target, source, line, text, when))
        return found

    def _words(self, path: str, line: int, first: str) -> tuple[When, str]:
        """Return the time and the whole statement; grimp knows its `first` line only."""
        for statement in self.files[path].statements:
            if statement.line == line:
                return statement.when, statement.text
        return "load", first

    def file(self, path: str) -> list[Import]:
        """Resolve the import statements of one file by the places of the others."""
        return [
            Import(path, target, path, each.line, each.text, each.when)
            for each in self.files[path].statements
            for target in self.places.reached(each, path)
        ]


def _ask_grimp(
    root: Path, package: Package, known: Mapping[str, PythonFile]
) -> list[Mapping[str, Any]]:
    """Return grimp's details of every import inside `package`.

    Raises:
        ValueError: too many files do not parse.
        Panic: grimp's scanner broke down.
        OSError, AttributeError, KeyError, ImportError: grimp cannot read it, or is not as expected.
    """
    from grimp.exceptions import SourceSyntaxError

    files = list(package.files)
    for _ in range(UNPARSABLE_MAX):
        try:
            return _scan(root, package, files)
        except BaseException as fault:
            if type(fault).__module__ == PANICS:
                raise Panic(str(fault)) from fault
            if not isinstance(fault, SourceSyntaxError):
                raise
            broken = str(Path(fault.filename).relative_to(root))
            if broken not in files:
                break
            # Those that this Python cannot parse go with it: each attempt scans all that are left.
            if len(files) == len(package.files):
                _parse(known, package)
            files = [path for path in files if path != broken and not known[path].fault]
    raise ValueError("too many files that do not parse")


def _parse(known: Mapping[str, PythonFile], package: Package) -> None:
    for path in package.files:
        known[path].parse()


def _scan(root: Path, package: Package, files: Sequence[str]) -> list[Mapping[str, Any]]:
    """Run grimp over exactly `files`.

    Its own finders look on `sys.path`, where a loaded package of the same name would pass
    the checkout, and follow symbolic links; ours hand it the files of the inventory instead.
    """
    import grimp
    from grimp.application.config import settings
    from grimp.application.ports.modulefinder import FoundPackage, ModuleFile
    from grimp.domain.valueobjects import Module as Named

    directory = str(root / package.directory)
    names = {module_name(path, package) for path in files}
    answer = FoundPackage(
        name=package.name,
        directory=directory,
        module_files=frozenset(ModuleFile(module=Named(name), mtime=0.0) for name in names),
    )
    before = settings.copy()
    settings.configure(PACKAGE_FINDER=_Directory(directory), MODULE_FINDER=_Answer(answer))
    try:
        graph = grimp.build_graph(package.name, cache_dir=None)
    finally:
        settings.configure(PACKAGE_FINDER=before.PACKAGE_FINDER, MODULE_FINDER=before.MODULE_FINDER)
    return [
        detail
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        for detail in graph.get_import_details(importer=importer, imported=imported)
    ]


class _Directory:
    """A package finder for grimp that knows one directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def determine_package_directories(self, package_name: str, file_system: object) -> set[str]:
        return {self.directory}


class _Answer:
    """A module finder for grimp that knows the answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def find_package(
        self, package_name: str, package_directory: str, file_system: object
    ) -> object:
        return self.answer
