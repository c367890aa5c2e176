"""What is tested: a copy of the checkout as it lies there, or the files of exactly one commit."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.building import Built, build, uncommitted
from missioncontrol.specialists.tester.copying import FILE_BYTES_MAX, Copied, copied

INSTALLED = "node_modules"
"""Packages of JavaScript are found beside the code alone, and no commit has them."""


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
