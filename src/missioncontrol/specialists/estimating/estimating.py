"""Adds estimates to a plan, from the changes in the history, or why there is none."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.code_changes import is_bot, is_lock, is_one_change
from missioncontrol.specialists.estimating.changes import Foreseen, from_changes
from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.estimating.runs import from_runs
from missioncontrol.specialists.historian.log import Commit, Log
from missioncontrol.specialists.historian.walk import read_history
from missioncontrol.specialists.specialist import Brief, Desk

COMMITS_MAX = 3_000
"""Older changes say little about how a project works today."""


def with_estimates(plan: Plan, brief: Brief, desk: Desk) -> Plan:
    """Return the plan with its estimates, and tell those of the whole while it forms."""
    plan = estimated(plan, brief)
    for each in plan.estimates:
        desk.log("info", f"Estimate: {each.measure} {each.span}; {each.calibration}")
    for why in plan.unestimated:
        desk.log("info", why)
    return plan


def estimated(plan: Plan, brief: Brief) -> Plan:
    """Return the plan with its estimates, from the repository's history and from earlier runs."""
    changes = Changes(()) if brief.repository is None else read_changes(brief.repository)
    # Without a repository there is no history to miss.
    code = from_changes(plan, changes) if brief.repository is not None else Foreseen()
    runs = from_runs(brief.actuals)
    estimates = (*code.estimates, *runs.estimates)
    unestimated = (*code.unestimated, *runs.unestimated)
    return msgspec.structs.replace(plan, estimates=estimates, unestimated=unestimated)


def read_changes(root: Path) -> Changes:
    """Return the newest changes below `root`; none where there is no history that can be read.

    Merges repeat what they merge, and a first commit is no change but all that came before. What
    bots make, routine, and commits of documents alone or of very many files say nothing of a goal.

    Raises:
        AttemptFailed: `history.too_slow`.
    """
    try:
        log = read_history(root)
    except Unavailable:
        log = None
    return Changes(_changes(log)) if log else Changes(())


def _changes(log: Log) -> Iterator[PastChange]:
    # Where git could not count lines it says 0 of each, and binary files have none.
    is_counted = "no lines counted" not in log.obtained
    for each in log.commits[:COMMITS_MAX]:
        if each.parents == 1 and not is_bot(each.author):
            change = _change(each, is_counted)
            paths = [piece.path for piece in change.pieces if not is_lock(piece.path)]
            if is_one_change(change.ask.subject, paths):
                yield change


def _change(commit: Commit, is_counted: bool) -> PastChange:
    pieces = tuple(
        Piece(each.path, each.added + each.deleted if is_counted else None)
        for each in commit.changes
    )
    return PastChange(commit.id, Ask.of(f"{commit.subject}\n\n{commit.body}"), pieces)
