"""Moves one ref of ours in a user's repository, and brings the objects it needs: all or nothing.

`git push` does it, to the path of the repository: the objects wait in a quarantine until the ref is
moved, and the ref is moved only from the value that was expected. Whatever is killed in between,
the repository is as before or whole; what a killed push left in the quarantine, `git gc` removes.
"""

import os
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.refs.names import refuse_foreign
from missioncontrol.refs.program import SETTINGS, common_directory, git

_RECEIVING = (
    *SETTINGS,  # Given again: what the sender is started with doesn't reach the receiver.
    "core.fsync=committed",
    "receive.autogc=false",
    "receive.updateServerInfo=false",
    # A branch that somebody has checked out is theirs, whatever their settings say.
    "receive.denyCurrentBranch=refuse",
    "receive.denyDeleteCurrent=refuse",
    "receive.denyDeletes=false",
    "receive.denyNonFastForwards=false",
)


def push(repository: Path, git_dir: Path, commit: str, ref: str, expected: str) -> None:
    """Let `ref` of `repository` name `commit`, which `git_dir` has, if it names `expected` now.

    Both are full ids. An `expected` of "" means that there is no such ref yet; a `commit` of ""
    removes it. Where it names `commit` already, nothing happens.

    Raises:
        Rejected: `refs.not_ours`, `refs.bad_name`, `refs.symbolic`, `refs.checked_out`, and as
            `writable`.
        Conflict: `refs.moved`, where it names something else.
        Unavailable: `refs.no_git`, `refs.git_failed` or `refs.not_pushed`; the ref is as it was.
    """
    refuse_foreign(ref)
    place = writable(repository)
    _refuse_symbolic(place, ref)
    receiver = "git " + " ".join(f"-c '{each}'" for each in _RECEIVING) + " receive-pack"
    options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed")
    said = git(
        git_dir,
        "push",
        *options,
        "--recurse-submodules=no",
        f"--receive-pack={receiver}",
        f"--force-with-lease={ref}:{expected}",
        str(place),
        f"{commit}:{ref}",
        more={"GIT_ALLOW_PROTOCOL": "file", "GIT_DIR": str(git_dir)},
        fine=range(-64, 256),
        # A git that is killed while it moves a ref leaves a lock beside it, and nobody could move
        # the ref any more. It takes milliseconds, and whoever asks next sees how it ended.
        is_apart=True,
    )
    if said.code:
        _explain(place, commit, ref, expected, f"{_reason(said.out)} {said.complaint}".strip())


def writable(repository: Path) -> Path:
    """Return where git keeps the refs and objects of a repository that we may write to.

    Raises:
        Rejected: `refs.no_repository`, `refs.read_only`, or `refs.other_owner`: what root wrote
            into the repository of a user, the user could not write to any more.
        Unavailable: `refs.no_git`.
    """
    place = common_directory(repository)
    for part in (place, place / "objects", place / "refs"):
        if not os.access(part, os.W_OK):
            raise Rejected(
                "refs.read_only",
                f"{str(part)!r} can't be written to.",
                hint="Run as a user who may write there.",
            )
    owner = (place / "objects").stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise Rejected(
            "refs.other_owner",
            f"{str(place)!r} belongs to user {owner}, and what root writes there would be root's.",
            hint="Run as the owner of the repository.",
        )
    return place


def value_of(repository: Path, ref: str) -> str:
    """Return the full id that `ref` names, or "" where there is none.

    Raises:
        Unavailable: `refs.no_git`.
    """
    said = git(repository, "rev-parse", "--verify", "--quiet", ref, fine=range(256))
    return said.out.strip() if not said.code else ""


def _explain(place: Path, commit: str, ref: str, expected: str, why: str) -> None:
    """Say why a push failed, unless somebody else has done the same meanwhile."""
    present = value_of(place, ref)
    if present == commit:
        return
    if present != expected:
        raise Conflict(
            "refs.moved",
            f"{ref} of {str(place)!r} names {present or 'nothing'}, "
            f"and {expected or 'nothing'} was expected.",
            hint="Look at what it names now, and decide again.",
        )
    if "checked out" in why:
        raise Rejected(
            "refs.checked_out",
            f"{ref} is checked out in a work tree of {str(place)!r}, and is not moved.",
            hint="Check out another branch there: `git worktree list` names them all.",
        )
    raise Unavailable(
        "refs.not_pushed",
        f"{ref} of {str(place)!r} could not be written: {why or 'git gave no reason'}",
    )


def _reason(porcelain: str) -> str:
    """Return what `git push --porcelain` says of the one ref that it did not move."""
    lines = [line for line in porcelain.splitlines() if line.startswith("!")]
    return lines[0].rpartition("\t")[2] if lines else ""


def _refuse_symbolic(place: Path, ref: str) -> None:
    """Refuse a name that stands for another: moving it would move a branch of somebody."""
    said = git(place, "symbolic-ref", "--quiet", ref, fine=range(256))
    if said.code == 0:
        raise Rejected(
            "refs.symbolic",
            f"{ref} of {str(place)!r} stands for {said.out.strip()}, which is not ours.",
            hint=f"Remove it: `git symbolic-ref --delete {ref}`.",
        )
