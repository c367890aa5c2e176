"""Chooses the merged changes of a repository that a plan can be compared with."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.specialists.git import git, git_part, top_level
from missioncontrol.specialists.kinds import classified
from missioncontrol.specialists.ranking.roles import CHANGE_LOG

LOG_SECONDS_MAX = 120.0
COMMITS_MAX = 10_000
BYTES_MAX = 64 * 1024 * 1024
GOAL_MAX = 600
"""Characters of what a message says below its subject that are part of the goal."""
WORDS_MIN = 4
CODE_MAX, FILES_MAX = 8, 16
_HEAD = "%x01%H%x02%P%x02%aN%x02%ct%x02%B%x03"
_BOT = re.compile(r"(?i)\[bot\]|(?:^|[\s_-])bot$")
_LABEL = re.compile(r"^\w+(?:\([^)]*\))?!?: ")
_ROUTINE = re.compile(
    r"(?i)^(?:merge|revert|bump|release|prepare|version|v?\d+\.\d|\[?pre-commit|upgrade \S+ to\b"
    r"|update (?:dependenc|deps\b|version|sponsors)|\w+\(deps[^)]*\)"
    r"|(?:chore|build|ci|fix)(?:\([^)]*\))?!?: ?(?:bump|release|version|upgrade|update dep))"
)
"""How subjects begin of what is routine: releases, versions, updates of dependencies."""
_NUMBER = re.compile(r"(?:\s*\(?#\d+\)?)+\s*$")
_TRAILER = re.compile(
    r"(?i)^(?:[a-z]+(?:-[a-z]+)*-by|cc|change-id|bug|issue|pr): .*$"
    r"|^[*-]? ?(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|refs?|see)\b:? *(?:\S*#\d+|https?://\S+)\W*$"
    r"|^[*-] \[[ xX]\] .*$|^-{3,}$"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_ADDRESS = re.compile(r"<?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+>?")
_LOCK = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*[-.]lock(?:\.json|\.yaml|b)?|go\.sum|package-lock\.json|pnpm-lock\.yaml"
    r"|npm-shrinkwrap\.json)$"
)
_PAPER = re.compile(r"(?i)\.(?:md|mdx|rst|adoc|txt|png|svg|jpe?g|gif|ico)$|(?:^|/)docs?/")


class PastWork(msgspec.Struct, frozen=True):
    """A merged change that says what it is for."""

    commit: str
    parent: str
    seconds: int  # of the commit date, since the epoch
    goal: str  # its message without what tools and forms wrote into it
    files: tuple[str, ...]  # that it changed, added or deleted, without lock files

    @property
    def subject(self) -> str:
        """The first line of the goal."""
        return self.goal.partition("\n")[0]


def suitable_changes(root: Path, count: int) -> list[PastWork]:
    """Return the newest changes that a plan can be compared with, at most `count`.

    Each has one parent, no bot behind it, a subject of at least four words that is no routine, and
    one to eight files of code (tests, build and settings count), of which one was there before.

    Raises:
        Rejected: `root` is no work tree of git.
        Unavailable: git does not answer.
    """
    if top_level(root) is None:
        raise Rejected(
            "backtest.no_git",
            f"{root.name!r} is no git repository, so it has no changes to replay.",
            hint="Name the directory of a clone with its history.",
        )
    args = ("log", "--no-merges", "--no-renames", "--name-only", f"--max-count={COMMITS_MAX}")
    answer = git_part(
        root, *args, f"--format={_HEAD}", seconds=LOG_SECONDS_MAX, bytes_max=BYTES_MAX
    )
    found: list[PastWork] = []
    for work in _read(answer.text):
        if len(found) == count:
            break
        if _had_code(root, work):
            found.append(work)
    return found


def is_paper(path: str) -> bool:
    """Whether a file is text for people, and not what a program reads."""
    return _PAPER.search(path) is not None or CHANGE_LOG.search(path) is not None


def cleaned(message: str) -> str:
    """Return a message without trailers, numbers of requests, forms and addresses."""
    lines = [line.rstrip() for line in _COMMENT.sub("", message).strip().split("\n")]
    subject = _ADDRESS.sub("(address)", _NUMBER.sub("", lines[0]).strip())
    body = "\n".join(line for line in lines[1:] if not _TRAILER.match(line.strip()))
    body = _ADDRESS.sub("(address)", re.sub(r"\n{3,}", "\n\n", body)).strip()
    if len(body) > GOAL_MAX:
        body = body[:GOAL_MAX].rpartition(" ")[0] + "…"
    return f"{subject}\n\n{body}".strip()


def _read(text: str) -> Iterator[PastWork]:
    for entry in text.split("\x01")[1:]:
        head, _, rest = entry.partition("\x03")
        commit, parents, author, seconds, message = head.split("\x02", 4)
        files = [line.strip('"') for line in rest.split("\n") if line.strip()]
        if len(parents.split()) != 1 or _BOT.search(author) or not message.strip():
            continue
        goal = cleaned(message)
        kept = tuple(path for path in files if not _LOCK.search(path))
        work = PastWork(commit, parents.strip(), int(seconds), goal, kept)
        if is_suitable(work):
            yield work


def is_suitable(work: PastWork) -> bool:
    """Whether a change says enough of what it is for, and is neither routine nor too large."""
    words = _LABEL.sub("", work.subject).split()
    code = [path for path in work.files if not is_paper(path)]
    fits = 1 <= len(code) <= CODE_MAX and len(work.files) <= FILES_MAX
    return fits and len(words) >= WORDS_MIN and _ROUTINE.match(work.subject) is None


def _had_code(root: Path, work: PastWork) -> bool:
    """Whether a file of code that the change touches was there before."""
    code = [
        path for path in work.files if not is_paper(path) and classified(path, b"")[1] != "binary"
    ]
    listed = git(root, "ls-tree", "--name-only", "-z", work.parent, "--", *code, seconds=30.0)
    return bool(code) and bool(listed.strip("\0"))
