"""What is kept in a repository, as its refs and their commits say it; no record is asked."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import NotFound
from missioncontrol.refs.names import KEPT, NAMESPACE, REPLACED
from missioncontrol.refs.program import common_directory, git

LISTED_MAX = 1_000
_FIELDS = "%00".join(
    (
        "%(refname)",
        "%(objecttype)",
        "%(objectname)",
        "%(committerdate:unix)",
        "%(contents:subject)",
        "%(contents:trailers:unfold)",  # All of them: git 2.39 takes one key alone.
    )
)
_COUNT = _FIELDS.count("%00") + 1
_FILES = re.compile(r" (\d+) files? changed")


class Held(msgspec.Struct, frozen=True):
    """One ref of ours."""

    ref: str
    commit: str  # its full id
    at: float  # seconds since the epoch: when the commit was made, or the ref if that is known
    title: str
    run: str
    step: str = ""
    attempt: int = 0  # 0 where the commit does not say it
    agent: str = ""
    files: int = 0  # that differ from its first parent
    is_contained: bool = False  # in a branch, with all that it is


def held(repository: Path, *, limit: int = LISTED_MAX) -> tuple[list[Held], int]:
    """Return what is kept, the newest first and at most `limit`, and how much there is in all.

    Raises:
        Unavailable: `refs.git_failed` or `refs.no_git`.
    """
    found = sorted(bare(repository), key=lambda each: (-each.at, each.ref))
    shown = found[:limit]
    commits = list(dict.fromkeys(each.commit for each in shown))
    counts, apart = _counts(repository, commits), _apart(repository, commits)
    more = [
        msgspec.structs.replace(
            each, files=counts.get(each.commit, 0), is_contained=each.commit not in apart
        )
        for each in shown
    ]
    return more, len(found)


def bare(repository: Path) -> list[Held]:
    """Return all that is kept, without what takes long to find out."""
    asked = ("for-each-ref", f"--format={_FIELDS}%00", KEPT, REPLACED)
    fields = git(repository, *asked).out.split("\0")
    records = [fields[place : place + _COUNT] for place in range(0, len(fields) - 1, _COUNT)]
    common = common_directory(repository)
    return [_read(common, record) for record in records if record[1] == "commit"]


def one(repository: Path, name: str) -> Held:
    """Return what is kept under `name`: a whole ref, or what follows `refs/mission/`.

    Raises:
        NotFound: `refs.unknown`.
    """
    whole = name if name.startswith(NAMESPACE) else f"{NAMESPACE}{name}"
    for each in bare(repository):
        if each.ref in (whole, f"{KEPT}{name}"):
            counts = _counts(repository, [each.commit])
            is_contained = each.commit not in _apart(repository, [each.commit])
            return msgspec.structs.replace(
                each, files=counts.get(each.commit, 0), is_contained=is_contained
            )
    raise NotFound(
        "refs.unknown",
        f"Nothing is kept as {name[:200]!r} in {str(repository)!r}.",
        hint="`mission repo recover` lists what is kept.",
    )


def branches_with(repository: Path, commit: str, *, limit: int = 10) -> list[str]:
    """Return names of branches that contain `commit`."""
    places = ("refs/heads", "refs/remotes")
    asked = ("for-each-ref", f"--count={limit}", f"--contains={commit}")
    return git(repository, *asked, "--format=%(refname:short)", *places).out.splitlines()


def changed(repository: Path, commit: str, *, width: int) -> str:
    """Return what `commit` changes of its first parent, as a diff stat of 1,000 files at most."""
    shown = (f"--stat={width}", f"--stat-count={LISTED_MAX}")
    asked = ("show", "--format=", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    return git(repository, *asked, "--diff-merges=first-parent", *shown, commit).out


def _read(common: Path, fields: Sequence[str]) -> Held:
    ref, _, commit, at, title, trailers = (field.strip() for field in fields)
    seconds = float(at or 0)
    if ref.startswith(REPLACED):
        # The commit is older than the day on which its branch was moved away from it.
        with suppress(OSError):
            seconds = max(seconds, (common / ref).stat().st_mtime)
    named = ref.removeprefix(KEPT).removeprefix(REPLACED).partition("/")[0]
    pairs = (line.partition(": ") for line in trailers.split("\n"))
    said = {name: value.strip() for name, _, value in pairs}
    attempt = said.get("Mission-Attempt", "")
    return Held(
        ref,
        commit,
        seconds,
        title,
        said.get("Mission-Run", "") or named,
        said.get("Mission-Step", ""),
        int(attempt) if attempt.isdecimal() and len(attempt) < 10 else 0,
        said.get("Mission-Agent", ""),
    )


def _counts(repository: Path, commits: Sequence[str]) -> dict[str, int]:
    """Return how many files each commit changes of its first parent."""
    if not commits:
        return {}
    asked = ("log", "--no-walk=unsorted", "--stdin", "--format=commit %H", "--shortstat")
    more = ("--diff-merges=first-parent", "--root", "--no-renames", "--no-ext-diff", "--no-color")
    stdin = "".join(f"{commit}\n" for commit in commits).encode()
    said = git(repository, *asked, *more, stdin=stdin).out
    counts: dict[str, int] = {}
    commit = ""
    for line in said.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif match := _FILES.match(line):
            counts[commit] = int(match[1])
    return counts


def _apart(repository: Path, commits: Sequence[str]) -> set[str]:
    """Return those of `commits` that no branch contains."""
    if not commits:
        return set()
    stdin = "".join(f"{commit}\n" for commit in commits).encode()
    said = git(repository, "rev-list", "--stdin", "--not", "--branches", "--remotes", stdin=stdin)
    return set(said.out.split())
