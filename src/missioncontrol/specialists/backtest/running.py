"""Plans each change of a repository's past at its parent, and scores the plan."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import accepted
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.backtest.history import PastWork, is_paper
from missioncontrol.specialists.backtest.replay import go_to, replaying
from missioncontrol.specialists.backtest.scoring import Score, paths_of, scored
from missioncontrol.specialists.estimating.estimating import estimated
from missioncontrol.specialists.planner.assembly import assembled
from missioncontrol.specialists.planner.reading import read_ground
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.kept import KEPT
from missioncontrol.specialists.ranking.terms import counted
from missioncontrol.specialists.specialist import Brief

SECONDS_MAX = 600.0


class Replayed(msgspec.Struct, frozen=True):
    """One change that was planned again."""

    score: Score
    paths: int  # that the plan named


class _Silent:
    """Hears what a planner says and passes nothing on."""

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""


def replayed(
    root: Path, works: Sequence[PastWork], on_progress: Callable[[int, int], None]
) -> Iterator[Replayed]:
    """Yield how each change is planned, in the order given; `root` is only read.

    Raises:
        Unavailable: git cannot show the repository as it was.
    """
    with replaying(root) as copy, _facts_kept():
        for done, work in enumerate(works):
            on_progress(done, len(works))
            yield _planned(copy, work)


@contextmanager
def _facts_kept() -> Iterator[None]:
    """Keep what is read of one change for the next ones, and forget it in the end."""
    before = os.environ.get(KEPT)
    with tempfile.TemporaryDirectory(prefix="mission-backtest-facts-") as folder:
        os.environ[KEPT] = f"{folder}/facts.db"
        try:
            yield
        finally:
            os.environ.pop(KEPT)
            if before is not None:
                os.environ[KEPT] = before


def _planned(copy: Path, work: PastWork) -> Replayed:
    go_to(copy, work.parent)
    brief = Brief(work.goal, "", (), "", copy, None, None, {}, SECONDS_MAX)
    try:
        ground = read_ground(brief, _Silent())
        plan = estimated(accepted(assembled(ground)), brief)
    except (AttemptFailed, Rejected) as error:
        reason = error.reason if isinstance(error, AttemptFailed) else str(error)
        return Replayed(Score(work.commit, work.subject, error=reason), 0)
    there = [file.path for file in ground.tree.files] if ground.tree else []
    first = _bm25_first(ground.index, work.goal) if ground.index else ""
    return Replayed(scored(plan, work, there, first), len(paths_of(plan)))


def _bm25_first(index: Index, goal: str) -> str:
    """Return the best file of code by BM25 over text and path, the path five times."""
    scores = index.whole.scores(counted(goal))
    code = [number for number in scores if not is_paper(index.paths[number])]
    best = min(code, key=lambda number: (-scores[number], index.paths[number]), default=None)
    return index.paths[best] if best is not None else ""
