"""The shape of what manifests say; every statement names its file and line."""

import re
from pathlib import PurePosixPath
from typing import Literal

import msgspec

Ecosystem = Literal[
    "python", "javascript", "go", "rust", "java", "ruby", "php", "dotnet", "elixir", "container"
]
What = Literal["framework", "service", "tool"]
Who = Literal["user", "extra", "developer"]
"""Who gets a dependency: everyone who installs, those who ask for an extra, or only developers."""

ASIDE = frozenset(
    [
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "doc",
        "docs",
        "test",
        "tests",
        "fixture",
        "fixtures",
        "benchmark",
        "benchmarks",
        "template",
        "templates",
        "testdata",
        "e2e",
    ]
)
"""Directories whose manifests speak of something beside the project itself."""


def is_aside(path: str) -> bool:
    """Whether `path` lies among examples, documents or tests rather than the project's own."""
    return not ASIDE.isdisjoint(path.split("/")[:-1])


_TOOLING = """
tool tools tooling script scripts bench perf hack ci .ci .github .circleci .devcontainer vendor
vendored third_party third-party node_modules notebooks tutorial tutorials playground
integration_tests integration-tests spec
"""
BESIDE = ASIDE | frozenset(_TOOLING.split())
"""Directories whose dependencies are not needed to use the product."""


def is_beside(path: str) -> bool:
    """Whether what a manifest asks for is needed beside the product: by tools, tests, examples."""
    return not BESIDE.isdisjoint(part.lower() for part in PurePosixPath(path).parts[:-1])


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the repository builds or publishes."""

    name: str
    ecosystem: Ecosystem
    manifest: str
    line: int = 0
    version: str = ""
    version_source: str = ""  # `path:line` where the version stands, if not in the manifest
    summary: str = ""
    licence: str = ""  # in the manifest's own words
    licence_line: int = 0


class Runtime(msgspec.Struct, frozen=True, omit_defaults=True):
    """A language, and which versions of it are asked for."""

    language: str
    requirement: str  # "" where any version will do
    manifest: str
    line: int = 0


class Dependency(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the project needs from elsewhere."""

    name: str
    requirement: str  # the version part as it stands; "" where any will do
    group: str  # runtime, build, dev, or the name of the extra or group it is in
    manifest: str
    line: int = 0
    pinned: bool = False  # whether exactly one version fits
    ecosystem: Ecosystem = "python"
    who: Who = "user"

    @property
    def optional(self) -> bool:
        """Whether only those get it who ask for the extra that it is in."""
        return self.who == "extra"


class EntryPoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the program starts, or a script that the project offers."""

    name: str
    target: str  # the function, file or command behind the name
    kind: Literal["command", "script", "module", "main", "plugin", "container"]
    manifest: str
    line: int = 0


class TestCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way to run the project's tests, as the project says itself."""

    argv: tuple[str, ...]
    tool: str  # what it starts: pytest, unittest, make, tox, nox, npm, go, cargo …
    manifest: str
    line: int = 0
    text: str = ""  # the words in the manifest
    guessed: bool = False  # what the tests import tells it, and no manifest

    @property
    def source(self) -> str:
        """Where it stands, as `manifest:line`."""
        return f"{self.manifest}:{self.line}" if self.line else self.manifest


class Recognised(msgspec.Struct, frozen=True, omit_defaults=True):
    """A framework, service or tool that the project uses, and the word it was known by."""

    name: str
    what: What
    word: str  # the dependency, image or file
    manifest: str
    line: int = 0
    group: str = ""
    who: Who = "user"


class CiFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that tells a CI service what to do."""

    path: str
    system: str
    jobs: tuple[str, ...] = ()


class Unreadable(msgspec.Struct, frozen=True):
    """A manifest that could not be read, and why."""

    manifest: str
    reason: str


ManifestStatement = (
    Package | Runtime | Dependency | EntryPoint | TestCommand | Recognised | CiFile | Unreadable
)
"""One statement of a manifest."""


class Stack(msgspec.Struct, frozen=True):
    """Everything that the manifests of a repository say, those at the top first."""

    name: str  # of the main package; "" where no manifest names one
    version: str
    summary: str
    licence: str
    languages: tuple[str, ...]  # that manifests speak of, the one with most code first
    frameworks: tuple[str, ...]  # names, without those of examples, tests and documents
    tools: tuple[str, ...]
    services: tuple[str, ...]  # databases, brokers and the like that it is run with
    packages: tuple[Package, ...]
    runtimes: tuple[Runtime, ...]
    recognised: tuple[Recognised, ...]  # what frameworks, tools and services were known by
    dependencies: tuple[Dependency, ...]
    entry_points: tuple[EntryPoint, ...]
    test_commands: tuple[TestCommand, ...]  # the most direct one first
    ci: tuple[CiFile, ...]
    manifests: tuple[str, ...]  # every file that was read
    unreadable: tuple[Unreadable, ...]

    def own_dependencies(self, who: Who) -> list[Dependency]:
        """Return what `who` gets, without what examples, documents and tests ask for."""
        return [
            item for item in self.dependencies if item.who == who and not is_beside(item.manifest)
        ]

    def own_needs(self, who: Who) -> list[tuple[Dependency, ...]]:
        """Return the same by package: each of them once, with all that manifests say of it.

        A package is often declared twice, in pyproject.toml and in a list for developers.
        """
        found: dict[tuple[Ecosystem, str], list[Dependency]] = {}
        for item in self.own_dependencies(who):
            found.setdefault((item.ecosystem, _one_name(item)), []).append(item)
        return [tuple(items) for items in found.values()]


def _one_name(item: Dependency) -> str:
    """Return the name under which an index knows a package, however a manifest writes it."""
    return re.sub(r"[-_.]+", "-", item.name).lower() if item.ecosystem == "python" else item.name
