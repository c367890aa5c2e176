"""Estimates of files and lines: from the history of the repository and the words of the goal."""

from collections.abc import Sequence

import msgspec

from missioncontrol.domain.foresight import Estimate
from missioncontrol.domain.plan import Plan, Requirement
from missioncontrol.specialists.estimating.calibration import (
    SURE_MIN,
    Calibration,
    Told,
    calibrated,
    files_told,
    is_narrow,
    lines_told,
)
from missioncontrol.specialists.estimating.past import Ask, Changes, Like, PastChange
from missioncontrol.specialists.estimating.ranges import CASES_MIN, HELD_MIN, WIDEST
from missioncontrol.specialists.estimating.sizes import BEFORE_MIN, Foresight

NAMED = 5
"""Comparable changes that an estimate names."""
SUBJECT_MAX = 90
ASKED_MAX = 5
"""Requirements of a goal that one change can meet: no past change says how large more become."""
CLASSES = (
    ("a few lines (up to 10)", 1, 10),
    ("a screen or two (11 to 100 lines)", 11, 100),
    ("more than two screens (over 100 lines)", 101, 0),
)
"""Classes of lines: what they are called, the least and the most; 0 where there is no most."""


class Foreseen(msgspec.Struct, frozen=True):
    """Estimates, and in words why there is none where one would be looked for."""

    estimates: tuple[Estimate, ...] = ()
    unestimated: tuple[str, ...] = ()


def from_changes(plan: Plan, changes: Changes) -> Foreseen:
    """Return how many files and lines a plan will change, as far as its history can tell."""
    asked = [each for each in plan.requirements if _is_changed_for(plan, each)]
    if not asked:
        return Foreseen()
    why = _why_none(len(asked), len(changes.all))
    if why:
        return Foreseen(unestimated=(f"Files and lines are not estimated: {why}.",))
    ask = Ask.of(plan.goal)
    like = changes.like(ask)
    lines = _lines(Foresight(changes, "lines"), ask, like)
    files = _files(Foresight(changes, "files"), ask, like)
    return msgspec.structs.replace(files, estimates=(*files.estimates, *lines))


def _why_none(asked: int, changes: int) -> str:
    """Return why no estimate is possible, before anything is looked at; empty where one is."""
    needed = BEFORE_MIN + CASES_MIN
    if asked > ASKED_MAX:
        return f"the goal asks for {asked} things, and past changes did one or a few at once"
    if not changes:
        return "no history with an earlier change of code can be read"
    if changes < needed:
        many = "1 past change is" if changes == 1 else f"{changes} past changes are"
        return f"{many} comparable with a goal, and {needed} are needed"
    return ""


def _files(foresight: Foresight, ask: Ask, like: Sequence[Like]) -> Foreseen:
    span = files_told(foresight, ask)
    how = calibrated(foresight)
    if span is None or not how.is_enough:
        why = f"a range can be checked on {how.cases} past changes, and {CASES_MIN} are needed"
    elif not is_narrow(span, len(foresight.steps)):
        most = f"{span.high}{'' if span.high <= len(foresight.steps) else ' or more'}"
        why = f"the range would be {span.low} to {most}, and its most over {WIDEST} times its least"
    elif how.share < HELD_MIN:
        why = f"such ranges held only {how.held} of the newest {how.cases} changes here"
    else:
        return Foreseen((_estimate(foresight, like, span, how),))
    return Foreseen(unestimated=(f"Files are not estimated: {why}.",))


def _estimate(foresight: Foresight, like: Sequence[Like], span: Told, how: Calibration) -> Estimate:
    return Estimate(
        "",
        "files",
        float(span.low),
        float(span.middle),
        float(span.high),
        _named(foresight.changes, like),
        len(like),
        round(how.share, 3),
        how.cases,
    )


def _lines(foresight: Foresight, ask: Ask, like: Sequence[Like]) -> tuple[Estimate, ...]:
    """Return the class of lines, where one is likely and such classes were right often enough."""
    span = lines_told(foresight, ask)
    how = calibrated(foresight) if span else Calibration(0, 0)
    if span is None or not how.is_enough or how.share < SURE_MIN:
        return ()
    label, low, high = CLASSES[span.low - 1]
    basis = _named(foresight.changes, like)
    share = round(how.share, 3)
    return (Estimate("", "lines", low, low, high, basis, len(like), share, how.cases, label),)


def _is_changed_for(plan: Plan, requirement: Requirement) -> bool:
    """Whether code changes for a requirement of its own, and not only under it as a condition."""
    return requirement.kind != "constraint" and any(
        task.is_change and task.requirements[:1] == (requirement.id,) for task in plan.tasks()
    )


def _named(changes: Changes, like: Sequence[Like]) -> tuple[str, ...]:
    return tuple(_in_words(changes.all[each.number]) for each in like[:NAMED])


def _in_words(change: PastChange) -> str:
    files = "1 file" if change.files == 1 else f"{change.files} files"
    lines = f", {change.lines:,} lines" if change.lines is not None else ""
    return f"{change.id[:10]} {change.ask.subject[:SUBJECT_MAX]} ({files}{lines})"
