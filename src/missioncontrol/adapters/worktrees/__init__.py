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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.leftovers import end_leftovers
from missioncontrol.adapters.processes import is_alive, start_time
from missioncontrol.adapters.worktrees.cleaning import Scrub
from missioncontrol.adapters.worktrees.keeping import Kept, keep, note_down
from missioncontrol.adapters.worktrees.patch import Change, Patch, patch_of, taken_over
from missioncontrol.adapters.worktrees.tree import Tree, branch_of, made
from missioncontrol.ports.agent import Assignment, AttemptFailed, ProcessHandle

__all__ = [
    "Change",
    "Kept",
    "Patch",
    "Tree",
    "keep",
    "patch_of",
    "sweep",
    "taken_over",
    "worktree",
]

_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def worktree(
    root: Path,
    assignment: Assignment,
    repository: Path,
    *,
    base: str = "",
    keeping: Scrub | None = None,
) -> AsyncIterator[Tree]:
    """Lend a tree of this attempt alone, at `base`, or at what is checked out.

    With `keeping`, what it holds at the end is kept in the repository, whatever ended it, without
    the secrets that this takes out; `keep` does it earlier. A tree that could not be kept stays,
    and `sweep` tries again.

    Raises:
        AttemptFailed: `worktree.no_repository`, `worktree.unknown_base`, `worktree.not_writable`
            or `worktree.failed`.
    """
    run = re.sub(r"[^A-Za-z0-9_-]", "_", assignment.run)
    place = await asyncio.to_thread(_begun, root / run, f"{assignment.fence}-")
    try:
        tree = await made(place, branch_of(assignment), repository, base)
        if keeping is not None:
            await asyncio.to_thread(note_down, tree, repository, assignment)
        yield tree
    finally:
        # Whoever cancels a second time does not wait for it, and it is done all the same.
        await asyncio.shield(asyncio.ensure_future(_cleared(place, keeping)))


async def sweep(root: Path, scrub: Scrub) -> int:
    """Remove the trees that a process left behind which is no more; return how many.

    What its tools left running there is ended first, and what is to be kept is kept, as `keep`
    does it.
    """
    stale = await asyncio.to_thread(_stale, root)
    removed = 0
    for place in stale:
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
            await keep(place, scrub)
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
