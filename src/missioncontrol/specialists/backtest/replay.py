"""Shows a repository as it was before a change: in a copy of its own that knows nothing later."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.commits.borrowed_repository import (
    TREE_SECONDS_MAX,
    Theirs,
    borrowing,
)
from missioncontrol.specialists.git import git


@contextmanager
def replaying(theirs: Theirs) -> Iterator[Path]:
    """Make a work tree that borrows their objects, and remove it afterwards.

    The copy has no remote, no tag, no log of its references and the one branch that `go_to` moves.
    """
    with tempfile.TemporaryDirectory(prefix="mission-backtest-") as folder:
        # Resolved, for git names the work tree so: on macOS the folder is behind a link.
        root = Path(folder).resolve() / _name(theirs)
        borrowing(theirs, root)
        # A log of the branch would name the changes that were replayed before: they came later.
        git(root, "config", "core.logAllRefUpdates", "false")
        yield root


def go_to(root: Path, commit: str) -> None:
    """Check out `commit` in the copy, as the newest commit of its branch.

    Raises:
        Unavailable: `backtest.incomplete_clone` where git lacks what it would write.
    """
    try:
        # Unlike `reset --hard`, this leaves no ORIG_HEAD, which would be a later commit.
        git(root, "read-tree", "--reset", "-u", commit, seconds=TREE_SECONDS_MAX)
        git(root, "update-ref", "HEAD", commit)
        git(root, "clean", "-qffdx", seconds=TREE_SECONDS_MAX)
    except Unavailable as error:
        raise Unavailable(
            "backtest.incomplete_clone",
            f"The repository can't be shown as it was at {commit[:10]}: {error.reason}.",
            hint="A partial clone lacks earlier files: replay a full one.",
        ) from None


def _name(theirs: Theirs) -> str:
    """Return what the directory of the repository is called, for plans speak of it."""
    path = theirs.path.resolve()
    top = path.parents[theirs.below.count("/")] if theirs.below else path
    if top.name == ".git":
        top = top.parent
    return top.name.removesuffix(".git") or "repository"
