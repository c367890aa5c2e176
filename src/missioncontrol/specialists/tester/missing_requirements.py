"""What tests lack to run here, as their run shows it."""

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.tester.pythons import Python
from missioncontrol.specialists.tester.test_requirements import imported_names
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tester.verdict import NO_TEST

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

INSTALLERS = {
    "package-lock.json": "npm ci",
    "pnpm-lock.yaml": "pnpm install",
    "yarn.lock": "yarn install",
    "bun.lock": "bun install",
    "bun.lockb": "bun install",
}
"""The command that makes `node_modules`, by the lock file."""
NAMES_MAX = 8
_MODULE = re.compile(r"No module named '?([A-Za-z_]\w*)")
_SIGNS = re.compile(
    r"fixture '\w+' not found|unrecognized arguments: .+|async def functions are not natively "
    r"supported|PackageNotFoundError.*|Missing required plugins: .+"
    r"|ImportError: cannot import name .+|pytest.*requires? .*pytest.*"
    r"|Unknown pytest\.mark\.(?:asyncio|trio|anyio)|Failed: async def .+|'minversion'.*"
    r"|Plugin requires: \S+"
)
_NODE = re.compile(
    r"(?m)^.*(?:Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|npx canceled|not found"
    r"|could not determine executable).*$"
)


class Lack(msgspec.Struct, frozen=True):
    """What is not installed for the tests."""

    ecosystem: Literal["python", "javascript"]
    words: str
    names: tuple[str, ...] = ()  # top-level modules that were not found

    def imported(self, files: Sequence[str], tree: "Tree") -> set[str]:
        """Return the modules that were not found, and those that the tests import."""
        near = {str(PurePosixPath(path).parent / "conftest.py") for path in files}
        texts = [tree.text(path) or "" for path in (*files, *near, "conftest.py")]
        return set(self.names).union(*map(imported_names, texts))


def lack_of(trial: Trial | None, python: Python | None, tree: "Tree") -> Lack | None:
    """Return what a run of tests lacked; None where it lacked nothing that can be installed."""
    if trial is None:
        return None
    status, reason = trial.verdict.status, trial.verdict.reason
    argv = node_command(trial.command.declared)
    if argv is not None:
        shown = _NODE.search(trial.output)
        is_absent = status == "could_not_start" and tree.file("package.json") is not None
        runner = "a package" if argv[0] != "npx" else argv[2]
        plain = "npm error" in trial.output or shown is None
        words = f"{runner} is not installed" if plain else shown[0].strip() if shown else reason
        return Lack("javascript", words) if is_absent else None
    if not trial.command.is_pytest and trial.command.declared[0] not in {"python", "python3"}:
        return None
    if python is None or (trial.command.is_pytest and not python.pytest):
        return Lack("python", "No module named 'pytest'", ("pytest",))
    own = _own_modules(tree)
    texts = "\n".join([trial.output, *_failures(trial)])
    names = [name for name in dict.fromkeys(_MODULE.findall(texts)) if name not in own]
    if names:
        return Lack("python", _listed(names), tuple(names[:NAMES_MAX]))
    sign = _SIGNS.search(texts)
    if sign:
        return Lack("python", sign[0].strip()[:160])
    if not python.missing or reason == NO_TEST:
        return None
    if trial.report is not None and trial.report.errors:
        return Lack("python", f"{counted(trial.report.errors, 'test')} in error")
    return Lack("python", reason) if status == "could_not_start" else None


def node_command(declared: Sequence[str]) -> list[str] | None:
    """Return a command of Node without the change of directory before it; None for any other."""
    argv = list(declared)
    if argv[:2] == ["sh", "-c"]:
        argv = shlex.split(argv[2].rpartition(" && ")[2])
    return argv if argv[0] in {"npx", "npm", "node"} else None


def installer(tree: "Tree") -> str:
    """Return the command by which people install what package.json asks for."""
    found = (command for lock, command in INSTALLERS.items() if tree.file(lock) is not None)
    return next(found, "npm install")


def _failures(trial: Trial) -> Iterable[str]:
    return (
        f"{each.message}\n{each.text}" for each in (trial.report.failures if trial.report else ())
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:NAMES_MAX])
    return f"No module named {shown}"


def _own_modules(tree: "Tree") -> set[str]:
    """Return the top-level modules that the repository has itself."""
    found: set[str] = set()
    for file in tree.files:
        parts = PurePosixPath(file.path).parts
        inside = parts[1:] if parts[0] in {"src", "lib"} else parts
        if file.path.endswith(".py") and inside:
            found.add(inside[0].removesuffix(".py"))
    return found
