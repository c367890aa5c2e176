"""Reads the changes that a repository's history tells of."""

from collections.abc import Iterator
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.code_changes import is_bot, is_lock, is_one_change
from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.historian.log import Commit, Log
from missioncontrol.specialists.historian.walk import read_history

COMMITS_MAX = 3_000
"""Older changes say little about how a project works today."""


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
