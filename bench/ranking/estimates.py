"""How many past changes fell into the range of files foreseen for them, over four histories."""

from collections.abc import Iterator
from statistics import mean, median
from typing import NamedTuple

from bench.measure import Measure
from bench.ranking.history import PACKAGES, commits_of
from missioncontrol.specialists.backtest.scoring import PLAIN, interval_score
from missioncontrol.specialists.code_changes import is_lock, is_one_change
from missioncontrol.specialists.estimating.changes import CASES_MAX, estimate_files, is_narrow
from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.estimating.sizes import SizeEstimates

SCORE_TARGET = 0.92
"""The score of ranges by that of 1 to 4 each time."""


class Walked(NamedTuple):
    """What foreseeing the newest changes of one history came to; only printed ranges count."""

    held: float
    cases: int
    without: int  # changes for which no range would have been printed
    width: float  # the most by the least, in the median
    score: float
    plain_held: float  # of 1 to 4 each time
    plain_score: float


def estimates() -> Iterator[Measure]:
    """Foresee the files of each of the newest changes from those before it."""
    found = {name: _walked(_changes(name)) for name in PACKAGES}
    yield Measure(
        measure="estimates.files held",
        value=mean(each.held for each in found.values()),
        unit="share",
        reference="1 to 4 each time",
        reference_value=mean(each.plain_held for each in found.values()),
        more={name: round(each.held, 3) for name, each in found.items()}
        | {
            "changes": sum(each.cases for each in found.values()),
            "without a range": sum(each.without for each in found.values()),
            "width": mean(each.width for each in found.values()),
        },
    )
    yield Measure(
        measure="estimates.files interval score",
        value=mean(each.score for each in found.values()),
        unit="log",
        reference="1 to 4 each time",
        reference_value=mean(each.plain_score for each in found.values()),
        better="lower",
        target=SCORE_TARGET,
        more={name: round(each.score / each.plain_score, 3) for name, each in found.items()},
    )


def _changes(name: str) -> Changes:
    commits = sorted(commits_of(name), key=lambda commit: -commit["time"])
    return Changes(
        PastChange(commit["commit"], ask, tuple(Piece(path, None) for path in paths))
        for commit in commits
        if (ask := Ask.of(commit["message"]))
        and (paths := [file["path"] for file in commit["files"]])
        and is_one_change(ask.subject, [path for path in paths if not is_lock(path)])
    )


def _walked(changes: Changes) -> Walked:
    foresight = SizeEstimates(changes, "files")
    found: list[tuple[int, int, int]] = []
    newest = changes.all[:CASES_MAX]
    for number, change in enumerate(newest):
        likely = estimate_files(foresight, change.ask, before=number)
        if likely and is_narrow(likely, len(foresight.steps)):
            found.append((likely.low, likely.high, change.files))
    return Walked(
        mean(low <= size <= high for low, high, size in found),
        len(found),
        len(newest) - len(found),
        median(high / low for low, high, _ in found),
        mean(interval_score(low, high, size) for low, high, size in found),
        mean(PLAIN[0] <= size <= PLAIN[1] for *_, size in found),
        mean(interval_score(*PLAIN, size) for *_, size in found),
    )
