"""Reads the changes that a repository's history tells of."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.code_changes import is_bot, is_lock, is_one_change
from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.historian.log import LOG_SECONDS_MAX, Commit, Log, read_log
from missioncontrol.specialists.ranking.kept import kept_here

COMMITS_MAX = 3_000
"""Older changes say little about how a project works today."""
VERSION = 3
"""Counted up whenever the same commits would give other changes."""


def read_changes(root: Path) -> Changes:
    """Return the newest changes below `root`; none where there is no history that can be read.

    Merges repeat what they merge, and a first commit is no change but all that came before. What
    bots make, routine, and commits of documents alone or of very many files say nothing of a goal.
    """
    commit, kept = head_commit(root), kept_here()
    if commit is None:
        return Changes(())
    key = _key(root, commit)
    found = kept.find_whole(key, list[PastChange]) if kept else None
    if found is not None:
        return Changes(found)
    try:
        log = read_log(root, seconds=LOG_SECONDS_MAX, commits_max=COMMITS_MAX)
    except Unavailable:
        log = None
    if log is None or log.is_late:
        return Changes(())  # All that the bound allows or none, however fast git is.
    read = list(_changes(log))
    if kept:
        kept.keep_whole(key, read)
    return Changes(read)


def _changes(log: Log) -> Iterator[PastChange]:
    # Where git could not count lines it says 0 of each, and binary files have none.
    is_counted = "no lines counted" not in log.obtained
    for each in log.commits:
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


def _key(root: Path, commit: str) -> bytes:
    said = f"changes {VERSION} {COMMITS_MAX}\n{root.resolve()}\n{commit}"
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
