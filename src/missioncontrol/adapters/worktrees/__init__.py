"""A work tree and branch for each attempt; the result is a patch and, on request, a commit.

The tree belongs to a small repository that borrows the objects of the user's repository. So
whatever an agent does there with git (stash, branches, settings, hooks), the user's repository is
only read, except for the one ref that saves the final state. We inspect the tree through a second
repository that the agent never sees: in the settings of its own, it could name programs that our
git would start.
"""

import asyncio
import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.orphans import end_leftovers
from missioncontrol.adapters.processes import is_alive, start_time
from missioncontrol.adapters.worktrees import sessions
from missioncontrol.adapters.worktrees.patch import Change, Patch, apply_patch, patch_of
from missioncontrol.adapters.worktrees.saved_commits import NOTE as KEEP_NOTE
from missioncontrol.adapters.worktrees.saved_commits import (
    SavedCommit,
    Scrub,
    save_commit,
    write_note,
)
from missioncontrol.adapters.worktrees.sessions import Session
from missioncontrol.adapters.worktrees.tree import Tree, branch_of, create_tree, reopen_tree
from missioncontrol.ports.agent import Assignment, AttemptFailed, ProcessHandle

__all__ = [
    "Change",
    "Patch",
    "ResumeRequest",
    "SavedCommit",
    "Session",
    "Tree",
    "apply_patch",
    "patch_of",
    "remove_settled",
    "save_commit",
    "sweep",
    "worktree",
]


class ResumeRequest(msgspec.Struct, frozen=True):
    """Which interrupted attempt to resume."""

    task: str
    holds: Callable[[Path, Session], bool]  # whether the tool still has the conversation
    gone: Callable[[str], None]  # called with the reason to start over


_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def worktree(
    root: Path,
    assignment: Assignment,
    repository: Path,
    *,
    base: str = "",
    scrub: Scrub | None = None,
    resumes: ResumeRequest | None = None,
) -> AsyncIterator[Tree]:
    """Yield a tree for this attempt alone, at `base` or at the checked-out commit.

    With `resumes`, yield the tree of an interrupted attempt of the same task where one has a
    session that can be resumed. A tree that has a session when its attempt fails or is cancelled
    stays until `remove_settled` or `sweep` finds that its run has ended.

    With `scrub`, save the final state as a commit in the repository, however the attempt ends,
    after `scrub` has removed the secrets. `save_commit` does it earlier. A tree that can't be saved
    stays, and `sweep` tries again.

    Raises:
        AttemptFailed: `worktree.no_repository`, `worktree.unknown_base`, `worktree.not_writable`
            or `worktree.failed`.
    """
    folder = _folder(root, assignment.run)
    place = await _resumable(folder, resumes) if resumes is not None else None
    session = sessions.read(place) if place is not None else None
    if place is None or session is None:
        place = await asyncio.to_thread(_create_place, folder, f"{assignment.fence}-")
    is_interrupted = False
    try:
        if session is not None:
            tree = reopen_tree(place, **_of_tree(session))
        else:
            tree = await create_tree(place, branch_of(assignment), repository, base)
        if scrub is not None:
            await asyncio.to_thread(write_note, tree, repository, assignment)
        yield tree
    except (AttemptFailed, asyncio.CancelledError):
        # A cancelled attempt may be resumed, too: the engine is closing, or a limit ended it.
        is_interrupted = sessions.read(place) is not None
        raise
    finally:
        # Shielded, so that it completes even if a second cancellation interrupts this task.
        end = _release(place, scrub) if is_interrupted else _clear(place, scrub)
        await asyncio.shield(asyncio.ensure_future(end))


async def _resumable(folder: Path, resumes: ResumeRequest) -> Path | None:
    """Return the tree of an interrupted attempt; remove one whose session is gone."""
    place = await asyncio.to_thread(sessions.interrupted, folder, resumes.task, _is_owned)
    if place is None:
        return None
    (place / "owner").write_bytes(msgspec.json.encode(_this_process()))
    await end_leftovers(place)
    session = sessions.read(place)
    if session is not None and (place / "tree" / ".git").is_dir() and resumes.holds(place, session):
        return place
    resumes.gone("The session of the interrupted attempt is gone, so this attempt starts over.")
    await _clear(place, None)
    return None


def _of_tree(session: Session) -> dict[str, Any]:
    fields = ("branch", "base", "cwd", "notes")
    return {name: getattr(session, name) for name in fields}


async def _release(place: Path, scrub: Scrub | None) -> None:
    """Leave a tree to the next attempt of its step; remove the oldest trees beyond the limit.

    A tree that still has to be saved, and can't be without `scrub`, is left to `sweep`.
    """
    await end_leftovers(place)
    (place / "owner").unlink(missing_ok=True)
    stale = await asyncio.to_thread(_stale, place.parent.parent)
    noted = {each for each in stale if sessions.read(each) is not None}
    for old in noted - sessions.resumable(stale):
        if scrub is None and (old / KEEP_NOTE).exists():
            sessions.forget(old)
        else:
            await _clear(old, scrub)


def _folder(root: Path, run: str) -> Path:
    """Return the folder with the trees of a run."""
    return root / re.sub(r"[^A-Za-z0-9_-]", "_", run)


async def remove_settled(root: Path, run: str, scrub: Scrub) -> None:
    """Remove the trees of a run that has ended, because none of its attempts is resumed.

    A tree in which another attempt still runs stays until the next `sweep`.
    """
    folder = _folder(root, run)
    for place in [each for each in folder.glob("*") if not _is_owned(each / "owner")]:
        await _clear(place, scrub)
    with suppress(OSError):
        folder.rmdir()


async def sweep(root: Path, scrub: Scrub, *, unsettled: Collection[str] | None = None) -> int:
    """Remove the trees of processes that have ended; return how many.

    End the processes that its tools left there first, and save what is to be saved. A tree with a
    session stays for the next attempt of its step if its run is among `unsettled`, or if
    `unsettled` is None.
    """
    stale = await asyncio.to_thread(_stale, root)
    open_to = None if unsettled is None else {_folder(root, run) for run in unsettled}
    unsettled_places = [place for place in stale if open_to is None or place.parent in open_to]
    waiting = await asyncio.to_thread(sessions.resumable, unsettled_places)
    removed = 0
    for place in stale:
        if place in waiting:
            await end_leftovers(place)
            continue
        if await _clear(place, scrub):
            removed += 1
            with suppress(OSError):
                place.parent.rmdir()
    return removed


def _create_place(root: Path, prefix: str) -> Path:
    """Return a new directory, with a unique name: health checks share the name of the attempt."""
    root.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    # First of all, because `sweep` removes a tree without an owner.
    (place / "owner").write_bytes(msgspec.json.encode(_this_process()))
    return place


async def _clear(place: Path, scrub: Scrub | None) -> bool:
    """End the processes in `place`, save its state if requested, and remove it.

    If its state can't be saved, nothing is removed.
    """
    await end_leftovers(place)
    try:
        if scrub is not None:
            await save_commit(place, scrub)
    except AttemptFailed as failure:
        _LOG.warning("%s %s", failure.reason, failure.hint)
        (place / "owner").unlink(missing_ok=True)  # Without an owner, the next sweep tries again.
        return False
    await asyncio.to_thread(_remove, place)
    return True


def _stale(root: Path) -> list[Path]:
    """Return the directories whose owner has ended or is unknown."""
    places = [place for place in root.glob("*/*") if place.is_dir()]
    return [place for place in places if not _is_owned(place / "owner")]


def _this_process() -> ProcessHandle:
    return ProcessHandle(os.getpid(), start_time(os.getpid()) or 0.0, os.getpgrp())


def _is_owned(owner: Path) -> bool:
    try:
        return is_alive(msgspec.json.decode(owner.read_bytes(), type=ProcessHandle))
    except (OSError, msgspec.DecodeError):
        return False


def _remove(place: Path) -> None:
    """Remove `place`, even if an agent removed the permission to do so."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        for directory, _, _ in os.walk(place):
            with suppress(OSError):
                Path(directory).chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)
