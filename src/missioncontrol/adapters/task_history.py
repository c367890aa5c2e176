"""Reads what became of the changes of tasks through git. Nothing is written."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path

from missioncontrol.adapters.changes import changed, commit_of, git_output
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.changes import FileChange, Line
from missioncontrol.ports.task_history import FileLine, LaterCommit

LATER_MAX = 300
"""Later commits that are looked at for one change, the newest first."""

PATHS_MAX = 500
"""Paths that git is asked about at once; of more, every commit is looked at."""

OURS = "mission/"
TRAILER = "%(trailers:key=Mission-Run,valueonly,separator=%x20)"
HEADS = ("--branches", "--remotes")


class GitTaskHistory:
    """A repository, of which commits are asked about."""

    def __init__(self, root: Path) -> None:
        """Nothing is read before it is asked for."""
        self._root = root
        self._added: dict[tuple[str, str], tuple[FileChange, ...] | None] = {}

    async def moment(self, commit: str) -> float | None:
        """See `TaskHistory.moment`."""
        if not await self._is_here(commit):
            return None
        output = await git_output(
            self._root, "show", "-s", "--format=%ct", f"{commit}^{{commit}}", "--"
        )
        return float(output)

    async def is_adopted(self, commit: str) -> bool:
        """See `TaskHistory.is_adopted`."""
        output = await git_output(
            self._root,
            *("for-each-ref", f"--contains={commit}", "--format=%(refname)"),
            *("refs/heads", "refs/remotes"),
        )
        names = output.decode("utf-8", "surrogateescape").split()
        return any(not _branch(name).startswith(OURS) for name in names)

    async def added(self, base: str, commit: str) -> frozenset[FileLine] | None:
        """See `TaskHistory.added`."""
        files = await self._changes(base, commit)
        if files is None:
            return None
        return frozenset(line for file in files for line in _lines(file.path, file.added))

    async def later(self, base: str, commit: str, *, until: float) -> list[LaterCommit]:
        """See `TaskHistory.later`."""
        files = await self._changes(base, commit) or ()
        paths = [file.path for file in files]
        output = await git_output(
            self._root,
            *("--literal-pathspecs", "log", "-z", "--no-merges", "--no-show-signature"),
            *("--full-history", "--ancestry-path", f"--max-count={LATER_MAX}"),
            *(f"--until={int(until)}", f"--format=%H %ct {TRAILER}", *HEADS, f"^{commit}", "--"),
            *(paths if len(paths) <= PATHS_MAX else ()),
        )
        found = []
        for row in output.decode("utf-8", "replace").split("\0"):
            if not row.strip():
                continue
            name, at, run = row.strip("\n").split(" ", 2)
            theirs = await self._changes(f"{name}^", name) or ()
            removed = frozenset(
                line
                for file in theirs
                for line in _lines(file.came_from or file.path, file.removed)
            )
            found.append(LaterCommit(name, float(at), run.strip(), removed))
        return found

    async def held(self, commit: str, inners: AbstractSet[str]) -> frozenset[str]:
        """See `TaskHistory.held`."""
        if not inners or not await self._is_here(commit):
            return frozenset()
        output = await git_output(self._root, "rev-list", commit, "--")
        return frozenset(inners & set(output.decode().split()))

    async def _is_here(self, commit: str) -> bool:
        try:
            return bool(await commit_of(self._root, commit))
        except Rejected:
            return False

    async def _changes(self, base: str, commit: str) -> tuple[FileChange, ...] | None:
        key = base, commit
        if key not in self._added:
            are_here = await self._is_here(base) and await self._is_here(commit)
            self._added[key] = await changed(self._root, base, commit) if are_here else None
        return self._added[key]


def _branch(name: str) -> str:
    """Return the name of a branch without its remote."""
    if name.startswith("refs/remotes/"):
        return name.split("/", 3)[-1]
    return name.removeprefix("refs/heads/")


def _lines(path: str, lines: Iterable[Line]) -> list[FileLine]:
    return [(path, text) for line in lines if (text := line.text.strip())]
