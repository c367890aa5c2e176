"""How many past changes fell into the range foreseen for them, over four real histories."""

from collections.abc import Iterator
from math import exp, log
from statistics import mean
from typing import NamedTuple

from bench.measure import Measure
from bench.ranking.history import PACKAGES, commits_of
from missioncontrol.specialists.estimating.calibration import (
    AIM,
    CASES_MAX,
    calibrated,
    span_of,
)
from missioncontrol.specialists.estimating.past import ENOUGH, Ask, Changes, PastChange, Piece
from missioncontrol.specialists.ranking.terms import title

SPREAD_TARGET = 0.1
"""How far from eight of ten the share that held may be."""
BEFORE_MAX = 1_000


class Walked(NamedTuple):
    """What foreseeing the newest changes of one history came to."""

    held: float
    cases: int
    width: float  # the most by the least of a range, in the geometric mean
    off: float  # by which factor the middle misses, likewise
    plain_held: float  # the same without comparing: from all changes before
    plain_width: float
    plain_off: float


def estimates() -> Iterator[Measure]:
    """Foresee the files of each of the newest changes from those before it."""
    found = {name: _walked(_changes(name)) for name in PACKAGES}
    held = {name: each.held for name, each in found.items()}
    plain = {name: each.plain_held for name, each in found.items()}
    yield Measure(
        measure="estimates.files held",
        value=mean(held.values()),
        unit="share",
        reference="ranges of all changes before",
        reference_value=mean(plain.values()),
        more={name: [round(held[name], 3), round(plain[name], 3)] for name in PACKAGES}
        | {"changes": sum(each.cases for each in found.values())},
    )
    yield Measure(
        measure="estimates.files farthest from 80 % held",
        value=max(abs(each - AIM) for each in held.values()),
        unit="share",
        reference="ranges of all changes before",
        reference_value=max(abs(each - AIM) for each in plain.values()),
        better="lower",
        target=SPREAD_TARGET,
        target_of="value",
    )
    for name, ours, theirs in (
        ("width, most by least", "width", "plain_width"),
        ("factor that the middle misses by", "off", "plain_off"),
    ):
        yield Measure(
            measure=f"estimates.files {name}",
            value=mean(getattr(each, ours) for each in found.values()),
            unit="times",
            reference="ranges of all changes before",
            reference_value=mean(getattr(each, theirs) for each in found.values()),
            better="lower",
        )


def _changes(name: str) -> Changes:
    commits = sorted(commits_of(name), key=lambda commit: -commit["time"])
    return Changes(
        PastChange(
            commit["commit"],
            commit["time"],
            title(commit["message"]),
            tuple(Piece(file["path"], None) for file in commit["files"]),
        )
        for commit in commits
        if not commit["message"].startswith("Merge ")
    )


def _walked(changes: Changes) -> Walked:
    how = calibrated(changes, "files")
    widths: list[float] = []
    offs: list[float] = []
    plain_widths: list[float] = []
    plain_offs: list[float] = []
    inside: list[bool] = []
    for number, change in enumerate(changes.all[:CASES_MAX]):
        near = changes.like(Ask(change.subject), before=number)
        if len(near) < ENOUGH:
            continue
        span = span_of(tuple(each.files for each in near), how.share)
        before = changes.all[number + 1 : number + 1 + BEFORE_MAX]
        plain = span_of(tuple(each.files for each in before), AIM)
        inside.append(plain.holds(change.files))
        for each, width, off in ((span, widths, offs), (plain, plain_widths, plain_offs)):
            width.append(log(each.high / max(each.low, 1.0)))
            off.append(abs(log(change.files / max(each.likely, 1.0))))
    assert how.held is not None, "the histories are long enough to be scored"
    return Walked(
        how.held,
        how.cases,
        exp(mean(widths)),
        exp(mean(offs)),
        mean(inside),
        exp(mean(plain_widths)),
        exp(mean(plain_offs)),
    )
