"""Compares a plan with what the change really touched, and sums up many of them."""

import re
from collections.abc import Iterable, Sequence
from statistics import mean

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.backtest.history import PastWork, is_paper

FIRST = 3
FEW = 20
"""Changes below which figures say little."""
WIDE = 10.0
"""High by low from which on a range says nothing."""
_ABOUT_PAPERS = re.compile(r"(?i)\bdocs?\b|\bdocument|\breadme\b|\btypos?\b|\bguide\b|\btutorial")


class Score(msgspec.Struct, frozen=True):
    """How one plan did."""

    commit: str
    subject: str
    first: tuple[str, ...] = ()  # the files it names first
    named: tuple[str, ...] = ()  # those it says will change
    changed: tuple[str, ...] = ()  # those that were there and changed
    false_paths: tuple[str, ...] = ()  # named and not there
    files_range: tuple[float, float] | None = None
    files: int = 0  # changed in all, new ones too
    bm25_first: str = ""  # the best file by plain BM25
    error: str = ""  # why there was no plan

    @property
    def begins(self) -> bool:
        """Whether the first file is one that changed."""
        return bool(set(self.first[:1]) & set(self.changed))

    @property
    def begins_soon(self) -> bool:
        """Whether one of the first three is."""
        return bool(set(self.first[:FIRST]) & set(self.changed))

    @property
    def precision(self) -> float:
        """The share of the named files that changed."""
        return len(set(self.named) & set(self.changed)) / len(self.named) if self.named else 0.0

    @property
    def recall(self) -> float:
        """The share of the changed files that were named."""
        hits = len(set(self.named) & set(self.changed))
        return hits / len(self.changed) if self.changed else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


class Figures(msgspec.Struct, frozen=True):
    """How all plans of a replay did; shares are from 0 to 1."""

    changes: int
    errors: int
    begins: float
    begins_soon: float
    bm25_begins: float
    precision: float
    recall: float
    f1: float
    ranges: int  # of files that were printed and are no wider than ten times
    ranges_held: int
    false_paths: int
    paths: int


def first_files(plan: Plan, subject: str) -> list[str]:
    """Return the files that a plan names, in order; documents only where the goal means them."""
    scopes = [path for task in plan.tasks() if task.is_change for path in task.scope]
    likely = [file.path for each in plan.likely for file in each.files]
    found = dict.fromkeys([*scopes, *likely])
    wants = _ABOUT_PAPERS.search(subject) is not None
    return [path for path in found if wants or not is_paper(path)]


def named_files(plan: Plan) -> list[str]:
    """Return the files that a plan says will change."""
    scopes = [path for task in plan.tasks() if task.is_change for path in task.scope]
    expected = [file.path for each in plan.likely for file in each.files if file.is_expected]
    return list(dict.fromkeys(scopes or expected))


def paths_of(plan: Plan) -> list[str]:
    """Return every path that a plan says is there."""
    found = [path for task in plan.tasks() for path in task.scope]
    found += [file.path for each in plan.likely for file in each.files]
    found += [test for each in plan.likely for file in each.files for test in file.tests]
    parts = plan.architecture.components
    found += [part.path for part in parts if part.path and part.change != "new"]
    return list(dict.fromkeys(found))


def scored(plan: Plan, work: PastWork, there: Iterable[str], bm25_first: str) -> Score:
    """Compare a plan with a change; `there` are the files before it."""
    known = set(there)
    ranges = [each for each in plan.estimates if not each.task and each.measure == "files"]
    span = (ranges[0].low, ranges[0].high) if ranges else None
    return Score(
        work.commit,
        work.subject,
        tuple(first_files(plan, work.subject)[:FIRST]),
        tuple(named_files(plan)),
        tuple(path for path in work.files if path in known),
        tuple(path for path in paths_of(plan) if path not in known),
        span,
        len(work.files),
        bm25_first,
    )


def figures(scores: Sequence[Score], paths: int) -> Figures:
    """Sum up scores; `paths` are how many the plans named in all."""
    good = [each for each in scores if not each.error]
    spans = [
        (each, each.files_range)
        for each in good
        if each.files_range and each.files_range[1] <= WIDE * max(each.files_range[0], 1.0)
    ]

    def share(values: Iterable[float]) -> float:
        found = list(values)
        return round(mean(found), 3) if found else 0.0

    return Figures(
        changes=len(scores),
        errors=len(scores) - len(good),
        begins=share(each.begins for each in scores),
        begins_soon=share(each.begins_soon for each in scores),
        bm25_begins=share(each.bm25_first in each.changed for each in good),
        precision=share(each.precision for each in good),
        recall=share(each.recall for each in good),
        f1=share(each.f1 for each in good),
        ranges=len(spans),
        ranges_held=sum(low <= each.files <= high for each, (low, high) in spans),
        false_paths=sum(len(each.false_paths) for each in good),
        paths=paths,
    )
