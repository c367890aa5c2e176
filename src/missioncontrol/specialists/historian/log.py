"""Reads the commits of a repository, newest first, with the files that each one changed."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.git import LATE, git, git_part, head_commit, top_level
from missioncontrol.specialists.ranking.past import PastChange

COMMITS_MAX = 25_000
BYTES_MAX = 128 * 1024 * 1024
COUNT_SECONDS_MAX = 120.0
RENAMES_MAX = 400
"""Files added and deleted in one commit up to which git looks for renames."""
HEADER = "%x01%H%x02%aN%x02%ct%x02%P%x02%s%x02%b"
BODY_MAX = 400
"""Characters of a message below its subject that are stored."""
STATUS = re.compile(r"[ACDMRTUX]\d*")
FIX = re.compile(r"\b(fix(e[sd])?|bug(fix)?|regression|hotfix)\b", re.IGNORECASE)


class Change(msgspec.Struct, frozen=True):
    """What one commit did to one file."""

    path: str  # its name after the commit
    added: int  # lines; 0 in binary files
    deleted: int
    before: str = ""  # its name before, where the commit moved it


class Commit(msgspec.Struct, frozen=True):
    """One commit with its message, as far as that is stored."""

    id: str
    author: str  # the name alone; e-mail addresses stay in the repository
    seconds: int  # of the commit date, since the epoch
    parents: int
    is_fix: bool  # whether its subject speaks of a fix
    changes: tuple[Change, ...] = ()
    subject: str = ""
    body: str = ""  # the beginning of what its message says below the subject


class Log(msgspec.Struct, frozen=True):
    """The commits that were read, newest first."""

    commits: tuple[Commit, ...]
    total: int = 0  # all that there are, read or not
    cut: str = ""  # why older commits are missing; "" where all are there
    is_shallow: bool = False  # whether the clone itself lacks older commits
    obtained: str = ""

    @property
    def is_late(self) -> bool:
        """Whether the clock cut it: how much of it is there differs from time to time."""
        return self.cut.startswith(LATE)


def read_log(root: Path, *, seconds: float, commits_max: int = COMMITS_MAX) -> Log | None:
    """Return the commits that touch `root`; None where it is no work tree of git.

    Raises:
        Unavailable: git refuses to read them.
    """
    top = top_level(root)
    if top is None:
        return None
    # The whole tree needs no path; with one, git would compare every commit a second time.
    inside = () if top == root.resolve() else ("--relative", "--", ".")
    args = (
        "log",
        "-z",
        "--topo-order",
        f"--max-count={commits_max + 1}",
        f"--format=tformat:{HEADER}",
        f"-l{RENAMES_MAX}",
    )
    obtained = f"git log --numstat --find-renames, the newest {commits_max:,} commits"
    if head_commit(root) is None:
        return Log((), obtained=obtained)
    try:
        counted = ("--numstat", "--find-renames", *inside)
        answer = git_part(root, *args, *counted, seconds=seconds, bytes_max=BYTES_MAX)
    except Unavailable:
        # A partial clone lacks the contents of files, and nothing is fetched: names have to do.
        named = ("--name-status", "--find-renames=100%", *inside)
        answer = git_part(root, *args, *named, seconds=seconds, bytes_max=BYTES_MAX)
        obtained = f"git log --name-status, the newest {commits_max:,} commits, no lines counted"
    commits = tuple(_commits(answer.text))
    cut = answer.cut
    if cut:
        commits = commits[:-1]  # the last one may lack some of its changes
    elif len(commits) > commits_max:
        commits, cut = commits[:commits_max], f"only the newest {commits_max:,} commits were read"
    total = count_commits(root) if cut else len(commits)
    return Log(commits, max(total, len(commits)), cut, _is_shallow(root), obtained)


def count_commits(root: Path) -> int:
    """Return how many commits touch `root`; 0 where there is none.

    Raises:
        Unavailable: git does not answer.
    """
    if head_commit(root) is None:
        return 0
    top = top_level(root)
    inside = () if top == root.resolve() else ("--", ".")
    counted = git(root, "rev-list", "--count", "HEAD", *inside, seconds=COUNT_SECONDS_MAX)
    return int(counted.strip() or 0)


def as_past(commits: tuple[Commit, ...]) -> Iterator[PastChange]:
    """Yield the commits that are no merges as the ranking takes them."""
    for commit in commits:
        if commit.parents < 2:
            yield PastChange(
                commit.id,
                commit.seconds,
                f"{commit.subject}\n\n{commit.body}".strip(),
                tuple(change.path for change in commit.changes),
                tuple((change.before, change.path) for change in commit.changes if change.before),
                commit.author,
            )


def _is_shallow(root: Path) -> bool:
    try:
        return git(root, "rev-parse", "--is-shallow-repository", seconds=10).strip() == "true"
    except Unavailable:
        return False


def _commits(text: str) -> Iterator[Commit]:
    """Take apart what `-z` separates: headers, `added TAB deleted TAB path`, and moved names."""
    header: str | None = None
    changes: list[Change] = []
    tokens = iter(text.split("\0"))
    for token in tokens:
        bare = token.lstrip("\n")
        if bare.startswith("\x01"):
            if header is not None:
                yield _commit(header, changes)
            header, changes = bare[1:], []
            continue
        if STATUS.fullmatch(bare):
            before = next(tokens, "") if bare[0] in "RC" else ""
            changes.append(Change(next(tokens, ""), 0, 0, before if bare[0] == "R" else ""))
            continue
        counts = bare.split("\t", 2)
        if len(counts) == 3:
            before = "" if counts[2] else next(tokens, "")
            path = counts[2] or next(tokens, "")
            changes.append(Change(path, _number(counts[0]), _number(counts[1]), before))
    if header is not None:
        yield _commit(header, changes)


def _commit(header: str, changes: list[Change]) -> Commit:
    parts = header.split("\x02", 5) + [""] * 6
    commit, author, seconds, parents, subject, body = parts[:6]
    is_fix = bool(FIX.search(subject))
    when = _number(seconds)
    return Commit(
        commit,
        _name(author),
        when,
        len(parents.split()),
        is_fix,
        tuple(changes),
        subject,
        body.strip()[:BODY_MAX],
    )


def _name(author: str) -> str:
    """Return the name without an address: some people put theirs where the name belongs."""
    bare = re.sub(r"<[^>]*>", "", " ".join(author.split())).strip() or author.strip("<> ")
    return bare.partition("@")[0] if "@" in bare else bare or "(no name)"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
