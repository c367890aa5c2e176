"""Plans each change of a repository's past at its parent, and scores the plan."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.backtest.baseline import Baseline, tracked
from missioncontrol.specialists.backtest.history import PastWork, source_of
from missioncontrol.specialists.backtest.replay import go_to, replaying
from missioncontrol.specialists.backtest.scoring import (
    RANKED_MAX,
    Score,
    is_about_documents,
    scored,
    unplanned,
)
from missioncontrol.specialists.code_changes import is_document, is_lock
from missioncontrol.specialists.estimating.estimating import estimated
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE
from missioncontrol.specialists.specialist import Brief

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
