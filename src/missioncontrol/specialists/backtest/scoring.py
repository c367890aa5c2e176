"""Compares a plan with what the change really touched, and sums up many of them."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from math import log
from statistics import mean, median
from typing import Literal

import msgspec

from missioncontrol.domain.estimates import LikelyFile, Measure
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.backtest.history import PastWork
from missioncontrol.specialists.code_changes import is_document, is_lock

FIRST = 3
RANKED_MAX = 10
"""Files in order that are compared: who looks further does not follow the order any more."""
PLAIN = (1.0, 4.0)
"""The range of files that holds for most changes anywhere: what ranges have to be better than."""
FEW = 20
"""Changes below which figures say little."""
_ABOUT_DOCUMENTS = re.compile(
    r"(?i)\bdocs?\b|\bdocument|\breadme\b|\btypos?\b|\bguide\b|\btutorial"
)

Sizing = Literal["files", "lines"]


class Range(msgspec.Struct, frozen=True):
    """A plan's prediction of a change, beside its actual size."""

    measure: Sizing
    low: float
    high: float
    actual: int
    holds: bool  # whether the change fell into it
    told: float = 0.0  # the share of past cases that the plan says such ranges held

    @property
    def width(self) -> float:
        """How many times the least the most is; of a class of lines without an end it is 0."""
        return self.high / max(self.low, 1.0)

    @property
    def score(self) -> float:
        """Its interval score; without a meaning for classes of lines."""
        return interval_score(max(self.low, 1.0), max(self.high, 1.0), max(self.actual, 1))

    @property
    def plain_score(self) -> float:
        """The score of `PLAIN` for the same change."""
        return interval_score(*PLAIN, max(self.actual, 1))


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one plan did, and plain BM25 beside it."""

    commit: str
    subject: str
    ranked: tuple[str, ...] = ()  # the files that the plan names, in order
    named: tuple[str, ...] = ()  # those that it says will change
    changed: tuple[str, ...] = ()  # those that were there and changed
    bm25: tuple[str, ...] = ()  # the files of code in the order of BM25
    ranges: tuple[Range, ...] = ()
    false_places: tuple[str, ...] = ()  # named and not there: paths, and lines beyond an end
    places: int = 0  # named in all
    error: str = ""  # why there was no plan

    @property
    def first(self) -> tuple[str, ...]:
        """The files that the plan names first."""
        return self.ranked[:FIRST]

    @property
    def begins(self) -> bool:
        """Whether the first file is one that changed."""
        return not set(self.ranked[:1]).isdisjoint(self.changed)

    @property
    def begins_soon(self) -> bool:
        """Whether one of the first three is."""
        return not set(self.first).isdisjoint(self.changed)

    @property
    def bm25_begins(self) -> bool:
        """Whether the first file of BM25 is one that changed."""
        return not set(self.bm25[:1]).isdisjoint(self.changed)

    @property
    def bm25_begins_soon(self) -> bool:
        """Whether one of its first three is."""
        return not set(self.bm25[:FIRST]).isdisjoint(self.changed)

    @property
    def precision(self) -> float:
        """The share of the named files that changed."""
        return self._hits / len(self.named) if self.named else 0.0

    @property
    def recall(self) -> float:
        """The share of the changed files that were named."""
        return self._hits / len(self.changed) if self.changed else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def _hits(self) -> int:
        return len(set(self.named) & set(self.changed))


class Ranges(msgspec.Struct, frozen=True):
    """How the printed ranges of one measure did: of files a range, of lines a class."""

    printed: int
    held: int
    told: float  # the share of held cases that the plans stated, in the mean
    width: float = 0.0  # of files: the most by the least, in the median; 0 where none was printed
    score: float = 0.0  # of files: the interval score, in the mean
    plain_score: float = 0.0  # the same of saying 1 to 4 each time


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How all plans of a replay did; shares are from 0 to 1, of all changes."""

    changes: int
    errors: int  # plans that ended in one; they count as missed
    begins: float
    begins_soon: float
    mrr: float  # of the first file that changed, among the first ten
    bm25_begins: float
    bm25_begins_soon: float
    bm25_mrr: float
    precision: float
    recall: float
    f1: float
    files: Ranges
    lines: Ranges
    false_places: int
    places: int


def interval_score(low: float, high: float, actual: float) -> float:
    """Return what a range of 80 % costs in logarithms: its width, and ten times what it misses by.

    Small is good (Gneiting and Raftery, 2007). All are at least 1.
    """
    under, over = log(low) - log(actual), log(actual) - log(high)
    return log(high) - log(low) + 2 / 0.2 * (max(0.0, under) + max(0.0, over))


def first_files(plan: Plan, subject: str) -> list[str]:
    """Return the files that a plan names, in the order of its first page.

    Those that it expects to change stand first, then those that it finds likely, requirement by
    requirement. Documents are among them only where the subject speaks of documents.
    """
    found = dict.fromkeys([*_scopes(plan), *(file.path for file in _likely(plan))])
    wants = is_about_documents(subject)
    return [path for path in found if wants or not is_document(path)]


def named_files(plan: Plan) -> list[str]:
    """Return the files that a plan says will change, without those that tools write."""
    expected = [file.path for file in _likely(plan) if file.is_expected]
    return [path for path in dict.fromkeys(_scopes(plan) or expected) if not is_lock(path)]


def is_about_documents(subject: str) -> bool:
    """Whether a change is about documents, so that they count as the place where it begins."""
    return _ABOUT_DOCUMENTS.search(subject) is not None


def paths_of(plan: Plan) -> list[str]:
    """Return every path that a plan says is there."""
    found = [path for task in plan.tasks() for path in task.scope]
    found += [path for file in _likely(plan) for path in (file.path, *file.tests)]
    parts = plan.architecture.components
    found += [part.path for part in parts if part.path and part.change != "new"]
    return list(dict.fromkeys(found))


def spots_of(plan: Plan) -> list[tuple[str, int]]:
    """Return the places in files that a plan names: the path, and the last line that it means."""
    found = [
        (file.path, max(spot.line, spot.last)) for file in _likely(plan) for spot in file.spots
    ]
    return list(dict.fromkeys(found))


def false_places(plan: Plan, lines_of: Callable[[str], int | None]) -> list[str]:
    """Return the paths that a plan names and that are not there, and the lines beyond an end.

    `lines_of` counts the lines of a path, 0 for a directory; None says that nothing is there.
    """
    gone = [path for path in paths_of(plan) if lines_of(path) is None]
    beyond = [f"{path}:{line}" for path, line in spots_of(plan) if (lines_of(path) or 0) < line]
    return [*gone, *(each for each in beyond if each.rpartition(":")[0] not in gone)]


def scored(
    plan: Plan,
    work: PastWork,
    *,
    lines_of: Callable[[str], int | None],
    bm25: Sequence[str] = (),
) -> Score:
    """Compare a plan with a change; `lines_of` tells of the files before it."""
    return Score(
        commit=work.commit,
        subject=work.subject,
        ranked=tuple(first_files(plan, work.subject)[:RANKED_MAX]),
        named=tuple(named_files(plan)),
        changed=changed_files(work),
        bm25=tuple(bm25[:RANKED_MAX]),
        ranges=tuple(_ranges(plan, work)),
        false_places=tuple(false_places(plan, lines_of)),
        places=len(paths_of(plan)) + len(spots_of(plan)),
    )


def unplanned(work: PastWork, error: str, bm25: Sequence[str] = ()) -> Score:
    """Return the score of a change for which there was no plan."""
    return Score(
        commit=work.commit,
        subject=work.subject,
        changed=changed_files(work),
        bm25=tuple(bm25[:RANKED_MAX]),
        error=error,
    )


def changed_files(work: PastWork) -> tuple[str, ...]:
    """Return the files that a plan could have named: what is new has no path before."""
    return tuple(path for path in work.files if path not in work.added)


def figures(scores: Collection[Score]) -> Figures:
    """Sum up scores. A change without a plan counts as missed: its user has nothing either."""
    return Figures(
        changes=len(scores),
        errors=sum(bool(each.error) for each in scores),
        begins=_share(each.begins for each in scores),
        begins_soon=_share(each.begins_soon for each in scores),
        mrr=_share(reciprocal_rank(each.ranked, each.changed) for each in scores),
        bm25_begins=_share(each.bm25_begins for each in scores),
        bm25_begins_soon=_share(each.bm25_begins_soon for each in scores),
        bm25_mrr=_share(reciprocal_rank(each.bm25, each.changed) for each in scores),
        precision=_share(each.precision for each in scores),
        recall=_share(each.recall for each in scores),
        f1=_share(each.f1 for each in scores),
        files=_held(scores, "files"),
        lines=_held(scores, "lines"),
        false_places=sum(len(each.false_places) for each in scores),
        places=sum(each.places for each in scores),
    )


def reciprocal_rank(ranked: Sequence[str], changed: Collection[str]) -> float:
    """Return 1 by the place of the first file that changed; 0 where none is among them."""
    places = (place for place, path in enumerate(ranked, 1) if path in changed)
    return 1 / next(places, float("inf"))


def _scopes(plan: Plan) -> list[str]:
    return [path for task in plan.tasks() if task.is_change for path in task.scope]


def _likely(plan: Plan) -> list[LikelyFile]:
    return [file for each in plan.likely for file in each.files]


def _ranges(plan: Plan, work: PastWork) -> Iterable[Range]:
    actuals: dict[Measure, int | None] = {"files": work.size or None, "lines": work.lines}
    for each in plan.estimates:
        actual = actuals.get(each.measure)
        if not each.task and actual is not None and each.measure in ("files", "lines"):
            held = each.holds(actual)
            yield Range(each.measure, each.low, each.high, actual, held, each.held or 0.0)


def _held(scores: Iterable[Score], measure: Sizing) -> Ranges:
    found = [each for score in scores for each in score.ranges if each.measure == measure]
    held, stated = sum(each.holds for each in found), _share(each.told for each in found)
    if not found or measure == "lines":
        return Ranges(len(found), held, stated)
    return Ranges(
        len(found),
        held,
        stated,
        round(median(each.width for each in found), 1),
        _share(each.score for each in found),
        _share(each.plain_score for each in found),
    )


def _share(values: Iterable[float]) -> float:
    found = list(values)
    return round(mean(found), 3) if found else 0.0
