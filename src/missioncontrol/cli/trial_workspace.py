"""The place of one trial: a tree to work in, and a copy of what was left that checks run in."""

import asyncio
import os
import shutil
from pathlib import Path

import msgspec

from missioncontrol.adapters import snapshots
from missioncontrol.adapters.git import git
from missioncontrol.adapters.orphans import end_leftovers, mark
from missioncontrol.adapters.worktrees import Tree, patch_of
from missioncontrol.adapters.worktrees.tree import create_tree
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.evaluation import SEED_VARIABLE, Checked
from missioncontrol.domain.visible import visible
from missioncontrol.evaluation.judgement import Left
from missioncontrol.evaluation.scenario import Scenario
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.ports.trials import Check
from missioncontrol.specialists.tester.command_runner import run

SHOWN_LINES = 20
SHOWN_MAX = 2_000
READ_BYTES_MAX = 4 * 1024 * 1024
BRANCH = "trial"


class Place(msgspec.Struct, frozen=True):
    """Directories of one trial, and of nothing else."""

    root: Path

    @property
    def repository(self) -> Path:
        """The snapshot, as an agent with trees of its own finds it."""
        return self.root / "repository"

    @property
    def home(self) -> Path:
        """The home directory of a program that works in `tree`."""
        return self.root / "work" / "home"

    @property
    def tree(self) -> Path:
        """Where a program works that has no tree of its own."""
        return self.root / "work" / "tree"

    async def lay_out(self, scenario: Scenario, *, with_tree: bool) -> str:
        """Make it again, and return the commit of the snapshot.

        Raises:
            AttemptFailed: see `snapshots.repository`.
        """
        await self.clear()
        commit = await snapshots.repository(scenario.files, self.repository)
        if with_tree:
            work = self.tree.parent
            (self.home / "temporary").mkdir(parents=True)
            await create_tree(work, BRANCH, self.repository, commit)
        return commit

    async def left(self, commit: str) -> bytes:
        """Return as a patch what a program changed in `tree`, whatever it did to the git there.

        Raises:
            AttemptFailed: see `patch_of`.
        """
        work = self.tree.parent
        if not self.tree.is_dir() or self.tree.is_symlink():
            raise AttemptFailed("worktree.failed", "its tree is gone")
        tree = Tree(self.tree, self.tree, BRANCH, commit, (), work / "own.git")
        return (await patch_of(tree)).content

    async def clear(self) -> None:
        """Remove it, with whatever is still at work there."""
        if self.root.exists():
            await end_leftovers(self.tree.parent)
            await asyncio.to_thread(_removed, self.root)


class Held(msgspec.Struct, frozen=True):
    """What was left, as the checks find it; each gets a copy of its own."""

    scenario: Scenario
    place: Path
    seed: int
    sandbox: Sandbox

    async def lay_out(self, commit: str, patch: bytes) -> Left:
        """Make it of the scenario and the patch alone, and return what changed.

        Raises:
            AttemptFailed: see `snapshots.with_patch`.
        """
        await asyncio.to_thread(_removed, self.place)
        whole = self.place / "whole"
        await snapshots.with_patch(self.scenario.files, commit, patch, whole)
        asked = ["diff", "--cached", "--name-only", "--no-renames", "-z", commit]
        names = (await git(asked, cwd=whole)).decode("utf-8", "replace").split("\0")
        await asyncio.to_thread(snapshots.lay, self.scenario.hidden, whole)
        return Left(patch, tuple(name for name in names if name))

    async def clear(self) -> None:
        """Remove it."""
        await asyncio.to_thread(_removed, self.place)

    async def checked(self, check: Check) -> Checked:
        """Run one check."""
        try:
            return await asyncio.to_thread(self._run, check)
        finally:
            await end_leftovers(self.place)

    def _run(self, check: Check) -> Checked:
        copy, home, output = (self.place / name for name in ("copy", "home", "output"))
        for each in (copy, home):
            _removed(each)
        shutil.copytree(self.place / "whole", copy, symlinks=True)
        (home / "tmp").mkdir(parents=True)
        ran = run(
            check.argv,
            directory=copy,
            environment={**surroundings(home, self.seed), **mark(self.place)},
            output=output,
            seconds_max=check.seconds_max,
            tick=lambda _: None,
            sandbox=self.sandbox,
            own=(home,),
        )
        text = _read_output(output)
        passed = ran.exit_code == 0 and not ran.stopped and check.says in text
        ending = "" if passed else _ending(f"{text}\n{ran.stopped}".strip())
        return Checked(check.name, passed, ran.exit_code, ran.seconds, ending)


async def verified(scenario: Scenario, place: Path, seed: int, sandbox: Sandbox) -> str:
    """Return the commit of a scenario's snapshot, once its checks do there what they should.

    Raises:
        Rejected: `scenario.solved`, `scenario.broken`, `scenario.no_program`.
    """
    _refuse_absent(scenario)
    held = Held(scenario, place, seed, sandbox)
    commit = await snapshots.repository(scenario.files, place / "whole")
    await asyncio.to_thread(snapshots.lay, scenario.hidden, place / "whole")
    for check in scenario.checks:
        found = await held.checked(check)
        if found.passed and not check.passes_before:
            raise Rejected(
                "scenario.solved",
                f"Scenario {scenario.id!r} is solved already: {check.name!r} passes before "
                "anything is done.",
                hint='Check what is missing, or say before = "passes".',
            )
        if not found.passed and check.passes_before:
            raise Rejected(
                "scenario.broken",
                f"Scenario {scenario.id!r} is broken: {check.name!r} should pass before anything "
                f"is done, and ended with status {found.exit_code}. {found.said[-500:]}".rstrip(),
                hint='Mend the snapshot or the check, or say before = "fails".',
            )
    await held.clear()
    return commit


def surroundings(home: Path, seed: int) -> dict[str, str]:
    """Return the variables of a check: nothing of the person's own but where programs are."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        SEED_VARIABLE: str(seed),
        **FIXED,
    }


FIXED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": "1767225600",
    "TZ": "UTC",
}
"""Of checks, and of programs that are evaluated: the same on every machine."""


def _refuse_absent(scenario: Scenario) -> None:
    for check in scenario.checks:
        program = check.argv[0]
        is_given = program in scenario.files or program in scenario.hidden
        if "/" not in program and shutil.which(program) is None:
            raise Rejected(
                "scenario.no_program",
                f"Check {check.name!r} of scenario {scenario.id!r} starts {program!r}, and there "
                "is no such program here.",
                hint="Install it, or leave the scenario out.",
            )
        if "/" in program and not is_given and not Path(program).is_absolute():
            plain = program.removeprefix("./")
            if plain not in scenario.files and plain not in scenario.hidden:
                raise Rejected(
                    "scenario.no_program",
                    f"Check {check.name!r} of scenario {scenario.id!r} starts {program!r}, which "
                    "is none of its files.",
                )


def _read_output(output: Path) -> str:
    with output.open("rb") as file:
        return file.read(READ_BYTES_MAX).decode("utf-8", "replace")


def _ending(text: str) -> str:
    return visible("\n".join(text.splitlines()[-SHOWN_LINES:]))[-SHOWN_MAX:]


def _removed(place: Path) -> None:
    """Remove `place`, also where an agent took away the right to."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        for directory, _, _ in os.walk(place):
            Path(directory).chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)
