"""A record read once: everything computed that the forms of a report share."""

from collections.abc import Iterable
from functools import cached_property
from typing import Protocol, TypeVar

from missioncontrol.documents.anchors import Places, Sentence, places
from missioncontrol.documents.attention import Concern, concerns
from missioncontrol.documents.chain import (
    Chain,
    Shown,
    chain,
    shown_events,
)
from missioncontrol.documents.changes import Changes, changes
from missioncontrol.documents.cockpit.cockpit import Cockpit
from missioncontrol.documents.cost_lines import Spending, spending
from missioncontrol.documents.coverage import Coverage, coverage, orphans
from missioncontrol.documents.exhibits import Exhibit, exhibits
from missioncontrol.documents.finding_groups import (
    GROUPS_MAX,
    Group,
    by_severity,
    finding_groups,
    found,
)
from missioncontrol.documents.next_steps import NextSteps, next_steps
from missioncontrol.documents.outcome import Tally, tally, verdict
from missioncontrol.documents.plan_graph import PlanGraph, plan_graph
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.documents.statements import Method, Stated, methods, stated, unstated
from missioncontrol.documents.timeline import Timeline, timeline
from missioncontrol.documents.traceability.check import TraceCheck, trace_check
from missioncontrol.documents.traceability.graph import TraceGraph
from missioncontrol.documents.traceability.links import trace_graph
from missioncontrol.domain.building import PROVER, proves
from missioncontrol.domain.plan import GROUNDWORK, Phase
from missioncontrol.domain.work import Severity, TestsRan


def tried(record: MissionRecord) -> TaskRecord | None:
    """Return the task that ran the tests nearest to the change, if one did."""
    for one in record.tasks:
        output = one.work.output
        if one.task.role == PROVER and isinstance(output, dict) and output.get("headline"):
            return one
    return None


class Reading:
    """The content of a report about `record`; each part is computed on first use."""

    def __init__(self, record: MissionRecord) -> None:
        """Read `record`; nothing else is looked at, not even a clock."""
        self.record = record
        self.plan = record.plan
        self.where: Places = places(record)
        self.tally: Tally = tally(record)
        self.verdict: Sentence = verdict(record)

    @cached_property
    def by_key(self) -> dict[str, TaskRecord]:
        """Tasks by their keys."""
        return {one.task.key: one for one in self.record.tasks}

    @cached_property
    def phases(self) -> tuple[tuple[Phase, tuple[TaskRecord, ...]], ...]:
        """Each phase with its tasks; the groundwork, which the plan is not about, comes last."""
        return tuple(
            (phase, tuple(one for one in self.record.tasks if one.phase == phase.key))
            for phase in sorted(self.plan.stages(), key=lambda each: each.key == GROUNDWORK)
        )

    @cached_property
    def trial(self) -> TaskRecord | None:
        """The task that tried the plan: what its tests showed before anything is changed."""
        return tried(self.record)

    @cached_property
    def concerns(self) -> tuple[Concern, ...]:
        """What needs a person."""
        return concerns(self.record, self.where)

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """Requirements with what covers them."""
        return coverage(self.record)

    @cached_property
    def trace(self) -> TraceCheck:
        """The gaps of the trace, and what keeps the mission from being completed."""
        return trace_check(self.record)

    @cached_property
    def trace_graph(self) -> TraceGraph:
        """What leads from the goal to the evidence."""
        return trace_graph(self.record, self.trace)

    @cached_property
    def orphans(self) -> tuple[TaskRecord, ...]:
        """Tasks that nothing explains."""
        return orphans(self.record)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Findings, gravest first."""
        return finding_groups(self.record)

    @property
    def shown_groups(self) -> tuple[Group, ...]:
        """The findings that a page has room for; the gravest are among them."""
        return self.groups[:GROUPS_MAX]

    @cached_property
    def severities(self) -> dict[Severity, int]:
        """How many findings of each severity."""
        return by_severity(found(self.record))

    @cached_property
    def timeline(self) -> Timeline | None:
        """When each task waited and worked."""
        return timeline(self.record)

    @cached_property
    def graph(self) -> PlanGraph | None:
        """The plan drawn."""
        return plan_graph(self.record)

    @cached_property
    def next_steps(self) -> NextSteps:
        """The execution path from here."""
        return next_steps(self.record)

    @cached_property
    def spending(self) -> Spending:
        """Tokens and money."""
        return spending(self.record)

    @cached_property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All artifacts."""
        return exhibits(self.record, self.where)

    @cached_property
    def changes(self) -> Changes | None:
        """What agents changed in the code."""
        return changes(self.record, self.exhibits)

    @cached_property
    def cockpit(self) -> Cockpit:
        """What was foreseen beside what came, what proves it, and what comes next."""
        return Cockpit(
            self.record, self.where, self.tally, self.next_steps, self.exhibits, self.changes
        )

    @cached_property
    def stated(self) -> tuple[Stated, ...]:
        """All facts."""
        return stated(self.record, self.where)

    @property
    def unstated(self) -> int:
        """How many facts are left out."""
        return unstated(self.record)

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """How each part was obtained."""
        return methods(self.record)

    @cached_property
    def chain(self) -> Chain:
        """How the events hang together."""
        return chain(self.record)

    @cached_property
    def events(self) -> tuple[Shown, ...]:
        """The lines of the events table."""
        return shown_events(self.record)

    @cached_property
    def checks(self) -> tuple[int, int]:
        """How many checks of evidence held, and how many there were."""
        results = [check.passed for one in self.record.tasks for check in one.checks]
        return sum(results), len(results)

    @cached_property
    def tests(self) -> tuple[tuple[TaskRecord, TestsRan], ...]:
        """Test reports among the evidence, with the task that ran them."""
        return tuple(
            (one, ran)
            for one in self.record.tasks
            for ran in one.work.evidence
            if isinstance(ran, TestsRan)
        )

    @cached_property
    def proofs(self) -> tuple[tuple[TaskRecord, TestsRan], ...]:
        """Those of `tests` that tell of the changed code."""
        return tuple(each for each in self.tests if proves(each[0].task, self.record.plan))

    @cached_property
    def _facts(self) -> dict[str, list[Stated]]:
        return _by_task(self.stated)

    @cached_property
    def _exhibits(self) -> dict[str, list[Exhibit]]:
        return _by_task(self.exhibits)

    @cached_property
    def _waits(self) -> dict[str, float]:
        rows = self.timeline.rows if self.timeline else ()
        return {row.task.task.key: row.waited for row in rows}

    def facts_of(self, task: str) -> list[Stated]:
        """Return the facts of one task."""
        return self._facts.get(task, [])

    def exhibits_of(self, task: str) -> list[Exhibit]:
        """Return the artifacts of one task."""
        return self._exhibits.get(task, [])

    def waited(self, task: str) -> float:
        """Return the seconds between a task being free to start and its first attempt."""
        return self._waits.get(task, 0.0)


class _OfTask(Protocol):
    @property
    def task(self) -> str: ...


T = TypeVar("T", bound=_OfTask)


def _by_task(items: Iterable[T]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for item in items:
        grouped.setdefault(item.task, []).append(item)
    return grouped
