"""Takes into a tree of ours what a checkout of a person holds; the checkout is only read."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from missioncontrol.adapters.git import PATCH_BYTES_MAX, git
from missioncontrol.adapters.worktrees.patch import apply_patch
from missioncontrol.adapters.worktrees.tree import (
    INDEX,
    Tree,
    TreeState,
    inspection_environment,
    inspection_repository,
)
from missioncontrol.ports.agent import AttemptFailed

OUTSIDE = "index-outside"


async def top_of(directory: Path) -> Path:
    """Return the top of the checkout that a directory is in.

    Raises:
        AttemptFailed: `worktree.failed` where it is in none.
    """
    found = await git(["rev-parse", "--show-toplevel"], cwd=directory)
    return Path(found.decode("utf-8", "surrogateescape").rstrip("\n"))


async def commit_at(directory: Path, at: float | None = None) -> str:
    """Return the commit that a checkout is at, or was at by its reflog; "" where it has none.

    `at` is in seconds since the epoch. A checkout whose reflog begins later gives its oldest entry.
    """
    then = () if at is None else (f"HEAD@{{{int(at)} +0000}}",)
    for name in (*then, "HEAD"):
        try:
            found = await git(["rev-parse", "-q", "--verify", f"{name}^{{commit}}"], cwd=directory)
        except AttemptFailed:
            continue
        return found.decode().strip()
    return ""


async def is_changed(directory: Path, base: str) -> bool:
    """Whether a checkout differs from a commit, in its files or by the commit that it is at.

    Raises:
        AttemptFailed: `worktree.failed`.
    """
    changed = await git(["status", "--porcelain", "-z"], cwd=directory)
    return bool(changed) or await commit_at(directory) != base


async def objects_of(directory: Path) -> Path:
    """Return where a checkout has its commits: all checkouts of a repository share them.

    Raises:
        AttemptFailed: `worktree.failed` where it is in none.
    """
    found = await git(["rev-parse", "--git-common-dir"], cwd=directory)
    name = found.decode("utf-8", "surrogateescape").rstrip("\n")
    return (directory / name).resolve()


async def is_within(directory: Path, commit: str, branch: str) -> bool:
    """Whether a branch has a commit; one that is not there yet begins with what it is given."""
    tip = f"refs/heads/{branch}"
    try:
        await git(["rev-parse", "-q", "--verify", f"{tip}^{{commit}}"], cwd=directory)
    except AttemptFailed:
        return True
    try:
        await git(["merge-base", "--is-ancestor", commit, tip], cwd=directory)
    except AttemptFailed:
        return False
    return True


async def changes_since(
    place: Path, directory: Path, base: str, without: Sequence[str] = ()
) -> bytes:
    """Return what differs between a checkout and a commit, as a patch; "" for no commit.

    `place` is an empty directory, for a repository that borrows the objects of theirs. What `git`
    ignores stays outside, as do repositories within the checkout and the paths of `without`.

    Raises:
        AttemptFailed: `worktree.no_repository`, `worktree.failed`, `worktree.patch_too_large`.
    """
    own = await inspection_repository(place, directory)
    tree = Tree(directory, directory, "", base, (), own)
    if base:
        await git(["read-tree", base], cwd=directory, more=inspection_environment(tree))
    state = await TreeState.read(tree)
    return await _patch(state, without)


async def _patch(state: TreeState, without: Sequence[str]) -> bytes:
    form = ("--binary", "--full-index")
    return await state.diff(*form, bytes_max=PATCH_BYTES_MAX, without=without)


async def take_in(tree: Tree, directory: Path, title: str, without: Sequence[str] = ()) -> None:
    """Bring what differs between a checkout and the base of `tree` into the tree.

    Ignored files stay outside, as do repositories within the checkout and `without`.

    Raises:
        AttemptFailed: see `patch_of` and `apply_patch`.
    """
    theirs = msgspec.structs.replace(tree, path=directory, cwd=directory)
    if (known := tree.own / INDEX).exists():
        shutil.copyfile(known, tree.own / OUTSIDE)
    state = await TreeState.read(theirs, OUTSIDE)
    patch = await _patch(state, without)
    if patch:
        await apply_patch(tree, patch, title)
