"""The changes of an agent in its tree, as a patch against the base."""

import shutil
from typing import Literal

import msgspec

from missioncontrol.adapters.git import PATCH_BYTES_MAX, git
from missioncontrol.adapters.orphans import end_leftovers
from missioncontrol.adapters.worktrees.tree import Tree, TreeState, inspection_environment
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
    """All differences from the base, in the format of `git apply`."""

    content: bytes
    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()  # submodules, and repositories within the tree
    own: int = 0  # files that differ from the initial tree, which may have changes of earlier steps


async def patch_of(tree: Tree) -> Patch:
    """Return the changes in `tree`, committed or not, without ignored files.

    End the processes in the tree first, so that it doesn't change.

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
    """Apply `patch` to the new `tree` and commit it.

    `patch_of` compares with the base, so its patch includes these changes.

    Raises:
        AttemptFailed: `worktree.patch_misfit`, if the patch does not fit the base.
    """
    try:
        await git(["apply", "--index", "--whitespace=nowarn", "-"], cwd=tree.path, stdin=patch)
    except AttemptFailed as error:
        raise AttemptFailed(
            "worktree.patch_misfit",
            f"Earlier changes do not fit commit {tree.base[:12] or 'none'}: {error.reason}",
            hint="Start both steps at the same `base`.",
            retryable=False,
        ) from None
    await git(["commit", "-q", "--no-verify", "-m", title], cwd=tree.path)
    # Our repository needs the new objects, too: the agent may remove them from its own.
    more = inspection_environment(tree)
    arguments = ["apply", "--cached", "--whitespace=nowarn", "-"]
    await git(arguments, cwd=tree.path, more=more, stdin=patch)
    shutil.copyfile(tree.path / ".git" / "index", tree.own / "index")
    shutil.copyfile(tree.own / "index", tree.begun)


async def _refuse_unfaithful(ours: TreeState, patch: bytes) -> None:
    """Raise unless the patch, applied to the base, gives exactly the present files."""
    index = str(ours.own / "index-of-patch")
    await ours.git("read-tree", ours.base, index=index)
    if patch:
        arguments = ("apply", "--cached", "--whitespace=nowarn", "-")
        await ours.git(*arguments, stdin=patch, index=index)
    made = await ours.git("write-tree", "--missing-ok", index=index)
    if made != await ours.git("write-tree", "--missing-ok"):
        raise AttemptFailed(
            "worktree.patch_unfaithful",
            "The changes cannot be written as a patch that reproduces the same files.",
            hint="Check for files whose names or types git cannot distinguish.",
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
