"""All that the cockpit shows, worked out once for the page and for every form of a report."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from missioncontrol.documents.anchors import Places, Sentence
from missioncontrol.documents.changes import Changes
from missioncontrol.documents.cockpit.comparison import Compared, compared
from missioncontrol.documents.cockpit.path import PathStep, path
from missioncontrol.documents.exhibits import Exhibit
from missioncontrol.documents.figures import counted
from missioncontrol.documents.markup import shortened
from missioncontrol.documents.next_steps import NextSteps
from missioncontrol.documents.outcome import Tally, is_checked
from missioncontrol.documents.record import CheckRecord, MissionRecord, TaskRecord
from missioncontrol.documents.statements import evidence_sentence
from missioncontrol.domain.work import FilesRead

REASON_MAX = 400


class Undone(msgspec.Struct, frozen=True):
    """One thing that was not done."""

    what: str
    how: str  # handed over, failed, blocked, cancelled, running, waiting, left out
    why: str
    place: str  # its id in the report


def undone(record: MissionRecord, where: Places) -> tuple[Undone, ...]:
    """Return what was not done, in the order of the plan, and then what was left out of it."""
    titles = {one.task.key: one.task.title for one in record.tasks}
    tasks = [
        Undone(
            one.task.title,
            one.state.replace("_", " "),
            shortened(_why(one, record, titles), REASON_MAX),
            where.task(one.task.key),
        )
        for one in record.tasks
        if one.state != "succeeded"
    ]
    return (*tasks, *_left_out(record, where))


def _why(one: TaskRecord, record: MissionRecord, titles: dict[str, str]) -> str:
    match one.state:
        case "handed_over":
            serves = ", ".join(one.task.requirements)
            behind = f" for {serves}" if serves else ""
            work = record.plan.work
            if work != "change":
                return f"The {work}{behind} is written by people; no code changes for it."
            return f"It changes code{behind}, and this mission named no agent that does that."
        case "blocked":
            return _blocked(one, record, titles)
        case "cancelled":
            return one.reason or _cancel_reason(record)
        case "waiting" | "running":
            return _unended(one, record, titles)
        case _:
            return one.reason or "The record does not say why."


def _blocked(one: TaskRecord, record: MissionRecord, titles: dict[str, str]) -> str:
    by_key = {each.task.key: each for each in record.tasks}
    for need in one.task.needs:
        before = by_key.get(need)
        if before is not None and before.state in {"failed", "blocked", "cancelled"}:
            return f"It needs “{titles[need]}”, which {_ended(before.state)}."
    return one.reason or "The record does not say why."


def _ended(state: str) -> str:
    return {"failed": "failed", "blocked": "is blocked itself"}.get(state, "was cancelled")


def _unended(one: TaskRecord, record: MissionRecord, titles: dict[str, str]) -> str:
    if one.reason:
        return one.reason
    done = {each.task.key for each in record.tasks if each.state == "succeeded"}
    open_needs = [f"“{titles[need]}”" for need in one.task.needs if need not in done & set(titles)]
    if one.state == "running":
        return "It is at work."
    if open_needs:
        return f"It comes after {' and '.join(open_needs[:3])}."
    if record.status == "succeeded":
        return f"The run stopped at its plan: `mission execute {record.run}` does it."
    return "It may start, and waits for room."


def _cancel_reason(record: MissionRecord) -> str:
    for event in reversed(record.events):
        if event.type == "cancel_requested" and event.stream == record.run:
            reason: Any = event.data.get("reason", "") if isinstance(event.data, dict) else ""
            return f"The run was ended: {reason}" if reason else "A person cancelled the run."
    return "The run was cancelled."


def _left_out(record: MissionRecord, where: Places) -> Iterator[Undone]:
    for one in record.tasks:
        left = max((e.left_out for e in one.work.evidence if isinstance(e, FilesRead)), default=0)
        if left:
            title = f"{counted(left, 'file')} of the repository"
            why = f"“{one.task.title}” read the others: these are binary, too large, or too many."
            yield Undone(title, "left out", why, where.task(one.task.key))
    if record.plan.questions:
        number = counted(len(record.plan.questions), "question")
        why = "The goal leaves it open, and it has no answer yet: " + record.plan.questions[0]
        if len(record.plan.questions) > 1:
            why = "The goal leaves them open; the first is: " + record.plan.questions[0]
        yield Undone(number, "left open", shortened(why, REASON_MAX), "requirements")


EVIDENCE_MAX = 3
"""Pieces of evidence of one task that a row has room for."""


class Proof(msgspec.Struct, frozen=True):
    """One task, and what its being done rests on."""

    task: str
    title: str
    state: str
    is_checked: bool
    held: int
    checks: int
    failed: tuple[CheckRecord, ...]  # those that did not hold
    evidence: tuple[Sentence, ...]  # what was run or read
    exhibits: tuple[Exhibit, ...]
    facts: int  # that stand where the task says they do


def proofs(
    record: MissionRecord, exhibits: tuple[Exhibit, ...], where: Places
) -> tuple[Proof, ...]:
    """Return a row for each task that was begun; what was not begun has nothing to show."""
    return tuple(
        _proof(one, [each for each in exhibits if each.task == one.task.key], where)
        for one in record.tasks
        if one.state not in {"handed_over", "waiting", "blocked"}
    )


def _proof(one: TaskRecord, exhibits: list[Exhibit], where: Places) -> Proof:
    failed = tuple(check for check in one.checks if not check.passed)
    sentences = dict.fromkeys(evidence_sentence(each, one, where) for each in one.work.evidence)
    return Proof(
        one.task.key,
        one.task.title,
        one.state,
        is_checked(one),
        len(one.checks) - len(failed),
        len(one.checks),
        failed,
        tuple(sentences)[:EVIDENCE_MAX],
        tuple(exhibits),
        len(one.work.facts),
    )


class Cockpit:
    """The outcome of a run beside its estimates; each part is computed on first use."""

    def __init__(
        self,
        record: MissionRecord,
        where: Places,
        count: Tally,
        following: NextSteps,
        exhibits: tuple[Exhibit, ...],
        changed: Changes | None,
    ) -> None:
        """All of it comes from one reading of the record."""
        self._record = record
        self._where = where
        self._count = count
        self._following = following
        self._exhibits = exhibits
        self._changed = changed

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """Each estimate beside its actual."""
        return compared(self._record, self._changed)

    @property
    def whole(self) -> tuple[Compared, ...]:
        """Those of the mission as a whole."""
        return tuple(each for each in self.compared if not each.task)

    @property
    def of_tasks(self) -> tuple[Compared, ...]:
        """Those of single tasks."""
        return tuple(each for each in self.compared if each.task)

    @property
    def unestimated(self) -> tuple[str, ...]:
        """What could not be estimated, and why."""
        return self._record.plan.unestimated

    @property
    def hits(self) -> tuple[int, int]:
        """How many actuals fell into their range, and how many are known."""
        known = [each.is_inside for each in self.compared if each.is_inside is not None]
        return sum(known), len(known)

    @cached_property
    def undone(self) -> tuple[Undone, ...]:
        """What was not done, and why."""
        return undone(self._record, self._where)

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """What each task rests on."""
        return proofs(self._record, self._exhibits, self._where)

    @cached_property
    def path(self) -> tuple[PathStep, ...]:
        """What to do from here."""
        return path(self._record, self._count, self._following, self._changed, self._where)
