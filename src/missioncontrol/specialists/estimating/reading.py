"""Reads the changes that a repository's history tells of."""

from collections.abc import Iterator
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.estimating.past import Changes, PastChange, Piece
from missioncontrol.specialists.historian.log import Commit, Log
from missioncontrol.specialists.historian.walk import read_history

COMMITS_MAX = 3_000
"""Older changes say little about how a project works today."""


def read_changes(root: Path) -> Changes:
    """Return the newest changes below `root`; none where there is no history that can be read.

    Merges repeat what they merge, and a first commit is no change but all that came before.

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
        if each.parents == 1:
            yield _change(each, is_counted)


def _change(commit: Commit, is_counted: bool) -> PastChange:
    pieces = tuple(
        Piece(each.path, each.added + each.deleted if is_counted else None)
        for each in commit.changes
    )
    return PastChange(commit.id, commit.seconds, commit.subject, pieces)
