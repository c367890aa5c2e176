"""The cockpit of a mission in the shape that programs receive."""

import msgspec

from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.outcome import Tally
from missioncontrol.documents.page import overall
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.plan import Risk


class StepView(msgspec.Struct, frozen=True):
    """One thing to do next."""

    text: str
    why: str
    commands: tuple[str, ...]


class UndoneView(msgspec.Struct, frozen=True):
    """One thing that was not done."""

    what: str
    how: str  # handed over, failed, blocked, cancelled, left out …
    why: str


class ComparedView(msgspec.Struct, frozen=True):
    """An estimate beside what it came to."""

    task: str  # its key, or "" for the mission as a whole
    measure: str
    low: float
    likely: float
    high: float
    actual: float | None  # None where it is not known, or not done
    is_inside: bool | None
    comparables: int
    basis: tuple[str, ...]  # the most comparable changes or runs
    such_ranges_held: str  # in words; "" where that is not known
    label: str = ""  # a class of sizes in words, whose `high` is 0 where it has no end


class ProofView(msgspec.Struct, frozen=True):
    """What a task rests on."""

    task: str
    title: str
    state: str
    is_checked: bool
    checks_held: int
    checks_made: int
    shown_by: tuple[str, ...]
    artifacts: dict[str, str]  # SHA-256 by name


class SummaryView(msgspec.Struct, frozen=True):
    """The cockpit of one run of a mission."""

    mission: str
    run: str
    outcome: str  # one sentence
    standing: str
    tasks: Tally
    path: tuple[StepView, ...]
    not_done: tuple[UndoneView, ...]
    estimates: tuple[ComparedView, ...]
    unestimated: tuple[str, ...]
    evidence: tuple[ProofView, ...]
    risks: tuple[Risk, ...]


def summary(reading: Reading) -> SummaryView:
    """Return the cockpit as a run stands."""
    pit = reading.cockpit
    return SummaryView(
        reading.record.mission,
        reading.record.run,
        plain_text(reading.verdict),
        overall(reading),
        reading.tally,
        tuple(StepView(each.text, each.why, each.commands) for each in pit.path),
        tuple(UndoneView(each.what, each.how, each.why) for each in pit.undone),
        tuple(
            ComparedView(
                each.task,
                each.measure,
                each.low,
                each.expected,
                each.high,
                each.actual,
                each.is_inside,
                each.comparables,
                each.basis,
                each.held,
                each.label,
            )
            for each in pit.compared
        ),
        pit.unestimated,
        tuple(
            ProofView(
                each.task,
                each.title,
                each.state,
                each.is_checked,
                each.held,
                each.checks,
                tuple(plain_text(part) for part in each.evidence),
                {one.artifact.name: one.artifact.digest for one in each.exhibits},
            )
            for each in pit.proofs
        ),
        reading.plan.risks,
    )
