"""Runs the commands that a repository names, each in the same disposable copy, and tells the end.

Only what ended as it should may be stored as proven; the rest is not reported.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.tester.environment import environment
from missioncontrol.specialists.tester.grounds import copied
from missioncontrol.specialists.tester.others import with_tools
from missioncontrol.specialists.tester.project_commands import declared
from missioncontrol.specialists.tester.pythons import best_python
from missioncontrol.specialists.tester.trial import Trial, tried

COMMANDS_MAX = 12


class Wanted(msgspec.Struct, frozen=True):
    """A command to be run."""

    purpose: str
    argv: tuple[str, ...]
    source: str


class Proof(msgspec.Struct, frozen=True):
    """How a command ended."""

    wanted: Wanted
    ended: str  # passed, failed, could_not_start …
    reason: str
    exit_code: int | None
    seconds: float | None
    shown: str  # what its output says of tests

    @property
    def passed(self) -> bool:
        """Whether it ended as it should."""
        return self.ended == "passed"


def proofs(
    root: Path,
    scratch: Path,
    *,
    seconds_each: float,
    sandbox: Sandbox,
    only: Sequence[Wanted] = (),
    tick: Callable[[str], None] = lambda _: None,
) -> list[Proof]:
    """Run what the repository declares, or `only` these, in a copy below `scratch`."""
    from missioncontrol.specialists.tree import read_tree

    offered = declared(read_tree(root))
    wanted = [Wanted("test", argv, source) for argv, source in offered.commands]
    wanted += [Wanted(each.purpose, each.argv, each.source) for each in offered.offers]
    copy, home = scratch / "copy", scratch / "home"
    home.mkdir(parents=True, exist_ok=True)
    done = copied(root, copy, is_late=lambda: False)
    chosen = list(only or {each.argv: each for each in wanted}.values())[:COMMANDS_MAX]
    if done.left_out:
        return [_unproven(each, f"no copy to run it in: {done.left_out}") for each in chosen]
    surroundings = environment(copy, home)
    python = best_python(root, offered.needed, surroundings)
    found = []
    for each in chosen:
        tick(" ".join(each.argv))
        trial = tried(
            each.argv,
            each.source,
            copy=copy,
            home=home,
            environment=with_tools(surroundings, python),
            python=python,
            seconds_max=seconds_each,
            tick=lambda _: None,
            sandbox=sandbox,
            is_test=each.purpose.startswith("test"),
        )
        found.append(_proof(each, trial))
    return found


def _unproven(wanted: Wanted, reason: str) -> Proof:
    return Proof(wanted, "could_not_start", reason, None, None, "")


def _proof(wanted: Wanted, trial: Trial) -> Proof:
    ran, counts = trial.ran, trial.report or trial.seen
    shown = f"{counts.passed} passed" if counts.passed else ""
    return Proof(
        wanted,
        trial.verdict.status,
        trial.verdict.reason,
        ran.exit_code if ran else None,
        ran.seconds if ran else None,
        shown,
    )
