"""The commands that a project offers besides its whole suite: to build, to check, to test a part.

Only what the project says itself is tried: targets, scripts, and tools that it has settings for.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Stack
    from missioncontrol.specialists.tree import Tree

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


class Offer(msgspec.Struct, frozen=True):
    """A command, what it is for, and where the project says it."""

    purpose: Purpose
    argv: tuple[str, ...]
    source: str


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
