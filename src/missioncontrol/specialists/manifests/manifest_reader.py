"""Reads every manifest of a tree and puts together what they say, those at the top first."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar, get_args

import msgspec

from missioncontrol.specialists.manifests import (
    commands,
    compiled_languages,
    javascript,
    script_languages,
    services,
)
from missioncontrol.specialists.manifests import python_project as project
from missioncontrol.specialists.manifests import python_setup as setup
from missioncontrol.specialists.manifests.known import recognised
from missioncontrol.specialists.manifests.stack import (
    CiFile,
    Dependency,
    EntryPoint,
    ManifestStatement,
    Package,
    Recognised,
    Runtime,
    Stack,
    TestCommand,
    Unreadable,
    What,
    Who,
    is_aside,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

T = TypeVar("T")
Reader = Callable[["Tree", str, str], Iterator[ManifestStatement]]

MANIFESTS_MAX = 400
MANIFEST_BYTES_MAX = 512 * 1024
_TEST_FUNCTION = re.compile(
    r"^(?:class Test\w*.*:\s+)?\s*((?:async )?def test_?\w*\()", re.MULTILINE
)
WITHOUT_DEVELOPERS: tuple[Who, ...] = ("user", "extra")
LANGUAGES = {
    "python": "Python",
    "javascript": "JavaScript",
    "go": "Go",
    "rust": "Rust",
    "java": "Java",
    "ruby": "Ruby",
    "php": "PHP",
    "dotnet": "C#",
    "elixir": "Elixir",
}
# The most direct way first: a runner itself, then what wraps it, then what may fetch things.
TOOL_ORDER = (
    *(
        "pytest",
        "unittest",
        "go",
        "cargo",
        "npm",
        "pnpm",
        "yarn",
        "bun",
        "rspec",
        "composer",
        "mix",
    ),
    *(
        "dotnet",
        "mvn",
        "gradle",
        "make",
        "just",
        "script",
        "hatch",
        "poe",
        "pdm",
        "taskipy",
        "nox",
        "tox",
    ),
)


def read_manifests(tree: "Tree") -> Stack:
    """Return what the manifests of `tree` say; vendored ones and those past a bound are left."""
    candidates = [file for file in tree.files if file.kind not in ("vendored", "binary")]
    chosen = [(file, reader) for file in candidates if (reader := _reader(file.path))]
    chosen.sort(key=lambda pair: _place(pair[0].path))
    declared: list[ManifestStatement] = []
    for file, reader in chosen[:MANIFESTS_MAX]:
        declared.extend(_statements(tree, file, reader))
    declared += [
        Unreadable(file.path, f"beyond the limit of {MANIFESTS_MAX} manifests")
        for file, _ in chosen[MANIFESTS_MAX:]
    ]
    declared = [_for_developers(tree, each, declared) for each in declared]
    declared += commands.test_scripts(tree)
    declared += _tests_without_manifest(tree, declared)
    return _stack(tree, declared, tuple(file.path for file, _ in chosen[:MANIFESTS_MAX]))


def _for_developers(
    tree: "Tree", each: ManifestStatement, declared: Sequence[ManifestStatement]
) -> ManifestStatement:
    """Return a dependency of a `requirements.txt` as what developers install, where it is that.

    A package that declares for itself what it needs leaves that file to those who work on it,
    unless its manifest reads the file.
    """
    if not (isinstance(each, Dependency) and each.group == "runtime"):
        return each
    file = PurePosixPath(each.manifest)
    if not file.name.startswith("requirements"):
        return each
    beside = [
        tree.text(other.manifest) or ""
        for other in declared
        if isinstance(other, Package)
        and PurePosixPath(other.manifest).parent == file.parent
        and PurePosixPath(other.manifest).name in {"pyproject.toml", "setup.py", "setup.cfg"}
    ]
    declares = bool(beside) and not any(file.stem in text for text in beside)
    return msgspec.structs.replace(each, group="dev") if declares else each


def _statements(tree: "Tree", file: "SourceFile", reader: Reader) -> list[ManifestStatement]:
    text = tree.text(file.path) if file.size <= MANIFEST_BYTES_MAX else None
    if text is None:
        return [Unreadable(file.path, "it is too large or cannot be read")]
    return list(reader(tree, file.path, text))


def _place(path: str) -> tuple[bool, int, str]:
    return is_aside(path), path.count("/"), path


def _reader(path: str) -> Reader | None:
    if services.ci_system(path):
        return _plain(services.read_ci)
    name = PurePosixPath(path).name
    if name in BY_NAME:
        return BY_NAME[name]
    suffix = PurePosixPath(path).suffix
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    return next((reader for pattern, reader in BY_PATTERN if pattern.search(path)), None)


def _plain(read: Callable[[str, str], Iterator[ManifestStatement]]) -> Reader:
    return lambda tree, path, text: read(path, text)


BY_NAME: dict[str, Reader] = {
    "pyproject.toml": project.read_pyproject,
    "setup.py": _plain(setup.read_setup_py),
    "setup.cfg": _plain(setup.read_setup_cfg),
    "tox.ini": _plain(setup.read_ini_with_tests),
    "pytest.ini": _plain(setup.read_ini_with_tests),
    "noxfile.py": _plain(setup.read_noxfile),
    "package.json": javascript.read_package_json,
    "go.mod": _plain(compiled_languages.read_go_mod),
    "Cargo.toml": _plain(compiled_languages.read_cargo_toml),
    "pom.xml": _plain(compiled_languages.read_pom),
    "build.gradle": compiled_languages.read_gradle,
    "build.gradle.kts": compiled_languages.read_gradle,
    "Gemfile": script_languages.read_gemfile,
    "Rakefile": _plain(commands.read_rakefile),
    "composer.json": _plain(script_languages.read_composer_json),
    "mix.exs": _plain(script_languages.read_mix),
    "Makefile": _plain(commands.read_makefile),
    "makefile": _plain(commands.read_makefile),
    "GNUmakefile": _plain(commands.read_makefile),
    "justfile": _plain(commands.read_justfile),
    "Justfile": _plain(commands.read_justfile),
    "Dockerfile": _plain(services.read_dockerfile),
    "Containerfile": _plain(services.read_dockerfile),
}
BY_SUFFIX: dict[str, Reader] = {
    ".csproj": _plain(compiled_languages.read_msbuild),
    ".fsproj": _plain(compiled_languages.read_msbuild),
    ".vbproj": _plain(compiled_languages.read_msbuild),
    ".gemspec": _plain(script_languages.read_gemspec),
    ".dockerfile": _plain(services.read_dockerfile),
}
BY_PATTERN: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (
        re.compile(
            r"(^|/)[\w.-]*requirements[\w.-]*\.(txt|in)$|(^|/)requirements/[\w.-]+\.(txt|in)$"
        ),
        _plain(setup.read_requirements),
    ),
    (
        re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$"),
        _plain(services.read_compose),
    ),
    (re.compile(r"(^|/)Dockerfile\.[\w.-]+$"), _plain(services.read_dockerfile)),
)


def _tests_without_manifest(
    tree: "Tree", declared: Iterable[ManifestStatement]
) -> Iterator[TestCommand]:
    """Yield the command for Python tests that no manifest sets up, from what the tests import."""
    dependencies = [item for item in declared if isinstance(item, Dependency)]
    if any(isinstance(item, TestCommand) and item.tool == "pytest" for item in declared):
        return
    wanted = next(
        (item for item in dependencies if item.name == "pytest" and not is_aside(item.manifest)),
        None,
    )
    if wanted and any(file.kind == "test" and file.language == "Python" for file in tree.files):
        text = f"{wanted.name}{wanted.requirement}"
        yield TestCommand(project.PYTEST, "pytest", wanted.manifest, wanted.line, text)
        return
    if any(isinstance(item, TestCommand) and item.tool == "unittest" for item in declared):
        return
    # Behind what the project says: where its wrapper finds no tool here, this still may run.
    yield from _by_import(tree)


def _by_import(tree: "Tree") -> Iterator[TestCommand]:
    tests = [file for file in tree.files if file.kind == "test" and file.language == "Python"]
    for tool, argv in (("pytest", project.PYTEST), ("unittest", _unittest(tests, tree))):
        wanted = re.compile(rf"^\s*(import|from) {tool}\b.*$", re.MULTILINE)
        for file in tests:
            text = tree.text(file.path) or ""
            if match := wanted.search(text):
                line = text.count("\n", 0, match.start(1)) + 1
                yield TestCommand(argv, tool, file.path, line, match[0].strip(), guessed=True)
                return
    for file in tests:  # Tests of pytest need no import, and no settings.
        if match := _TEST_FUNCTION.search(tree.text(file.path) or ""):
            line = (tree.text(file.path) or "").count("\n", 0, match.start(1)) + 1
            named = match[0].strip().rstrip("(")
            yield TestCommand(project.PYTEST, "pytest", file.path, line, named, guessed=True)
            return


def _unittest(tests: Sequence["SourceFile"], tree: "Tree") -> tuple[str, ...]:
    """Return how unittest finds the tests: by itself only in packages and at the top."""
    homes = {PurePosixPath(file.path).parts[0] for file in tests if "/" in file.path}
    at_top = any("/" not in file.path for file in tests)
    if len(homes) != 1 or at_top or tree.file(f"{min(homes)}/__init__.py"):
        return ("python", "-m", "unittest")
    return ("python", "-m", "unittest", "discover", "-s", min(homes))


def _stack(tree: "Tree", declared: list[ManifestStatement], manifests: tuple[str, ...]) -> Stack:
    packages = tuple(_of(declared, Package))
    dependencies = tuple(_of(declared, Dependency))
    ecosystems = _by_code(tree, packages, dependencies)
    main = _main_package(packages, ecosystems)
    names = {item.name.lower() for item in packages}
    known = (*_of(declared, Recognised), *recognised(_foreign(dependencies, names)))
    own = [item for item in known if not is_aside(item.manifest)]
    return Stack(
        main.name if main else "",
        main.version if main else "",
        main.summary if main else "",
        main.licence if main else "",
        tuple(LANGUAGES[name] for name in ecosystems),
        _names(own, "framework", WITHOUT_DEVELOPERS),
        _names(own, "tool", get_args(Who)),
        _names(own, "service", WITHOUT_DEVELOPERS),
        packages,
        tuple(_of(declared, Runtime)),
        known,
        dependencies,
        tuple(_of(declared, EntryPoint)),
        _ordered_commands(_of(declared, TestCommand)),
        tuple(_of(declared, CiFile)),
        manifests,
        tuple(_of(declared, Unreadable)),
    )


def _of(declared: Iterable[ManifestStatement], kind: type[T]) -> list[T]:
    return [item for item in declared if isinstance(item, kind)]


def _foreign(dependencies: Iterable[Dependency], names: set[str]) -> Iterator[Dependency]:
    """Yield the dependencies on others: extras of a project often ask for the project itself."""
    return (item for item in dependencies if item.name.lower() not in names)


def _names(known: Iterable[Recognised], what: What, wanted: Sequence[Who]) -> tuple[str, ...]:
    """Return each name once, in the order of `wanted`: what a docs build needs shapes no code."""
    fitting = [item for item in known if item.what == what and item.who in wanted]
    ordered = sorted(fitting, key=lambda item: wanted.index(item.who))
    return tuple(dict.fromkeys(item.name for item in ordered))


def _by_code(
    tree: "Tree", packages: Iterable[Package], dependencies: Iterable[Dependency]
) -> list[str]:
    """Return the ecosystems of the project's own manifests, the one with most code first."""
    spoken = [item.ecosystem for item in packages if not is_aside(item.manifest)]
    spoken += [item.ecosystem for item in dependencies if not is_aside(item.manifest)]
    lines: Counter[str] = Counter()
    for file in tree.files:
        if file.kind in ("code", "test"):
            lines[file.language] += file.lines
    lines["JavaScript"] += lines["TypeScript"]
    lines["Java"] += lines["Kotlin"]
    known = [name for name in dict.fromkeys(spoken) if name in LANGUAGES]
    return sorted(known, key=lambda name: -lines[LANGUAGES[name]])


def _main_package(packages: tuple[Package, ...], ecosystems: list[str]) -> Package | None:
    own = [item for item in packages if not is_aside(item.manifest)]
    if not own:
        return packages[0] if packages else None
    depth = min(item.manifest.count("/") for item in own)
    top = [item for item in own if item.manifest.count("/") == depth]
    # Python says the same twice in pyproject.toml and setup.py; the fuller word comes first.
    return min(
        top,
        key=lambda item: (ecosystems.index(item.ecosystem), not item.version, item.manifest),
    )


def _ordered_commands(found: Iterable[TestCommand]) -> tuple[TestCommand, ...]:
    rank = {tool: number for number, tool in enumerate(TOOL_ORDER)}
    once: dict[tuple[str, ...], TestCommand] = {}
    for item in found:
        if not is_aside(item.manifest) or item.tool in ("pytest", "unittest"):
            once.setdefault(item.argv, item)

    def place(item: TestCommand) -> tuple[bool, int]:
        return item.guessed, rank.get(item.tool, len(rank))

    return tuple(sorted(once.values(), key=place))
