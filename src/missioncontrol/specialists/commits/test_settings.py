"""Which files of a repository say what is tested and how, and which parts of shared files do."""

import configparser
import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from missioncontrol.specialists.kinds import classified, table

FILES = frozenset(
    {
        # Python runs these by itself, before any test.
        *("conftest.py", "sitecustomize.py", "usercustomize.py"),
        *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "tox.toml"),
        *("noxfile.py", ".coveragerc", ".env", ".envrc", "nextest.toml", "stestr.conf"),
        *("makefile", "gnumakefile", "justfile", ".justfile", "taskfile.yml", "taskfile.yaml"),
        *("jenkinsfile", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", ".npmrc"),
        *("bitbucket-pipelines.yml", ".drone.yml", "appveyor.yml", ".appveyor.yml"),
        *("phpunit.xml", "phpunit.xml.dist", ".rspec", "ctestconfig.cmake", "dune-workspace"),
    }
)
PATTERNS = (
    *("*.pth", "*.mk", ".env.*", "jest.config.*", "jest.setup.*", "vitest.config.*"),
    *("vitest.setup.*", "vitest.workspace.*", "karma.conf.*", "ava.config.*", ".mocharc*"),
    *("playwright.config.*", "cypress.config.*", ".taprc*", ".nycrc*", ".c8rc*", "pytest_*.py"),
    *("setuptests.*", "requirements-test*.txt", "requirements_test*.txt", "test-requirements*.txt"),
    *("runtest*", "run_test*", "run-test*", ".woodpecker*"),
    # Not `*test*.sh`, which would be latest.sh too.
    *("test*.sh", "*[!a-z]test.sh", "*[!a-z]tests.sh", "*[!a-z]test[!a-z]*.sh"),
)
DIRECTORIES = (
    *(".github/", ".circleci/", ".buildkite/", ".cargo/", ".woodpecker/"),
    *(".gitlab/ci/", ".gitea/", ".forgejo/"),
)
FIXTURES = ("conftest.py", "setuptests.*", "jest.setup.*", "vitest.setup.*")
"""Settings that hold code of the tests, which may have to change with the code under test."""

AT_TOP = ("ci/*", "scripts/test*", "script/test*", "bin/test*", "tools/test*")
"""Patterns of whole paths."""

SHARED = (
    *("pom.xml", "build.gradle*", "settings.gradle*", "setup.py", "rakefile", "mix.exs"),
    *("cmakelists.txt", "deno.json*", "bunfig.toml", "tsconfig*.json", "babel.config.*"),
    *("vite.config.*", "tasks.py", ".pre-commit-config.yaml", "hatch.toml", "pixi.toml"),
    *("build.sbt", "dune"),
)
"""Files of which some lines are about tests, and no part can be distinguished by its name."""

_OF_TESTS = re.compile(r"(?i)test|spec\b|skip|exclude|surefire|failsafe|junit|include")
_SETTINGS_ENDINGS = (".toml", ".cfg", ".ini")
ROOTS = ("", "src", "lib", "test", "tests")
"""Directories from which tests import; a module there hides an installed one of its name."""

RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "unittest", "doctest", "coverage", "xdist"})

_TOOLS = (
    "pytest",
    "tox",
    "coverage",
    "nox",
    "hatch",
    "poe",
    "taskipy",
    "pixi",
    "pdm",
    "setuptools",
)
_NPM = ("scripts", "jest", "vitest", "mocha", "ava", "tap", "nyc", "c8", "jasmine")
_CARGO = ("test", "bench", "profile", "lib")
_CFG = re.compile(r"(?:tool:)?(?:pytest|coverage)\b|aliases|options\.entry_points")
_SECTION = re.compile(r"^\[+[ \t]*([^\]\n]+?)[ \t]*\]+", re.MULTILINE)
_OF_SECTIONS = {
    "pyproject.toml": re.compile(
        rf"tool\.\"?(?:{'|'.join(_TOOLS)})\"?(?:\.|$)|project\.entry-points\.\"?pytest11"
    ),
    "cargo.toml": re.compile(rf"(?:{'|'.join(_CARGO)})(?:\.|$)"),
    "setup.cfg": _CFG,
}


def is_test(path: str) -> bool:
    """Whether a file is a test, or lies where tests are."""
    above = table().test_directories.intersection(PurePosixPath(path).parts[:-1])
    return bool(above) or classified(path, b"")[1] == "test"


def is_test_settings(path: str) -> bool:
    """Whether all of a file says what is tested and how."""
    place = PurePosixPath(path)
    name = place.name.lower()
    return (
        name in FILES
        or any(fnmatchcase(name, pattern) for pattern in PATTERNS)
        or any(f"/{each}" in f"/{path}" for each in DIRECTORIES)
        or any(fnmatchcase(path, pattern) for pattern in AT_TOP)
        or _hides(place, RUNNERS)
    )


def has_test_settings(path: str) -> bool:
    """Whether parts of a file say what is tested and how."""
    return PurePosixPath(path).name.lower() in _READERS


def is_fixture(path: str) -> bool:
    """Whether test settings hold code that tests use."""
    name = PurePosixPath(path).name.lower()
    return any(fnmatchcase(name, pattern) for pattern in FIXTURES)


def is_shared(path: str) -> bool:
    """Whether lines of a file may be about tests, while the file is about more."""
    name = PurePosixPath(path).name.lower()
    return any(fnmatchcase(name, pattern) for pattern in SHARED)


def speaks_of_tests(line: str) -> bool:
    """Whether a line of a shared file is about tests."""
    return _OF_TESTS.search(line) is not None


def may_leave_tests_out(path: str) -> bool:
    """Whether a change of a file can make the run leave tests out."""
    place = PurePosixPath(path)
    return (
        any("test" in part.lower() for part in place.parts)
        or "spec" in place.name.lower()
        or place.suffix.lower() in _SETTINGS_ENDINGS
        or is_test(path)
        or is_test_settings(path)
        or has_test_settings(path)
        or is_shared(path)
    )


def can_plant(path: str) -> str:
    """Return the language of a test file beside whose tests a failing one can be planted, or ""."""
    place = PurePosixPath(path)
    name = place.name
    if place.suffix == ".py":
        return "py" if name.startswith("test") or name.endswith("_test.py") else ""
    if name.endswith("_test.go"):
        return "go"
    return "rs" if place.suffix == ".rs" and place.parts[:1] == ("tests",) else ""


def settings_in(path: str, text: str | None) -> Any:
    """Return these parts of its text as values; the text itself where it can't be read."""
    if text is None:
        return None
    try:
        return _READERS[PurePosixPath(path).name.lower()](text)
    except (ValueError, configparser.Error, RecursionError, AttributeError):
        return text


def with_settings(path: str, text: str, base: str) -> str:
    """Return `text` with the test settings of `base`, or all of `base` where they are apart."""
    name = PurePosixPath(path).name.lower()
    try:
        found = _of_json(text, base) if name == "package.json" else _of_sections(name, text, base)
    except (ValueError, RecursionError, AttributeError):
        return base
    return found if settings_in(path, found) == settings_in(path, base) else base


def hides_a_module(path: str) -> bool:
    """Whether Python imports this file in place of a module of its own library."""
    return _hides(PurePosixPath(path), sys.stdlib_module_names)


def _hides(place: PurePosixPath, modules: frozenset[str]) -> bool:
    if place.suffix != ".py":
        return False
    parts = place.with_suffix("").parts
    starts = (count for count in range(len(parts)) if "/".join(parts[:count]) in ROOTS)
    return any(parts[count] in modules for count in starts)


def _of_pyproject(text: str) -> Any:
    data = tomllib.loads(text)
    tools, project = data.get("tool", {}), data.get("project", {})
    plugins = project.get("entry-points", {}).get("pytest11")
    return {name: tools[name] for name in _TOOLS if name in tools}, plugins


def _of_cargo(text: str) -> Any:
    data = tomllib.loads(text)
    automatic = {key: value for key, value in data.get("package", {}).items() if "auto" in key}
    return {name: data[name] for name in _CARGO if name in data}, automatic


def _of_package(text: str) -> Any:
    data = json.loads(text)
    return {name: data[name] for name in _NPM if name in data}


def _of_cfg(text: str) -> Any:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections() if _CFG.match(name)}


_READERS: Mapping[str, Callable[[str], Any]] = {
    "pyproject.toml": _of_pyproject,
    "cargo.toml": _of_cargo,
    "package.json": _of_package,
    "setup.cfg": _of_cfg,
}


def _of_json(text: str, base: str) -> str:
    mine, theirs = json.loads(text), json.loads(base)
    retained = {key: value for key, value in mine.items() if key not in _NPM}
    return json.dumps({**retained, **{key: theirs[key] for key in _NPM if key in theirs}}, indent=2)


def _of_sections(name: str, text: str, base: str) -> str:
    form = _OF_SECTIONS[name]
    own = [part for title, part in _sections(text) if not form.match(title)]
    return "\n".join([*own, *(part for title, part in _sections(base) if form.match(title))])


def _sections(text: str) -> list[tuple[str, str]]:
    """Return the sections of a text with their titles; what stands above them has none."""
    starts = [(match[1], match.start()) for match in _SECTION.finditer(text)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    head = text[: starts[0][1]] if starts else text
    cut = zip(starts, ends, strict=True) if starts else ()
    return [("", head), *((title, text[start:end]) for (title, start), end in cut)]
