"""Moves one ref of ours in a user's repository together with its objects: all or nothing.

`git push` to the path of the repository holds the objects in a quarantine until it moves the ref,
and moves the ref only from the expected value. Whichever process is killed in between, the
repository stays consistent; `git gc` removes what a killed push left in the quarantine.
"""

import os
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.refs.git import SETTINGS, common_directory, git
from missioncontrol.refs.names import check_writable

_RECEIVING = (
    *SETTINGS,  # Given again: the settings of the sender don't reach the receiver.
    "core.fsync=committed",
    "receive.autogc=false",
    "receive.updateServerInfo=false",
    # A branch that a person has checked out is theirs, whatever their settings say.
    "receive.denyCurrentBranch=refuse",
    "receive.denyDeleteCurrent=refuse",
    "receive.denyDeletes=false",
    "receive.denyNonFastForwards=false",
)


def push(repository: Path, git_dir: Path, commit: str, ref: str, expected: str) -> None:
    """Point `ref` of `repository` at `commit`, which `git_dir` has, if it points at `expected` now.

    Both are full ids. An `expected` of "" means that there is no such ref yet; a `commit` of ""
    removes it. Nothing happens where it points at `commit` already.

    Raises:
        Rejected: `refs.not_ours`, `refs.bad_name`, `refs.symbolic`, `refs.checked_out`, and as
            `writable_directory`.
        Conflict: `refs.moved`, where it points elsewhere.
        Unavailable: `refs.no_git`, `refs.git_failed` or `refs.not_pushed`; the ref is as it was.
    """
    check_writable(ref)
    directory = writable_directory(repository)
    _refuse_symbolic(directory, ref)
    receiver = "git " + " ".join(f"-c '{each}'" for each in _RECEIVING) + " receive-pack"
    options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed")
    result = git(
        git_dir,
        "push",
        *options,
        "--recurse-submodules=no",
        f"--receive-pack={receiver}",
        f"--force-with-lease={ref}:{expected}",
        str(directory),
        f"{commit}:{ref}",
        variables={"GIT_ALLOW_PROTOCOL": "file", "GIT_DIR": str(git_dir)},
        expected_codes=range(-64, 256),
        # A git that is killed while it moves a ref leaves a lock that blocks each later move. It
        # takes milliseconds, and the next caller sees how it ended.
        is_detached=True,
    )
    if result.code:
        _raise_failure(
            directory, commit, ref, expected, f"{_reason(result.out)} {result.error}".strip()
        )


def writable_directory(repository: Path) -> Path:
    """Return the git directory (refs and objects) of a repository that we may write to.

    Raises:
        Rejected: `refs.no_repository`, `refs.read_only`, or `refs.other_owner`: a user can no
            longer write to files that root created in their repository.
        Unavailable: `refs.no_git`.
    """
    directory = common_directory(repository)
    for part in (directory, directory / "objects", directory / "refs"):
        if not os.access(part, os.W_OK):
            raise Rejected(
                "refs.read_only",
                f"{str(part)!r} can't be written to.",
                hint="Run as a user who may write there.",
            )
    owner = (directory / "objects").stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise Rejected(
            "refs.other_owner",
            f"{str(directory)!r} belongs to user {owner}; files that root adds would be root's.",
            hint="Run as the owner of the repository.",
        )
    return directory


def value_of(repository: Path, ref: str) -> str:
    """Return the full id that `ref` names, or "" where there is none.

    Raises:
        Unavailable: `refs.no_git`.
    """
    result = git(repository, "rev-parse", "--verify", "--quiet", ref, expected_codes=range(256))
    return result.out.strip() if not result.code else ""


def _raise_failure(directory: Path, commit: str, ref: str, expected: str, why: str) -> None:
    """Raise the reason why a push failed, unless another process has made the same move."""
    present = value_of(directory, ref)
    if present == commit:
        return
    if present != expected:
        raise Conflict(
            "refs.moved",
            f"{ref} of {str(directory)!r} points at {present or 'nothing'}, "
            f"not at {expected or 'nothing'} as expected.",
            hint="Look at its present commit and try again.",
        )
    if "checked out" in why:
        raise Rejected(
            "refs.checked_out",
            f"{ref} is checked out in a work tree of {str(directory)!r}, and is not moved.",
            hint="Check out another branch there: `git worktree list` names them all.",
        )
    raise Unavailable(
        "refs.not_pushed",
        f"{ref} of {str(directory)!r} could not be written: {why or 'git gave no reason'}",
    )


def _reason(porcelain: str) -> str:
    """Return why, by `git push --porcelain`, the one ref was not moved."""
    lines = [line for line in porcelain.splitlines() if line.startswith("!")]
    return lines[0].rpartition("\t")[2] if lines else ""


def _refuse_symbolic(directory: Path, ref: str) -> None:
    """Refuse a symbolic ref: moving it would move a branch of a person."""
    result = git(directory, "symbolic-ref", "--quiet", ref, expected_codes=range(256))
    if result.code == 0:
        raise Rejected(
            "refs.symbolic",
            f"{ref} of {str(directory)!r} is a symbolic ref to {result.out.strip()}.",
            hint=f"Remove it: `git symbolic-ref --delete {ref}`.",
        )
