"""Shows a repository as it was before a change: in a copy of its own that knows nothing later."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from missioncontrol.specialists.git import git

SECONDS_MAX = 120.0
BRANCH = "refs/heads/main"


@contextmanager
def replaying(source: Path) -> Iterator[Path]:
    """Make a work tree that borrows the objects of `source`, and remove it afterwards.

    `source` is only read. The copy has no remote, no tag and the one branch that `go_to` moves.

    Raises:
        Unavailable: git does not answer.
    """
    common = git(source, "rev-parse", "--path-format=absolute", "--git-common-dir", seconds=30.0)
    with tempfile.TemporaryDirectory(prefix="mission-backtest-") as folder:
        root = Path(folder) / source.resolve().name
        root.mkdir()
        git(root, "init", "-q", seconds=SECONDS_MAX)
        borrowed = root / ".git/objects/info/alternates"
        borrowed.write_text(f"{common.strip()}/objects\n", encoding="utf-8")
        yield root


def go_to(root: Path, commit: str) -> None:
    """Let a copy be as it was at `commit`, the newest that its branch has.

    Raises:
        Unavailable: git cannot check it out, as in a partial clone.
    """
    for args in (
        ("update-ref", BRANCH, commit),
        ("symbolic-ref", "HEAD", BRANCH),
        ("reset", "-q", "--hard", commit),
        ("clean", "-qfdx"),
    ):
        git(root, *args, seconds=SECONDS_MAX)
