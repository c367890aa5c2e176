"""The commands that a project names: its tests made fit to run here, builds, checks and others."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

from missioncontrol.specialists.tester.pythons import Python

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency, Stack
    from missioncontrol.specialists.tree import Tree

PYTHONS = frozenset({"python", "python3"})
PYTESTS = frozenset({"pytest", "py.test"})
NO_CACHE = ("-p", "no:cacheprovider")
Purpose = Literal["test", "test a part", "build", "lint", "type check", "format"]
PURPOSES: dict[str, Purpose] = {
    "build": "build",
    "lint": "lint",
    "check": "lint",
    "typecheck": "type check",
    "type-check": "type check",
    "types": "type check",
    "mypy": "type check",
    "format": "format",
    "fmt": "format",
}
SETTINGS = ("pyproject.toml", "setup.cfg", "tox.ini")
OFFERS_MAX = 8


class ReadyCommand(msgspec.Struct, frozen=True):
    """A command as it will be started."""

    argv: tuple[str, ...]
    shown: tuple[str, ...]  # the same without a path of this machine
    declared: tuple[str, ...]  # as the project has it, without what we added
    is_pytest: bool
    program: str = ""  # the program it needs, where that is not to be found


class _Tool(msgspec.Struct, frozen=True):
    """A tool that is known by its settings."""

    purpose: Purpose
    argv: tuple[str, ...]
    sections: tuple[str, ...]  # tables that hold its settings
    files: tuple[str, ...] = ()  # files of its own
    needs: str = ""  # a setting without which it needs more arguments


TOOLS = (
    _Tool("lint", ("ruff", "check", "."), ("tool.ruff",), ("ruff.toml", ".ruff.toml")),
    _Tool("lint", ("flake8",), ("flake8",), (".flake8",)),
    _Tool("format", ("black", "--check", "."), ("tool.black",)),
    _Tool(
        "type check",
        ("mypy",),
        ("tool.mypy", "mypy"),
        ("mypy.ini", ".mypy.ini"),
        r"^\s*(?:files|packages|modules)\s*=",
    ),
    _Tool("type check", ("pyright",), ("tool.pyright",), ("pyrightconfig.json",)),
)
WHEEL = ("python", "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", "dist", ".")


class Offer(msgspec.Struct, frozen=True):
    """A command, what it is for, and where the project says it."""

    purpose: Purpose
    argv: tuple[str, ...]
    source: str


class Declared(msgspec.Struct, frozen=True):
    """What the project says about its tests."""

    commands: tuple[tuple[tuple[str, ...], str], ...]  # argv and source
    needed: tuple[str, ...]  # names of declared Python distributions
    offers: tuple[Offer, ...]  # what there is besides tests


def declared(tree: "Tree") -> Declared:
    """Read it from the manifests."""
    from missioncontrol.specialists.manifests import read_manifests

    stack = read_manifests(tree)
    commands = [(tuple(each.argv), each.source) for each in stack.test_commands]
    needed = {
        each.name
        for each in stack.dependencies
        if each.ecosystem == "python" and _is_for_tests(each)
    }
    return Declared(tuple(commands), tuple(sorted(needed)), tuple(offers(stack, tree)))


def _is_for_tests(dependency: "Dependency") -> bool:
    """Whether the project itself or its tests need it; examples and tools for release do not."""
    above = PurePosixPath(dependency.manifest).parts[:-1]
    if not {"requirements", "test", "tests"}.issuperset(above):
        return False
    return (dependency.group == "runtime" and not dependency.optional) or "test" in dependency.group


def offers(stack: "Stack", tree: "Tree") -> list[Offer]:
    """Return what is offered besides the tests, each command once, in the order of its use."""
    found = [*_build(tree), *_scripts(stack), *_tools(tree)]
    return list({each.argv: each for each in found}.values())[:OFFERS_MAX]


def _build(tree: "Tree") -> Iterator[Offer]:
    line = _line(tree.text("pyproject.toml") or "", "build-system")
    if line:
        yield Offer("build", WHEEL, f"pyproject.toml:{line}")
    elif tree.file("setup.py") is not None:
        yield Offer("build", WHEEL, "setup.py")


def _scripts(stack: "Stack") -> Iterator[Offer]:
    for entry in stack.entry_points:
        purpose = PURPOSES.get(entry.name)
        if entry.kind != "script" or purpose is None:
            continue
        path = PurePosixPath(entry.manifest)
        if path.parent != PurePosixPath():
            continue  # What is offered further below is about a part of the repository.
        is_npm = path.name == "package.json"
        argv = ("npm", "run", entry.name) if is_npm else tuple(entry.target.split())
        if argv[0] in {"npm", "make", "just"}:
            yield Offer(purpose, argv, f"{entry.manifest}:{entry.line}")


def _tools(tree: "Tree") -> Iterator[Offer]:
    for tool in TOOLS:
        source = _settings(tool, tree)
        if source:
            yield Offer(tool.purpose, tool.argv, source)


def _settings(tool: _Tool, tree: "Tree") -> str:
    for path in (*tool.files, *SETTINGS):
        text = tree.text(path) or ""
        line = next((line for name in tool.sections if (line := _line(text, name))), 0)
        is_own = path in tool.files and tree.file(path) is not None
        if (line or is_own) and re.search(tool.needs, text, re.MULTILINE):
            return f"{path}:{line}" if line else path
    return ""


def _line(text: str, section: str) -> int:
    """Return the line where a table begins, or one below it does; 0 where none does."""
    found = re.search(rf"^\[+{re.escape(section)}(?:\.[^\]]*)?\]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def ready_command(
    argv: Sequence[str], python: Python | None, report: Path, environment: Mapping[str, str]
) -> ReadyCommand:
    """Prepare `argv`: ask pytest for a report at `report`, and use `python` for Python."""
    rest = _after_pytest(argv)
    if rest is not None:
        options = (*rest, *NO_CACHE, "--color=no", f"--junitxml={report}")
        shown = ("python", "-m", "pytest", *rest, *NO_CACHE, "--color=no", "--junitxml=junit.xml")
        own = ("python", "-m", "pytest", *rest)
        if python is None:
            return ReadyCommand((), shown, own, True, "python")
        return ReadyCommand((python.program, "-m", "pytest", *options), shown, own, True)
    same = tuple(argv)
    if argv[0] in PYTHONS and python is not None:
        return ReadyCommand((python.program, *argv[1:]), same, same, False)
    if "/" not in argv[0] and shutil.which(argv[0], path=environment.get("PATH")) is None:
        return ReadyCommand((), same, same, False, argv[0])
    return ReadyCommand(same, same, same, False)


def _after_pytest(argv: Sequence[str]) -> tuple[str, ...] | None:
    """Return the arguments that follow pytest; None where `argv` is something else."""
    if argv[0] in PYTESTS:
        return tuple(argv[1:])
    if argv[0] in PYTHONS and tuple(argv[1:3]) == ("-m", "pytest"):
        return tuple(argv[3:])
    return None
