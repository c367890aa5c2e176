"""Lists, recovers and deletes the refs of ours in a repository, without the event log."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Conflict, NotFound, Rejected, Unavailable
from missioncontrol.refs.git import common_directory, git
from missioncontrol.refs.names import ATTEMPTS, NAMESPACE, REPLACED, is_valid_ref
from missioncontrol.refs.push import value_of, writable_directory

LISTED_MAX = 1_000
BATCH_SIZE = 1_000
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


class StoredRef(msgspec.Struct, frozen=True):
    """One ref of ours."""

    ref: str
    commit: str  # its full id
    at: float  # seconds since the epoch: of the commit, or of its ref if that is known
    title: str
    run: str
    step: str = ""
    attempt: int = 0  # 0 where the commit does not name it
    agent: str = ""
    files: int = 0  # that differ from its first parent
    is_contained: bool = False  # in a branch


def list_stored(repository: Path, *, limit: int = LISTED_MAX) -> tuple[list[StoredRef], int]:
    """Return at most `limit` refs of ours, newest first, and how many there are in all.

    Raises:
        Unavailable: `refs.git_failed` or `refs.no_git`.
    """
    found = sorted(stored_refs(repository), key=lambda each: (-each.at, each.ref))
    shown = found[:limit]
    commits = list(dict.fromkeys(each.commit for each in shown))
    counts, apart = _counts(repository, commits), _uncontained(repository, commits)
    more = [
        msgspec.structs.replace(
            each, files=counts.get(each.commit, 0), is_contained=each.commit not in apart
        )
        for each in shown
    ]
    return more, len(found)


def stored_refs(repository: Path) -> list[StoredRef]:
    """Return all refs of ours without `files` and `is_contained`, which take long to compute."""
    command = ("for-each-ref", f"--format={_FIELDS}%00", ATTEMPTS, REPLACED)
    fields = git(repository, *command).out.split("\0")
    records = [
        fields[directory : directory + _COUNT] for directory in range(0, len(fields) - 1, _COUNT)
    ]
    common = common_directory(repository)
    return [_read(common, record) for record in records if record[1] == "commit"]


def find_stored(repository: Path, name: str) -> StoredRef:
    """Return the ref called `name`: a full name, or the part after `refs/mission/`.

    Raises:
        NotFound: `refs.unknown`.
    """
    whole = name if name.startswith(NAMESPACE) else f"{NAMESPACE}{name}"
    for each in stored_refs(repository):
        if each.ref in (whole, f"{ATTEMPTS}{name}"):
            counts = _counts(repository, [each.commit])
            is_contained = each.commit not in _uncontained(repository, [each.commit])
            return msgspec.structs.replace(
                each, files=counts.get(each.commit, 0), is_contained=is_contained
            )
    raise NotFound(
        "refs.unknown",
        f"There is no ref {name[:200]!r} in {str(repository)!r}.",
        hint="`mission repo recover` lists those there are.",
    )


def branches_with(repository: Path, commit: str, *, limit: int = 10) -> list[str]:
    """Return names of branches that contain `commit`."""
    places = ("refs/heads", "refs/remotes")
    command = ("for-each-ref", f"--count={limit}", f"--contains={commit}")
    return git(repository, *command, "--format=%(refname:short)", *places).out.splitlines()


def diff_stat(repository: Path, commit: str, *, width: int) -> str:
    """Return the diff stat of `commit` against its first parent, with at most 1,000 files."""
    shown = (f"--stat={width}", f"--stat-count={LISTED_MAX}")
    command = ("show", "--format=", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    return git(repository, *command, "--diff-merges=first-parent", *shown, commit).out


def _read(common: Path, fields: Sequence[str]) -> StoredRef:
    ref, _, commit, at, title, trailers = (field.strip() for field in fields)
    seconds = float(at or 0)
    if ref.startswith(REPLACED):
        # The commit is older than the day on which its branch was moved away from it.
        with suppress(OSError):
            seconds = max(seconds, (common / ref).stat().st_mtime)
    named = ref.removeprefix(ATTEMPTS).removeprefix(REPLACED).partition("/")[0]
    pairs = (line.partition(": ") for line in trailers.split("\n"))
    trailer_of = {name: value.strip() for name, _, value in pairs}
    attempt = trailer_of.get("Mission-Attempt", "")
    return StoredRef(
        ref,
        commit,
        seconds,
        title,
        trailer_of.get("Mission-Run", "") or named,
        trailer_of.get("Mission-Step", ""),
        int(attempt) if attempt.isdecimal() and len(attempt) < 10 else 0,
        trailer_of.get("Mission-Agent", ""),
    )


def _counts(repository: Path, commits: Sequence[str]) -> dict[str, int]:
    """Return how many files each commit changes against its first parent."""
    if not commits:
        return {}
    command = ("log", "--no-walk=unsorted", "--stdin", "--format=commit %H", "--shortstat")
    more = ("--diff-merges=first-parent", "--root", "--no-renames", "--no-ext-diff", "--no-color")
    stdin = "".join(f"{commit}\n" for commit in commits).encode()
    result = git(repository, *command, *more, stdin=stdin).out
    counts: dict[str, int] = {}
    commit = ""
    for line in result.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif match := _FILES.match(line):
            counts[commit] = int(match[1])
    return counts


def _uncontained(repository: Path, commits: Sequence[str]) -> set[str]:
    """Return those of `commits` that no branch contains."""
    if not commits:
        return set()
    stdin = "".join(f"{commit}\n" for commit in commits).encode()
    result = git(repository, "rev-list", "--stdin", "--not", "--branches", "--remotes", stdin=stdin)
    return set(result.out.split())


def create_branch(repository: Path, name: str, commit: str) -> None:
    """Create a branch at `commit`; nothing is checked out.

    Raises:
        Rejected: `refs.bad_name`, as `writable_directory`, or `refs.checked_out` where a checkout
            waits for the first commit of a branch of this name.
        Conflict: `refs.branch_exists`.
        Unavailable: `refs.not_pushed`.
    """
    ref = f"refs/heads/{name}"
    if not is_valid_ref(ref) or name.startswith("-") or name == "HEAD":
        raise Rejected(
            "refs.bad_name", f"git does not accept {name[:200]!r} as the name of a branch."
        )
    directory = writable_directory(repository)
    if value_of(directory, ref):
        raise _exists(name, directory)
    if f"branch {ref}\0" in git(directory, "worktree", "list", "--porcelain", "-z").out:
        raise Rejected(
            "refs.checked_out",
            f"A checkout of {str(directory)!r} is about to create the branch {name!r}.",
            hint="Choose another name.",
        )
    nothing = "0" * len(commit)
    command = ("update-ref", "-m", "mission repo recover", "--no-deref", ref, commit, nothing)
    result = git(directory, *command, expected_codes=range(256))
    if result.code and value_of(directory, ref):
        raise _exists(name, directory)
    if result.code:
        raise Unavailable(
            "refs.not_pushed", f"The branch {name!r} could not be created: {result.error}"
        )


def delete_refs(repository: Path, found: Sequence[StoredRef]) -> int:
    """Delete these refs, each only if it still names the same commit; return how many.

    Raises:
        Rejected: as `writable_directory`.
        Conflict: `refs.moved`; none of its batch is deleted.
    """
    assert all(each.ref.startswith(NAMESPACE) for each in found)
    directory = writable_directory(repository)
    for begin in range(0, len(found), BATCH_SIZE):
        some = found[begin : begin + BATCH_SIZE]
        # A symbolic ref is deleted itself, and not its target.
        lines = [f"option no-deref\ndelete {each.ref} {each.commit}\n" for each in some]
        result = git(
            directory,
            "update-ref",
            "--stdin",
            stdin="".join(lines).encode(),
            expected_codes=range(256),
        )
        if result.code:
            raise Conflict(
                "refs.moved",
                f"Only {begin:,} are deleted; git refuses the next ones: {result.error}",
                hint="`mission repo recover` lists what is there now.",
            )
    return len(found)


def _exists(name: str, directory: Path) -> Conflict:
    return Conflict(
        "refs.branch_exists",
        f"There is a branch {name!r} in {str(directory)!r} already.",
        hint="Choose another name.",
    )
