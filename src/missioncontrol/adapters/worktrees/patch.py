"""What an agent changed in its tree, as a patch that makes the same of the base."""

import shutil
from typing import Literal

import msgspec

from missioncontrol.adapters.git import LIST_BYTES_MAX, PATCH_BYTES_MAX, git
from missioncontrol.adapters.leftovers import end_leftovers
from missioncontrol.adapters.worktrees.tree import Tree
from missioncontrol.ports.agent import AttemptFailed

CHANGES_MAX = 10_000
SUBMODULE = "160000"


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
    ours = _Ours(tree)
    left_out = await _taken_in(ours)
    against = ["--cached", "--no-renames", "--raw", "-z", "--ignore-submodules=none"]
    raw = await ours.git("diff-index", *against, ours.base, bytes_max=LIST_BYTES_MAX)
    left_out += [path for path, modes in _raw(raw) if SUBMODULE in modes]
    for path in left_out:
        await ours.forget(path)
    content = await ours.diff("--binary", "--full-index", bytes_max=PATCH_BYTES_MAX)
    await _refuse_unfaithful(ours, content)
    shown = (
        path.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for path in left_out
    )
    changes = await _changes(ours)
    own = await ours.since_begun() if tree.begun.exists() else len(changes)
    return Patch(content, changes, tuple(dict.fromkeys(shown)), own)


async def taken_over(tree: Tree, patch: bytes, title: str) -> None:
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
    shutil.copyfile(tree.path / ".git" / "index", tree.own / "index")
    shutil.copyfile(tree.own / "index", tree.begun)


class _Ours:
    """The tree as seen through the repository that its agent does not know."""

    def __init__(self, tree: Tree) -> None:
        self._path = tree.path
        self.own = tree.own
        self._begun = tree.begun
        self._environment = {
            "GIT_DIR": str(tree.own),
            "GIT_WORK_TREE": str(tree.path),
            "GIT_INDEX_FILE": str(tree.own / "index"),
        }
        self._commit = tree.base
        self.base = tree.base

    async def git(
        self, *args: str, stdin: bytes = b"", index: str = "", bytes_max: int = LIST_BYTES_MAX
    ) -> bytes:
        more = {**self._environment, **({"GIT_INDEX_FILE": index} if index else {})}
        return await git(args, cwd=self._path, more=more, stdin=stdin, bytes_max=bytes_max)

    async def begin(self) -> None:
        """Find what a tree without commits is compared with."""
        if not self._commit:
            empty = await self.git("hash-object", "-w", "-t", "tree", "--stdin")
            self.base = empty.decode().strip()

    async def diff(self, *options: str, bytes_max: int = LIST_BYTES_MAX) -> bytes:
        plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
        asked = ("diff", "--cached", *plain, "--ignore-submodules=all", *options, self.base)
        return await self.git(*asked, bytes_max=bytes_max)

    async def since_begun(self) -> int:
        """Return how many files differ from the changes that the tree was given to begin with."""
        # A tree that was taken over: its files may lie in the repository of the agent alone.
        made = await self.git("write-tree", "--missing-ok", index=str(self._begun))
        asked = ("--cached", "--no-renames", "--name-only", "-z", "--ignore-submodules=all")
        named = await self.git("diff-index", *asked, made.decode().strip())
        return named.count(b"\0")

    async def forget(self, path: str) -> None:
        """Take `path` back to what it is in the base."""
        name = path.encode("utf-8", "surrogateescape")
        line = await self.git("ls-tree", "-z", "--full-tree", self.base, "--", path)
        none = b"0" * (64 if len(self.base) == 64 else 40)
        gone = b"0 " + none + b"\t" + name + b"\0"
        await self.git("update-index", "-z", "--index-info", stdin=gone + line)


async def _taken_in(ours: _Ours) -> list[str]:
    """Take the state of the tree into our index; return the repositories that lie within it."""
    await ours.begin()
    others = await ours.git("ls-files", "-z", "--others", "--exclude-standard")
    names = others.decode("utf-8", "surrogateescape").split("\0")
    within = [name.rstrip("/") for name in names if name.endswith("/")]
    paths = [".", *(f":(top,exclude,literal){name}" for name in within)]
    spec = "\0".join(paths).encode("utf-8", "surrogateescape")
    asked = ("--pathspec-from-file=-", "--pathspec-file-nul")
    await ours.git("add", "--all", *asked, stdin=spec)
    return within


async def _refuse_unfaithful(ours: _Ours, patch: bytes) -> None:
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


async def _changes(ours: _Ours) -> tuple[Change, ...]:
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


def _raw(answer: bytes) -> list[tuple[str, tuple[str, str]]]:
    """Return the paths of a raw diff without renames, each with its mode before and after."""
    parts = answer.decode("utf-8", "surrogateescape").split("\0")
    heads, paths = parts[0::2], parts[1::2]
    modes = [tuple(head.lstrip(":").split(" ")[:2]) for head in heads if head]
    return [(path, (before, after)) for path, (before, after) in zip(paths, modes, strict=False)]
