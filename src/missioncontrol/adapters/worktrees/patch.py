"""What an agent changed in its tree, as a patch that makes the same of the base."""

import shutil
from typing import Literal

import msgspec

from missioncontrol.adapters.git import PATCH_BYTES_MAX, git
from missioncontrol.adapters.leftovers import end_leftovers
from missioncontrol.adapters.worktrees.state import TreeState, inspection_environment
from missioncontrol.adapters.worktrees.tree import Tree
from missioncontrol.ports.agent import AttemptFailed

CHANGES_MAX = 10_000


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file that differs from the base."""

    path: str
    change: Literal["added", "changed", "deleted", "renamed", "mode"]
    was: str = ""  # the name of a renamed file before
    added: int = 0  # lines
    deleted: int = 0
    binary: bool = False


class Patch(msgspec.Struct, frozen=True):
    """All that differs from the base, as `git apply` takes it."""

    content: bytes
    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()  # submodules, and repositories within the tree
    own: int = 0  # files that differ from what the tree began with, which may be more than the base


async def patch_of(tree: Tree) -> Patch:
    """Return what was changed in `tree`, committed there or not; ignored files are no part of it.

    What is still at work in the tree is ended first, so that it holds still.

    Raises:
        AttemptFailed: `worktree.patch_too_large`, `worktree.patch_unfaithful` or
            `worktree.failed`.
    """
    await end_leftovers(tree.path.parent)
    ours = await TreeState.read(tree)
    content = await ours.diff("--binary", "--full-index", bytes_max=PATCH_BYTES_MAX)
    await _refuse_unfaithful(ours, content)
    shown = (
        path.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for path in ours.left_out
    )
    changes = await _changes(ours)
    own = await ours.count_own_changes() if tree.begun.exists() else len(changes)
    return Patch(content, changes, tuple(dict.fromkeys(shown)), own)


async def apply_patch(tree: Tree, patch: bytes, title: str) -> None:
    """Commit in `tree`, which nobody has touched yet, what `patch` makes of its base.

    The patch of the tree holds these changes too: it is made against the base all the same.

    Raises:
        AttemptFailed: `worktree.patch_misfit`, where it is not a patch of this base.
    """
    try:
        await git(["apply", "--index", "--whitespace=nowarn", "-"], cwd=tree.path, stdin=patch)
    except AttemptFailed as error:
        raise AttemptFailed(
            "worktree.patch_misfit",
            f"Changes made before do not fit commit {tree.base[:12] or 'none'}: {error.reason}",
            hint="Let both steps begin at the same `base`.",
            retryable=False,
        ) from None
    await git(["commit", "-q", "--no-verify", "-m", title], cwd=tree.path)
    # What is new has to lie in our repository too: the agent may remove it from its own.
    more = inspection_environment(tree)
    asked = ["apply", "--cached", "--whitespace=nowarn", "-"]
    await git(asked, cwd=tree.path, more=more, stdin=patch)
    shutil.copyfile(tree.path / ".git" / "index", tree.own / "index")
    shutil.copyfile(tree.own / "index", tree.begun)


async def _refuse_unfaithful(ours: TreeState, patch: bytes) -> None:
    """Refuse a patch that does not make of the base exactly what is there."""
    index = str(ours.own / "index-of-patch")
    await ours.git("read-tree", ours.base, index=index)
    if patch:
        asked = ("apply", "--cached", "--whitespace=nowarn", "-")
        await ours.git(*asked, stdin=patch, index=index)
    made = await ours.git("write-tree", "--missing-ok", index=index)
    if made != await ours.git("write-tree", "--missing-ok"):
        raise AttemptFailed(
            "worktree.patch_unfaithful",
            "The changes cannot be written as a patch that makes the same files of the base.",
            hint="Look for files whose names or kinds git cannot tell apart.",
        )


async def _changes(ours: TreeState) -> tuple[Change, ...]:
    raw = (await ours.diff("--raw", "-z")).decode("utf-8", "replace").split("\0")
    counted = (await ours.diff("--numstat", "-z")).decode("utf-8", "replace").split("\0")
    changes: list[Change] = []
    while raw and raw[0] and len(changes) < CHANGES_MAX:
        before, after, old, new, letter = raw.pop(0).lstrip(":").split(" ")
        was = raw.pop(0)
        path = raw.pop(0) if letter[0] in "RC" else was
        added, deleted, name = counted.pop(0).split("\t", 2)
        if not name:  # A renamed file: both of its names follow.
            del counted[:2]
        is_mode = letter == "M" and old == new and before != after
        kind = "mode" if is_mode else _KINDS.get(letter[0], "changed")
        is_binary = added == "-"
        lines = (0, 0) if is_binary else (int(added), int(deleted))
        changes.append(Change(path, kind, was if path != was else "", *lines, is_binary))
    return tuple(changes)


_KINDS: dict[str, Literal["added", "changed", "deleted", "renamed"]] = {
    "A": "added",
    "D": "deleted",
    "M": "changed",
    "R": "renamed",
    "T": "changed",
}
