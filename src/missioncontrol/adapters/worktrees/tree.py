"""A tree: where an agent works, and the repository through which we look at it."""

import os
import shutil
from pathlib import Path

import msgspec

from missioncontrol.adapters.git import git
from missioncontrol.adapters.leftovers import mark
from missioncontrol.adapters.worktrees.source import Source
from missioncontrol.ports.agent import Assignment
from missioncontrol.refs import as_file_name

_AGENTS_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "user.name": "Mission Control",
    "user.email": "mission-control@localhost",
}
"""What an agent finds in the settings of its repository; it may change them."""


class Tree(msgspec.Struct, frozen=True):
    """A work tree, checked out at its base."""

    path: Path
    cwd: Path  # the directory in it that was asked for, or its top
    branch: str  # exists in the tree's own repository alone
    base: str  # the full id of a commit; "" where the repository has none yet
    notes: tuple[str, ...]  # what is not in the tree, for people
    own: Path  # the repository through which we look at the tree

    @property
    def place(self) -> Path:
        """The directory of all that belongs to this tree."""
        return self.path.parent

    @property
    def begun(self) -> Path:
        """The index of what an earlier step changed; there is none where nothing was taken over."""
        return self.own / "index-begun"

    @property
    def environment(self) -> dict[str, str]:
        """What every program that works in the tree is started with, to be found again."""
        return mark(self.place)


def reopened(place: Path, *, branch: str, base: str, cwd: str, notes: tuple[str, ...]) -> Tree:
    """Return the tree that an earlier attempt left in `place`, as it is."""
    path = place / "tree"
    return Tree(path, path / cwd, branch, base, notes, place / "own.git")


async def made(place: Path, branch: str, repository: Path, base: str) -> Tree:
    """Return a tree in `place`, checked out at `base` of `repository`.

    Raises:
        AttemptFailed: see `worktree`.
    """
    source = await Source.found(repository)
    commit = await source.commit(base)
    path, own = place / "tree", place / "own.git"
    for begun, more in ((path, ()), (own, ("--bare",))):
        form = f"--object-format={source.object_format}"
        head = f"--initial-branch={branch}"
        await git(["init", "-q", "--template=", form, head, *more, str(begun)], cwd=place)
        source.lend(begun if more else begun / ".git")
    if commit:
        await git(["update-ref", f"refs/heads/{branch}", commit], cwd=own)
    await _settle_in(path, branch, commit)
    if (path / ".git" / "index").exists():
        shutil.copyfile(path / ".git" / "index", own / "index")
    inside = path / source.below if source.below else path
    cwd = inside if inside.is_dir() else path
    notes = await source.notes(own, is_head=not base)
    return Tree(path, cwd, branch, commit, notes, own)


async def _settle_in(path: Path, branch: str, commit: str) -> None:
    """Give the agent's repository its settings, and its tree the files of `commit`."""
    for name, value in _AGENTS_SETTINGS.items():
        await git(["config", name, value], cwd=path)
    if commit:
        await git(["update-ref", f"refs/heads/{branch}", commit], cwd=path)
        await git(["reset", "--hard", "-q"], cwd=path)


def branch_of(assignment: Assignment) -> str:
    """Return a name that git takes: other people's words stand in those of runs and steps."""
    run, step = as_file_name(assignment.run), as_file_name(assignment.step)
    return f"mission/{run}/{step}-{assignment.attempt}"
