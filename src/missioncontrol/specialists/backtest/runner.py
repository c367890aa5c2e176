"""Plans each change of a repository's past at its parent, and scores the plan."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.backtest.history import PastWork, source_of
from missioncontrol.specialists.backtest.scoring import (
    RANKED_MAX,
    Score,
    is_about_documents,
    scored,
    unplanned,
)
from missioncontrol.specialists.code_changes import is_document, is_lock
from missioncontrol.specialists.commits.borrowed_repository import (
    TREE_SECONDS_MAX,
    Theirs,
    borrowing,
)
from missioncontrol.specialists.estimating.estimating import estimated
from missioncontrol.specialists.git import git
from missioncontrol.specialists.kinds import HEAD_BYTES, is_binary
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.specialist import Brief

# The least to beat: plain BM25 over the paths and texts of a repository's files of code.

PATH_FACTOR = 5
FILE_BYTES_MAX = 1024 * 1024
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+")
"""A word of prose, or of an identifier. The words of our own ranking are not used here: what it is
measured against should not change with it."""


class Baseline:
    """Ranks files for a goal; the words of contents that stay are counted once for all changes."""

    def __init__(self) -> None:
        """Begin without any file."""
        self._counts: dict[str, dict[str, int]] = {}

    def ranked(self, root: Path, goal: str, leave_out: Iterable[str], limit: int) -> list[str]:
        """Return the best files of the work tree at `root` for `goal`, at most `limit`."""
        out = set(leave_out)
        blobs = {path: blob for path, blob in tracked(root).items() if path not in out}
        # Contents that are gone from the tree are forgotten, so this is never larger than a tree.
        self._counts = {
            blob: self._counts.get(blob) or words_of(_text(root / path))
            for path, blob in blobs.items()
        }
        paths = sorted(blobs)
        field = Field(
            (_with_path(self._counts[blobs[path]], path) for path in paths), length_share=0.75
        )
        scores = field.scores(words_of(goal))
        return [paths[n] for n in sorted(scores, key=lambda n: (-scores[n], paths[n]))[:limit]]


def tracked(root: Path) -> dict[str, str]:
    """Return the regular files that git tracks in the work tree at `root`, with their blobs."""
    listed = git(root, "ls-files", "--stage", "-z").split("\0")
    entries = (line.split("\t", 1) for line in listed if "\t" in line)
    return {path: about.split()[1] for about, path in entries if about.startswith("100")}


def words_of(text: str) -> dict[str, int]:
    """Return how often each word occurs; identifiers are split, and single letters left out."""
    return Counter(word.lower() for word in _WORD.findall(text) if len(word) > 1)


def _with_path(counts: Mapping[str, int], path: str) -> dict[str, int]:
    found = dict(counts)
    for word, count in words_of(path).items():
        found[word] = found.get(word, 0) + PATH_FACTOR * count
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX)
    except OSError:
        return ""
    return "" if is_binary(data[:HEAD_BYTES]) else data.decode("utf-8", "replace")


# Shows a repository as it was before a change: in a copy of its own that knows nothing later.


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


if TYPE_CHECKING:
    from missioncontrol.specialists.specialist import Desk

SECONDS_MAX = 600.0


class _Silent:
    """A listener that passes nothing on."""

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""


def replayed(
    root: Path,
    works: Sequence[PastWork],
    on_progress: Callable[[int, int], None],
    also: Callable[[Path, PastWork, Score], None] | None = None,
) -> Iterator[Score]:
    """Yield how each change is planned, in the order given; `root` is only read.

    `also` is called with the work tree as it was before each change, and with its score.

    Raises:
        Rejected: `backtest.no_git`.
        Unavailable: `backtest.incomplete_clone` where git lacks files of the past.
    """
    baseline = Baseline()
    with replaying(source_of(root)) as copy, _facts_cached():
        for done, work in enumerate(works):
            on_progress(done, len(works))
            go_to(copy, work.parent)
            score = _score(copy, work, _bm25(copy, work, baseline))
            if also is not None:
                also(copy, work, score)
            yield score


@contextmanager
def _facts_cached() -> Iterator[None]:
    """Keep what is read of one change for the next ones, and forget it in the end."""
    before = os.environ.get(FACTS_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="mission-backtest-facts-") as folder:
        os.environ[FACTS_VARIABLE] = f"{folder}/facts.db"
        try:
            yield
        finally:
            os.environ.pop(FACTS_VARIABLE)
            if before is not None:
                os.environ[FACTS_VARIABLE] = before


def _score(copy: Path, work: PastWork, bm25: Sequence[str]) -> Score:
    try:
        plan = _planned(copy, work)
    except (AttemptFailed, MissionControlError) as error:
        return unplanned(work, error.reason, bm25)
    except Exception as error:  # noqa: BLE001 - the edge: one fault of a planner is one plan less
        return unplanned(work, f"The planner broke off: {error!r}", bm25)
    return scored(plan, work, lines_of=lines_of_files(copy), bm25=bm25)


def _planned(copy: Path, work: PastWork) -> Plan:
    brief = Brief(work.goal, "", (), "", copy, None, None, {}, SECONDS_MAX)
    # The local planner keeps nothing and calls no model: it only says how it goes on.
    return estimated(LocalPlanner().plan(brief, cast("Desk", _Silent())), brief)


def _bm25(copy: Path, work: PastWork, baseline: Baseline) -> list[str]:
    with_documents = is_about_documents(work.subject)
    out = [
        path
        for path in tracked(copy)
        if is_lock(path) or (is_document(path) and not with_documents)
    ]
    return baseline.ranked(copy, work.goal, out, RANKED_MAX)


def lines_of_files(copy: Path) -> Callable[[str], int | None]:
    """Return what counts the lines of a path: 0 for a directory, None where nothing is there."""

    def lines_of(path: str) -> int | None:
        place = copy / path
        if place.is_symlink() or place.is_dir():
            return 0
        try:
            data = place.read_bytes()
        except OSError:
            return None
        return data.count(b"\n") + (not data.endswith(b"\n")) if data else 0

    return lines_of
