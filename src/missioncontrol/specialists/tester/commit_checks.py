"""Tests and checks of exactly one commit, in a tree of it that is thrown away."""

import math
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.bench import Bench, first_started
from missioncontrol.specialists.tester.grounds import OfCommit
from missioncontrol.specialists.tester.project_commands import Declared, declared
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tree import Tree, read_tree

TAIL_CHARACTERS = 2_000
"""Of what a check printed: its end says how it ended."""


class Examined(msgspec.Struct, frozen=True, dict=True):
    """What the tests and checks of a commit showed."""

    commit: str
    declared: Declared
    tree: Tree
    bench: Bench
    trials: tuple[Trial, ...]
    checks: tuple[Trial, ...]
    words: str

    @cached_property
    def trial(self) -> Trial | None:
        """The run that says most of the tests; None where there is no test command."""
        return first_started(self.trials)

    @property
    def status(self) -> str:
        """How the tests ended."""
        return "no_test_command" if self.trial is None else self.trial.verdict.status


def examined(
    lent: Lent,
    commit: str,
    checks: Sequence[tuple[str, ...]],
    desk: Desk,
    place: Path,
    *,
    share: float = 1.0,
) -> Examined:
    """Run the tests of `commit`, then `checks`; the tests may take this share of the time left.

    Raises:
        AttemptFailed: `tester.bad_input`, `tester.no_tree`, or `tester.no_check` where the program
            of a check is not installed here: the change could do nothing about that.
    """
    if not all(checks):
        reason = "A check is an empty list of words."
        raise AttemptFailed("tester.bad_input", reason, retryable=False)
    seconds = math.inf if share >= 1.0 else desk.seconds_left() * share
    bench = Bench(OfCommit(lent, commit, place), desk, place, seconds)
    tree = read_tree(bench.copied_root())
    found = declared(tree)
    trials, words = bench.trials(found) if found.commands else ([], "")
    checked = bench.checks(found, checks)
    for each in checked:
        _refuse_missing(each)
    return Examined(commit, found, tree, bench, tuple(trials), tuple(checked), words)


def forgotten(place: Path) -> None:
    """Remove a tree; what tests have left there may not be removable."""
    shutil.rmtree(place, ignore_errors=True)


def as_json(check: Trial) -> dict[str, Any]:
    """Return what a check showed."""
    return {
        "command": list(check.command.declared),
        "status": check.verdict.status,
        "reason": check.verdict.reason,
        "exit_code": check.ran.exit_code if check.ran else None,
        "seconds": check.ran.seconds if check.ran else None,
        "tail": check.output[-TAIL_CHARACTERS:],
    }


def _refuse_missing(check: Trial) -> None:
    if not check.command.program:
        return
    raise AttemptFailed(
        "tester.no_check",
        f"The check `{' '.join(check.command.declared)}` can't be run: {check.verdict.reason}.",
        hint="Install it, in the project's own environment or on PATH; or take the check out of "
        "`checks` under [merge] in .mission/sop.toml.",
        retryable=False,
    )
