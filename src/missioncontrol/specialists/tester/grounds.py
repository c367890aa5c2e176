"""What is tested: a bounded copy of a checkout, or the files of exactly one commit."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.building import Built, build, uncommitted

FILES_MAX = 40_000
BYTES_MAX = 600 * 1024 * 1024
FILE_BYTES_MAX = 64 * 1024 * 1024
GIT_FILES_MAX = 4_000
GIT_BYTES_MAX = 40 * 1024 * 1024
SKIPPED = frozenset(
    {"__pycache__", ".hypothesis", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".tox"}
    | {".venv", "venv", ".direnv", "htmlcov", ".gradle", ".idea"}
)
"""Caches and environments: made again where needed, or used from where they are."""
INSTALLED = "node_modules"
"""Packages of JavaScript are found beside the code alone, and no commit has them."""


class Copied(msgspec.Struct, frozen=True):
    """What the copy holds."""

    files: int
    size: int
    with_git: bool
    huge: int = 0  # files that were left out because a suite can hardly need them
    left_out: str = ""  # why the copy is not whole, or ""


class Ground(Protocol):
    """Files that tests may write to, in a directory of their own."""

    root: Path
    """Where the project's own top lies, once the files are laid."""
    where: str
    """In words, as in “run in a copy of the checkout”."""
    repository: Path
    """The checkout whose environments are used."""

    def lay(self, desk: Desk, *, is_late: Callable[[], bool]) -> Copied:
        """Put the files there."""
        ...

    def words(self, done: Copied) -> str:
        """Say what lies there."""
        ...


class OfCheckout:
    """A copy of the checkout, with what an agent has built in it."""

    where = "a copy of the checkout"

    def __init__(self, repository: Path, place: Path, change: Built | None) -> None:
        """Lay it below `place`."""
        self.repository = repository
        self.root = place / "copy"
        self.change = change
        self.uncommitted = 0
        self._scratch = place / "built"

    def lay(self, desk: Desk, *, is_late: Callable[[], bool]) -> Copied:
        """Copy, and build the change in the copy."""
        desk.log("info", "copying the checkout")
        done = copied(self.repository, self.root, is_late=is_late)
        if self.change is None or done.left_out:
            return done
        self.uncommitted = uncommitted(self.change, self.repository, self.root, self._scratch)
        if self.uncommitted:
            files = counted(self.uncommitted, "file")
            desk.log("warning", f"the checkout has {files} otherwise than the commit")
        count = build(self.change, self.repository, self.root, self._scratch)
        desk.log("info", f"{counted(count, 'file')} changed by {self.change.step}")
        return done

    def words(self, done: Copied) -> str:
        """Say what the copy has and has not."""
        git = "with its .git" if done.with_git else "without .git"
        large = f"{FILE_BYTES_MAX // 1024 // 1024} MiB"
        huge = f", without {counted(done.huge, 'file')} larger than {large}" if done.huge else ""
        files = counted(done.files, "file")
        return f"a disposable copy of {files} {git}{huge}, with an empty home directory"


class OfCommit:
    """The files of one commit in a repository of their own, whatever the checkout holds."""

    def __init__(self, lent: Lent, commit: str, place: Path) -> None:
        """Lay it below `place`."""
        below = lent.theirs.below
        self.repository = lent.theirs.path
        self.where = f"a tree of commit {commit[:12]}"
        self._lent, self._commit, self._top = lent, commit, place / "copy"
        self.root = self._top / below if below else self._top

    def lay(self, desk: Desk, *, is_late: Callable[[], bool]) -> Copied:
        """Write the files, and beside them the packages that are installed in the checkout.

        Raises:
            AttemptFailed: `tester.no_tree`.
        """
        desk.log("info", f"laying out {self._commit[:12]}")
        try:
            self._lent.laid_out(self._commit, self._top)
        except Unavailable as error:
            raise AttemptFailed(
                "tester.no_tree",
                f"The files of {self._commit[:12]} can't be laid out: {error.reason}.",
            ) from error
        if not self.root.is_dir():
            raise AttemptFailed(
                "tester.no_tree",
                f"Commit {self._commit[:12]} has no directory {self._lent.theirs.below!r}.",
                hint="Give the top of the repository.",
                retryable=False,
            )
        for source, target in self._installed():
            done = copied(source, target, is_late=is_late, within=self.repository)
            if done.left_out:
                desk.log("warning", f"without {INSTALLED}: {done.left_out}")
                shutil.rmtree(target)
        names = self._lent.git("ls-tree", "-r", "-z", "--name-only", self._commit)
        return Copied(names.count(b"\0"), 0, with_git=True)

    def _installed(self) -> Iterator[tuple[Path, Path]]:
        for depth in ("", "*/", "*/*/"):
            for manifest in sorted(self.root.glob(f"{depth}package.json")):
                target = manifest.parent / INSTALLED
                source = self.repository / target.relative_to(self.root)
                if source.is_dir() and not source.is_symlink() and not target.exists():
                    yield source, target

    def words(self, done: Copied) -> str:
        """Say what the tree is."""
        files = counted(done.files, "file")
        return f"{self.where} with its {files} and their past, with an empty home directory"


def copied(
    source: Path, target: Path, *, is_late: Callable[[], bool], within: Path | None = None
) -> Copied:
    """Copy `source` to `target`: no caches, no links that lead out, a small `.git` only.

    Links may lead anywhere `within`, by default `source` itself. Where
    `target` lies in `source`, as with a home in the checkout, the directory that holds it is no
    part of the copy.
    """
    target.mkdir(parents=True)
    root = (within or source).resolve()
    files = size = huge = 0
    for path in _walk(source, besides=target.resolve().parent):
        place = target / path.relative_to(source)
        if path.is_symlink():
            _copy_link(path, place, root)
            continue
        if path.stat().st_size > FILE_BYTES_MAX:
            huge += 1
            continue
        files, size = files + 1, size + path.stat().st_size
        if files > FILES_MAX or size > BYTES_MAX or is_late():
            return Copied(files, size, False, huge, _limit(files, size))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    return Copied(files, size, _copy_git(source / ".git", target / ".git"), huge)


def _limit(files: int, size: int) -> str:
    if files > FILES_MAX:
        return f"the checkout has more than {FILES_MAX:,} files"
    if size > BYTES_MAX:
        return f"the checkout has more than {BYTES_MAX // 1024 // 1024} MiB"
    return "copying the checkout took all the time there was"


def _walk(source: Path, *, besides: Path) -> Iterator[Path]:
    """Yield files and links, sorted; pipes, sockets and devices are passed over."""
    for directory, names, files in os.walk(source):
        here = Path(directory)
        if here.resolve() == besides:
            names.clear()
            continue
        links = [name for name in names if (here / name).is_symlink()]
        skipped = SKIPPED | {".git"} if here == source else SKIPPED
        names[:] = sorted(n for n in names if n not in skipped and n not in links)
        for name in sorted([*files, *links]):
            path = here / name
            if path.is_symlink() or path.is_file():
                yield path


def _copy_link(path: Path, place: Path, root: Path) -> None:
    """Keep a link only where it is relative and stays inside."""
    goal = path.readlink()
    if goal.is_absolute() or not _stays(path.parent / goal, root):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(goal)


def _stays(goal: Path, root: Path) -> bool:
    try:
        return goal.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # A loop: nothing can be reached by it.
        return False


def _copy_git(source: Path, target: Path) -> bool:
    """Copy a small `.git` without its hooks; suites that ask for a version need one."""
    if not source.is_dir() or source.is_symlink():
        return False
    files = size = 0
    for directory, _, names in os.walk(source):
        for name in names:
            files += 1
            size += (Path(directory) / name).lstat().st_size
            if files > GIT_FILES_MAX or size > GIT_BYTES_MAX:
                return False
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("hooks", "*.lock"))
    return True
