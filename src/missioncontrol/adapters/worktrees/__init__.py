"""A work tree and branch of its own for each attempt: what comes out is a patch, and a commit.

The tree belongs to a small repository of its own that borrows the objects of the user's. So
whatever is done there, also with git (stash, branches, settings, hooks), the user's repository is
only read; where the end of an attempt is to be kept, one ref of ours is added to it. What we ask
git about the tree we ask through a second repository that the agent never sees: it could otherwise
name programs in the settings of its own, and we would start them.
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

from missioncontrol.adapters.leftovers import end_leftovers
from missioncontrol.adapters.processes import is_alive, start_time
from missioncontrol.adapters.worktrees import sessions
from missioncontrol.adapters.worktrees.patch import Change, Patch, apply_patch, patch_of
from missioncontrol.adapters.worktrees.redaction import Scrub
from missioncontrol.adapters.worktrees.saved_commits import NOTE as KEEP_NOTE
from missioncontrol.adapters.worktrees.saved_commits import SavedCommit, save_commit, write_note
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
    """Which interrupted attempt is resumed, and by whom."""

    task: str
    holds: Callable[[Path, Session], bool]  # whether the tool still has the conversation
    gone: Callable[[str], None]  # told why it starts over


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
    """Lend a tree of this attempt alone, at `base`, or at what is checked out.

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
        place = await asyncio.to_thread(_begun, folder, f"{assignment.fence}-")
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
        # A cancelled attempt may go on as well: the engine closes, or a cap or a limit ended it.
        is_interrupted = sessions.read(place) is not None
        raise
    finally:
        # A second cancellation does not wait for it, and it is done all the same.
        end = _released(place, scrub) if is_interrupted else _cleared(place, scrub)
        await asyncio.shield(asyncio.ensure_future(end))


async def _resumable(folder: Path, resumes: ResumeRequest) -> Path | None:
    """Take over the tree of an interrupted attempt; one whose session is gone is removed."""
    place = await asyncio.to_thread(sessions.interrupted, folder, resumes.task, _is_owned)
    if place is None:
        return None
    (place / "owner").write_bytes(msgspec.json.encode(_this_process()))
    await end_leftovers(place)
    session = sessions.read(place)
    if session is not None and (place / "tree" / ".git").is_dir() and resumes.holds(place, session):
        return place
    resumes.gone("The session of the interrupted attempt is not there any more; it starts over.")
    await _cleared(place, None)
    return None


def _of_tree(session: Session) -> dict[str, Any]:
    fields = ("branch", "base", "cwd", "notes")
    return {name: getattr(session, name) for name in fields}


async def _released(place: Path, scrub: Scrub | None) -> None:
    """Leave a tree to the next attempt of its step; the oldest of too many are removed.

    One whose end is to be kept, and that we can't keep here, is left to `sweep`.
    """
    await end_leftovers(place)
    (place / "owner").unlink(missing_ok=True)
    stale = await asyncio.to_thread(_stale, place.parent.parent)
    noted = {each for each in stale if sessions.read(each) is not None}
    for old in noted - sessions.kept(stale):
        if scrub is None and (old / KEEP_NOTE).exists():
            sessions.forget(old)
        else:
            await _cleared(old, scrub)


def _folder(root: Path, run: str) -> Path:
    """Return where the trees of a run are."""
    return root / re.sub(r"[^A-Za-z0-9_-]", "_", run)


async def remove_settled(root: Path, run: str, scrub: Scrub) -> None:
    """Remove the trees of a run that has ended: none of its attempts is resumed any more.

    Another attempt may still be at work in one of them; that one stays until the next `sweep`.
    """
    folder = _folder(root, run)
    for place in [each for each in folder.glob("*") if not _is_owned(each / "owner")]:
        await _cleared(place, scrub)
    with suppress(OSError):
        folder.rmdir()


async def sweep(root: Path, scrub: Scrub, *, unsettled: Collection[str] | None = None) -> int:
    """Remove the trees that a process left behind which is no more; return how many.

    End the processes that its tools left there first, and save what is to be saved. A tree with a
    session stays for the next attempt of its step if its run is among `unsettled`, or if
    `unsettled` is None.
    """
    stale = await asyncio.to_thread(_stale, root)
    open_to = None if unsettled is None else {_folder(root, run) for run in unsettled}
    resumable = [place for place in stale if open_to is None or place.parent in open_to]
    waiting = await asyncio.to_thread(sessions.kept, resumable)
    removed = 0
    for place in stale:
        if place in waiting:
            await end_leftovers(place)
            continue
        if await _cleared(place, scrub):
            removed += 1
            with suppress(OSError):
                place.parent.rmdir()
    return removed


def _begun(root: Path, prefix: str) -> Path:
    """Return a new place: proofs of several agents are attempts of the same name."""
    root.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    # First of all: a tree without an owner is swept away.
    (place / "owner").write_bytes(msgspec.json.encode(_this_process()))
    return place


async def _cleared(place: Path, scrub: Scrub | None) -> bool:
    """End what is still at work in `place`, keep what is to be kept, and remove it.

    Where that can't be kept, nothing is removed.
    """
    await end_leftovers(place)
    try:
        if scrub is not None:
            await save_commit(place, scrub)
    except AttemptFailed as failure:
        _LOG.warning("%s %s", failure.reason, failure.hint)
        (place / "owner").unlink(missing_ok=True)  # Nobody's: the next sweep tries again.
        return False
    await asyncio.to_thread(_removed, place)
    return True


def _stale(root: Path) -> list[Path]:
    """Return the places whose owner is gone, or that have lost the note of it."""
    places = [place for place in root.glob("*/*") if place.is_dir()]
    return [place for place in places if not _is_owned(place / "owner")]


def _this_process() -> ProcessHandle:
    return ProcessHandle(os.getpid(), start_time(os.getpid()) or 0.0, os.getpgrp())


def _is_owned(owner: Path) -> bool:
    try:
        return is_alive(msgspec.json.decode(owner.read_bytes(), type=ProcessHandle))
    except (OSError, msgspec.DecodeError):
        return False


def _removed(place: Path) -> None:
    """Remove `place`, also where an agent took away the right to."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        for directory, _, _ in os.walk(place):
            with suppress(OSError):
                Path(directory).chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)
