"""Chooses the merged changes of a repository that a plan can be compared with."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.specialists.code_changes import (
    goal_of_message,
    is_bot,
    is_document,
    is_lock,
    is_one_change,
)
from missioncontrol.specialists.commits.borrowed_repository import Theirs

COMMITS_MAX, PAGE = 10_000, 1_000
"""Commits that are looked at in all, and at once: most replays need the first page only."""
_HEAD = "%x01%H%x02%P%x02%ct%x02%an%x02%B"
_FILES = re.compile(r"(\d+) files? changed")
_LINES = re.compile(r"(\d+) (?:insertion|deletion)")


class PastWork(msgspec.Struct, frozen=True):
    """A merged change that says what it is for."""

    commit: str
    parent: str
    seconds: int  # of the commit date, since the epoch
    goal: str  # its message without what tools and forms wrote into it
    files: tuple[str, ...]  # that it changed, added or deleted, without lock files
    added: tuple[str, ...] = ()  # those of them that were not there before
    size: int = 0  # files as estimates count them: with lock files, and one for a rename
    lines: int | None = None  # added and deleted; None where git could not count them

    @property
    def subject(self) -> str:
        """The first line of the goal."""
        return self.goal.partition("\n")[0]


def source_of(root: Path) -> Theirs:
    """Return the repository that holds `root`; it is only read through this.

    Raises:
        Rejected: `backtest.no_git`.
    """
    try:
        return Theirs.found(root)
    except NotFound:
        raise Rejected(
            "backtest.no_git",
            f"{str(root)!r} is no git repository, so it has no changes to replay.",
            hint="Name the directory of a clone with its history.",
        ) from None


def suitable_changes(root: Path, count: int) -> list[PastWork]:
    """Return the newest changes that a plan can be compared with, at most `count`, newest first.

    Each has one parent, no bot behind it, a subject of at least four words that is no routine, and
    one to eight files of code (tests, build and settings count), of which one was there before.

    Raises:
        Rejected: `backtest.no_git`, or `backtest.no_changes` where no change is suitable.
        Unavailable: git does not answer.
    """
    theirs = source_of(root)
    found: list[PastWork] = []
    for work in _commits(theirs):
        if is_suitable(work):
            found.append(_sized(theirs, work))
        if len(found) == count:
            break
    if not found:
        raise _none(theirs)
    return found


def is_suitable(work: PastWork) -> bool:
    """Whether a change says enough of what it is for, and is neither routine nor too large."""
    has_place = any(path not in work.added for path in work.files if not is_document(path))
    return has_place and is_one_change(work.subject, work.files)


def _commits(theirs: Theirs) -> Iterator[PastWork]:
    """Yield the commits of people with one parent, newest first."""
    if not theirs.commit("HEAD"):
        return
    asked = ("log", "-z", "--no-merges", "--no-renames", "--name-status", f"--format={_HEAD}")
    for skipped in range(0, COMMITS_MAX, PAGE):
        output = theirs.git(*asked, f"--max-count={PAGE}", f"--skip={skipped}")
        if not output:
            return
        yield from _read(output.decode("utf-8", "replace"))


def _read(text: str) -> Iterator[PastWork]:
    """Take apart what `-z` separates: a head, then the status and the path of each file."""
    head, changed = "", list[tuple[str, str]]()
    tokens = iter(text.split("\0"))
    for token in tokens:
        bare = token.lstrip("\n")
        if bare.startswith("\x01"):
            yield from _work(head, changed)
            head, changed = bare[1:], []
        elif bare:
            changed.append((bare, next(tokens, "")))
    yield from _work(head, changed)


def _work(head: str, changed: list[tuple[str, str]]) -> Iterator[PastWork]:
    if not head:
        return
    commit, parents, seconds, author, message = head.split("\x02", 4)
    if len(parents.split()) != 1 or is_bot(author) or not message.strip():
        return
    relevant = [(status, path) for status, path in changed if not is_lock(path)]
    files = tuple(path for _, path in relevant)
    added = tuple(path for status, path in relevant if status == "A")
    yield PastWork(commit, parents, int(seconds), goal_of_message(message), files, added)


def _sized(theirs: Theirs, work: PastWork) -> PastWork:
    asked = ("diff-tree", "-r", "--find-renames", "--shortstat", work.parent, work.commit)
    try:
        output = theirs.git(*asked).decode()
    except Unavailable:  # A partial clone lacks the contents of files.
        return msgspec.structs.replace(work, size=len(work.files))
    files = _FILES.search(output)
    size = int(files[1]) if files else len(work.files)
    return msgspec.structs.replace(work, size=size, lines=sum(map(int, _LINES.findall(output))))


def _none(theirs: Theirs) -> Rejected:
    hint = (
        "The clone is shallow: `git fetch --unshallow` brings its history."
        if theirs.shallow.is_file()
        else "A change counts that has one parent, no bot as its author, a subject of four words "
        "or more that is no release or update, and one to eight files of code, one of which was "
        "there before."
    )
    return Rejected("backtest.no_changes", "No commit of this history can be replayed.", hint=hint)
