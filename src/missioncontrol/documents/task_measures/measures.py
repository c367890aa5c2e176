"""The measures of tasks, with their definitions, their base and the reason for a missing value."""

import statistics
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from missioncontrol.documents.task_measures.rework import Doubled, FixUps
from missioncontrol.documents.task_measures.task_lines import Carried, Merge, TaskTimeline

Unit = Literal["share", "seconds", "rounds", "dollars"]


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The definition of a measure: its numerator, its denominator and its edge cases."""

    version: int
    title: str
    unit: Unit
    says: str
    counts: str
    of: str
    edges: tuple[str, ...]
    baseline: str = ""  # the value to compare with


@cache
def definitions() -> dict[str, Definition]:
    """Return the definitions of all measures, in their order."""
    text = files(__package__).joinpath("definitions.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=dict[str, Definition])


MICRO = 1_000_000
CASES_MAX = 20
"""Cases that a measure names."""


class LeftOut(msgspec.Struct, frozen=True):
    """What a measure does not count, and how many."""

    why: str
    count: int


class Measure(msgspec.Struct, frozen=True):
    """A value, or the reason why there is none."""

    key: str
    version: int  # of its definition
    title: str
    unit: Unit
    value: float | None
    of: int  # that it is counted over
    reason: str = ""  # where there is no value
    baseline: float | None = None
    left_out: tuple[LeftOut, ...] = ()
    cases: tuple[str, ...] = ()  # that pull it down, or make it up


def measures(
    stories: Sequence[TaskTimeline],
    runs: Sequence[Carried],
    fixed: FixUps,
    doubled: Doubled,
    *,
    since: float,
) -> list[Measure]:
    """Return all measures, in the order of their definitions."""
    merges = [merge for run in runs for merge in run.merges if merge.at >= since]
    return [
        artifacts_first(stories, since),
        no_fix_up(fixed),
        duplicated_edits(doubled),
        brief_to_plan(stories, since),
        review_rounds(runs, merges),
        cost_per_change(runs, since),
    ]


def artifacts_first(stories: Sequence[TaskTimeline], since: float) -> Measure:
    """See the definition."""
    all_ = [each for each in stories if each.begun_at is not None and each.begun_at >= since]
    begun = [each for each in all_ if each.documents]
    short = [each for each in begun if each.lacked]
    return _measure(
        "artifacts_first",
        len(begun),
        lambda: 1 - len(short) / len(begun),
        "no implementation of a task began that has documents",
        left_out=[LeftOut("tasks of a process without documents", len(all_) - len(begun))],
        cases=[f"task {each.task}: {'; '.join(each.lacked)}" for each in short],
    )


def no_fix_up(fixed: FixUps) -> Measure:
    """See the definition."""
    bad = [each for each in fixed.judged if each.fixes]
    return _measure(
        "no_fix_up",
        len(fixed.judged),
        lambda: 1 - len(bad) / len(fixed.judged),
        "no run merged a change that can be judged yet",
        left_out=[
            LeftOut("merged less than 14 days ago", fixed.young),
            LeftOut("merged into no branch of people yet", fixed.not_taken_up),
            LeftOut("merged commits that are not in this checkout", fixed.unread),
        ],
        cases=[f"{each.run}: {'; '.join(each.fixes)}" for each in bad],
    )


def duplicated_edits(doubled: Doubled) -> Measure:
    """See the definition."""
    left_out = [LeftOut("tasks whose commits are not in this checkout", doubled.unread)]
    reason = "" if doubled.tasks else "no changes of two tasks were merged"
    if not reason and not doubled.pairs:
        reason = "no two tasks were at work independently of each other"
    if not reason and not (doubled.merged.all_ and doubled.built.all_):
        reason = "no line of 20 characters or more was added"
    found = _measure(
        "duplicated_edits",
        0 if reason else doubled.merged.all_,
        lambda: doubled.merged.share,
        reason,
        left_out=left_out,
        cases=[f"{path}: {line[:80]}" for path, line in sorted(doubled.merged.twice)],
    )
    baseline = None if reason else doubled.built.share
    return msgspec.structs.replace(found, baseline=baseline)


def brief_to_plan(stories: Sequence[TaskTimeline], since: float) -> Measure:
    """See the definition."""
    planned = [
        (each.planned_at - each.added_at, each.task)
        for each in stories
        if each.planned_at is not None and each.planned_at >= since
    ]
    waiting = sum(each.planned_at is None and not each.is_dropped for each in stories)
    return _measure(
        "brief_to_plan",
        len(planned),
        lambda: statistics.median(seconds for seconds, _ in planned),
        "no plan of a task was approved",
        left_out=[LeftOut("tasks whose plan waits", waiting)],
        cases=[f"task {task}: {seconds:.0f} s" for seconds, task in sorted(planned, reverse=True)],
    )


def review_rounds(runs: Sequence[Carried], merges: Sequence[Merge]) -> Measure:
    """See the definition."""
    last: dict[int, float] = {}
    for merge in merges:
        last[merge.task] = max(merge.at, last.get(merge.task, 0.0))
    rounds = {
        task: sum(
            review.task == task and review.at <= until for run in runs for review in run.reviews
        )
        for task, until in last.items()
    }
    return _measure(
        "review_rounds",
        len(rounds),
        lambda: statistics.mean(rounds.values()),
        "no change of a task was merged",
        cases=[f"task {task}: {count}" for task, count in rounds.items() if count > 1],
    )


def cost_per_change(runs: Sequence[Carried], since: float) -> Measure:
    """See the definition."""
    over = [each for each in runs if each.settled_at is not None and each.settled_at >= since]
    changes = sum(len(each.merges) for each in over)
    unknown = [each for each in over if not each.bill.is_whole]
    reason = "no run of tasks that ended merged a change"
    if changes and unknown:
        tokens = sum(each.bill.unpriced_tokens for each in unknown)
        named = ", ".join(each.run for each in unknown[:3])
        reason = f"{tokens:,} tokens of {named} have no known price"
    return _measure(
        "cost_per_change",
        0 if unknown else changes,
        lambda: sum(each.bill.cost for each in over) / changes / MICRO,
        reason,
        left_out=[
            LeftOut("runs at work", sum(e.is_kept and e.settled_at is None for e in runs)),
            LeftOut("runs that the record holds nothing of", sum(not e.is_kept for e in runs)),
        ],
        cases=[f"{each.run}: {each.bill.cost / MICRO:.4f} dollars" for each in over],
    )


def _measure(
    key: str,
    of: int,
    value: Callable[[], float],
    reason: str,
    *,
    left_out: Sequence[LeftOut] = (),
    cases: Sequence[str] = (),
) -> Measure:
    """Give a value where there is something that it is of, and otherwise the reason."""
    definition = definitions()[key]
    return Measure(
        key,
        definition.version,
        definition.title,
        definition.unit,
        value() if of else None,
        of,
        "" if of else reason,
        left_out=tuple(each for each in left_out if each.count),
        cases=tuple(cases[:CASES_MAX]),
    )
