"""The check of a mission's trace: which gaps it has, which are waived, and what is not done yet."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from missioncontrol.documents.changes import is_unproven
from missioncontrol.documents.figures import counted
from missioncontrol.documents.outcome import is_checked
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.coverage_gaps import (
    Asked,
    End,
    Gap,
    SetAside,
    Waiver,
    changes,
    gaps,
    set_aside,
    standing,
    unevidenced,
)
from missioncontrol.domain.plan import Plan

UNDONE: dict[str, tuple[str, str]] = {
    "failed": ("failed", "failed"),
    "blocked": ("is blocked", "are blocked"),
    "cancelled": ("was cancelled", "were cancelled"),
    "succeeded": ("has no checked evidence", "have no checked evidence"),
    "running": ("is at work", "are at work"),
    "waiting": ("waits", "wait"),
    "handed_over": ("is handed over and not done", "are handed over and not done"),
}
"""The words for tasks that lack evidence, by their state, gravest first."""


class WaivedGap(msgspec.Struct, frozen=True):
    """A gap that a person waived."""

    gap: Gap
    waiver: Waiver


class Undone(msgspec.Struct, frozen=True):
    """A task without checked evidence that it is done."""

    task: str  # its key
    title: str
    state: str


class TraceCheck(msgspec.Struct, frozen=True):
    """What the trace of a mission comes to."""

    gaps: tuple[Gap, ...]  # without those waived
    waived: tuple[WaivedGap, ...]
    undone: tuple[Undone, ...]
    passages: int  # of the request
    requirements: int
    tasks: int
    is_completed: bool
    set_aside: tuple[SetAside, ...] = ()  # background passages, which demand nothing

    @property
    def is_clean(self) -> bool:
        """Whether each gap is waived."""
        return not self.gaps

    @property
    def lacking(self) -> str:
        """What keeps the mission from being completed, in a few words; "" where nothing does."""
        if not self.tasks:
            return "no plan was accepted"
        parts = list(_undone_words(self.undone))
        if self.gaps:
            verb = "is" if len(self.gaps) == 1 else "are"
            parts.append(f"{counted(len(self.gaps), 'gap')} of the trace {verb} open")
        return ", ".join(parts)


def trace_check(record: MissionRecord, plan: Plan | None = None) -> TraceCheck:
    """Check the trace of a run; `plan` is one to check in place of the accepted one.

    What the accepted plan has and `plan` has not is a gap too.
    """
    looked_at = plan or record.plan
    request = Asked(record.goal, record.constraints, record.context)
    found = [*gaps(looked_at, request, ends(record), record.owners)]
    if plan is not None:
        found += changes(plan, record.plan)
    waived = {gap.id: waiver for gap in found if (waiver := standing(gap, record.waivers))}
    return TraceCheck(
        gaps=tuple(gap for gap in found if gap.id not in waived),
        waived=tuple(WaivedGap(gap, waived[gap.id]) for gap in found if gap.id in waived),
        undone=tuple(_undone(looked_at, record)),
        passages=sum(1 for _ in request.passages()),
        requirements=len(looked_at.requirements),
        tasks=sum(1 for _ in looked_at.tasks()),
        is_completed=record.is_completed and plan is None,
        set_aside=set_aside(looked_at, request),
    )


def ends(record: MissionRecord) -> tuple[End, ...]:
    """Return what became of the tasks."""
    return tuple(
        End(
            one.task.key,
            one.state,
            is_checked(one) and not is_unproven(one),
            (one.kept_from if one.state == "succeeded" else "") or record.run,
        )
        for one in record.tasks
    )


def _undone(plan: Plan, record: MissionRecord) -> Iterator[Undone]:
    states = {one.task.key: one.state for one in record.tasks}
    titles = {task.key: task.title for task in plan.tasks()}
    for key in unevidenced(plan, ends(record)):
        yield Undone(key, titles[key], states.get(key, "waiting"))


def _undone_words(undone: tuple[Undone, ...]) -> Iterator[str]:
    states = Counter(each.state for each in undone)
    for state, (one, many) in UNDONE.items():
        if states[state]:
            yield f"{counted(states[state], 'task')} {one if states[state] == 1 else many}"
