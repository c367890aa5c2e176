"""Estimates of files and lines: from the history of the repository and the words of the goal."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.estimates import Estimate
from missioncontrol.domain.plan import Plan, Requirement
from missioncontrol.specialists.estimating.past import Ask, Changes, Like, PastChange
from missioncontrol.specialists.estimating.ranges import CASES_MIN, HELD_MIN, WIDEST
from missioncontrol.specialists.estimating.sizes import BEFORE_MIN, SizeEstimates, narrow

# How often estimates held, predicting the newest changes of a repository from those before.

CASES_MAX = 100
"""The newest changes that are foreseen."""
SURE_MIN = 0.7
"""The chance of a class of lines from which on it is reported."""


class LevelRange(msgspec.Struct, frozen=True):
    """Levels that are predicted of a change, from the lowest to the highest."""

    low: int
    middle: int
    high: int

    def holds(self, level: int) -> bool:
        """Whether a change falls into them."""
        return self.low <= level <= self.high


class Calibration(msgspec.Struct, frozen=True):
    """How often predictions of past changes held."""

    held: int
    cases: int  # of the newest changes, those with a prediction

    @property
    def share(self) -> float:
        """The share that held; 0 where there are no cases."""
        return self.held / max(1, self.cases)

    @property
    def is_enough(self) -> bool:
        """Whether there are cases enough to judge by."""
        return self.cases >= CASES_MIN


def estimate_files(foresight: SizeEstimates, ask: Ask, *, before: int = -1) -> LevelRange | None:
    """Return the range of files of a change; None where too few changes came before."""
    chances = foresight.chances(ask, before=before)
    return LevelRange(*narrow(chances)) if chances else None


def estimate_lines(foresight: SizeEstimates, ask: Ask, *, before: int = -1) -> LevelRange | None:
    """Return the class of lines of a change; None where none is likely enough to report."""
    chances = foresight.chances(ask, before=before) or [0.0]
    level = max(range(len(chances)), key=chances.__getitem__)
    return LevelRange(level + 1, level + 1, level + 1) if chances[level] >= SURE_MIN else None


def is_narrow(span: LevelRange, levels: int) -> bool:
    """Whether a range of files says enough to be printed; the last level has no end."""
    return span.high <= levels and span.high <= WIDEST * span.low


def calibrated(foresight: SizeEstimates) -> Calibration:
    """Foresee the newest changes as the next one is foreseen, each from those before it alone."""
    held = [span.holds(level) for span, level in _walked(foresight)]
    return Calibration(sum(held), len(held))


def _walked(foresight: SizeEstimates) -> Iterator[tuple[LevelRange, int]]:
    """Yield what would have been printed for each of the newest changes, with what it came to."""
    tell = estimate_files if foresight.sizing == "files" else estimate_lines
    for number, change in enumerate(foresight.changes.all[:CASES_MAX]):
        level = foresight.levels[number]
        span = tell(foresight, change.ask, before=number) if level else None
        if span and (foresight.sizing == "lines" or is_narrow(span, len(foresight.steps))):
            yield span, level


NAMED = 5
"""Comparable changes that an estimate names."""
SUBJECT_MAX = 90
REQUIREMENTS_MAX = 5
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
    lines = _lines(SizeEstimates(changes, "lines"), ask, like)
    files = _files(SizeEstimates(changes, "files"), ask, like)
    return msgspec.structs.replace(files, estimates=(*files.estimates, *lines))


def _why_none(asked: int, changes: int) -> str:
    """Return why no estimate is possible, before anything is looked at; empty where one is."""
    needed = BEFORE_MIN + CASES_MIN
    if asked > REQUIREMENTS_MAX:
        return f"the goal asks for {asked} things, and past changes did one or a few at once"
    if not changes:
        return "no history with an earlier change of code can be read"
    if changes < needed:
        many = "1 past change is" if changes == 1 else f"{changes} past changes are"
        return f"{many} comparable with a goal, and {needed} are needed"
    return ""


def _files(foresight: SizeEstimates, ask: Ask, like: Sequence[Like]) -> Foreseen:
    span = estimate_files(foresight, ask)
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


def _estimate(
    foresight: SizeEstimates, like: Sequence[Like], span: LevelRange, how: Calibration
) -> Estimate:
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


def _lines(foresight: SizeEstimates, ask: Ask, like: Sequence[Like]) -> tuple[Estimate, ...]:
    """Return the class of lines, where one is likely and such classes were right often enough."""
    span = estimate_lines(foresight, ask)
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
