"""The concerns of a run: everything that only a person can settle, gravest first."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from missioncontrol.documents.anchors import Part, Places, Sentence, sentence
from missioncontrol.documents.chain import chain
from missioncontrol.documents.changes import changes
from missioncontrol.documents.exhibits import exhibits
from missioncontrol.documents.figures import counted
from missioncontrol.documents.finding_groups import GRAVE, Group, finding_groups, location
from missioncontrol.documents.markup import shortened
from missioncontrol.documents.next_steps import handed_over
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.documents.traceability.check import trace_check
from missioncontrol.domain.building import proves
from missioncontrol.domain.coverage_gaps import Gap, Waiver
from missioncontrol.domain.work import TestsRan

Tone = Literal["bad", "held", "ask"]
ITEMS_MAX = 12
"""Things under one heading that are listed; the rest is counted."""


REASON_MAX = 300
TESTS_HINT = "Mend them first, or know them by name, so that new failures show."
RESTATED = frozenset({"review.task-failed", "review.requirement-uncovered"})
"""Findings that repeat a concern that has a heading of its own."""

RESTATED_GAPS = frozenset({"task.unsuccessful"})
"""Gaps that repeat one too."""


class Concern(msgspec.Struct, frozen=True, omit_defaults=True):
    """One kind of open item, and each of them with a link to its details."""

    tone: Tone
    title: Sentence
    items: tuple[Sentence, ...] = ()
    left_out: int = 0
    hint: str = ""
    command: str = ""  # what to type, where there is something


def concerns(record: MissionRecord, where: Places) -> tuple[Concern, ...]:
    """Return the concerns that wait for a person, gravest first."""
    return (
        *_broken_chain(record, where),
        *_unplanned(record),
        *_failed(record, where),
        *_blocked(record, where),
        *_contradicted(record, where),
        *_failing_tests(record, where),
        *_grave_findings(record, where),
        *_handed_over(record, where),
        *_built(record, where),
        *_questions(record),
        *_gaps(record, where),
    )


def _broken_chain(record: MissionRecord, where: Places) -> Iterator[Concern]:
    broken = chain(record).broken
    if broken:
        items = tuple(sentence(Part(f"event {one}", where.event(one))) for one in broken)
        title = sentence("The record contradicts itself: an event names another predecessor")
        yield _concern(
            "bad",
            title,
            items,
            "Trust nothing after it; this names the first bad event:",
            "mission audit verify",
        )


def _unplanned(record: MissionRecord) -> Iterator[Concern]:
    """Explain why there is no plan: without one, no task is left that could report a failure."""
    if record.tasks or record.status != "failed":
        return
    faults = [fault for tried in record.plan_attempts[-1:] for fault in tried.faults]
    items = tuple(sentence(shortened(fault, REASON_MAX)) for fault in faults)
    yield _concern(
        "bad",
        sentence("The goal could not be ", Part("planned", "planning" if faults else "")),
        items,
    )


def _failed(record: MissionRecord, where: Places) -> Iterator[Concern]:
    failed = [one for one in record.tasks if one.state == "failed"]
    if failed:
        title = sentence(Part(counted(len(failed), "task"), "plan"), " failed")
        # Code that a proof refused fails again: retry from the task that writes it.
        again = proves(failed[0].task, record.plan) or failed[0].task.key
        command = f"mission runs retry {record.run} {again}"
        items = tuple(_why(one, where) for one in failed)
        yield _concern("bad", title, items, "Mend the cause, then:", command)


def _blocked(record: MissionRecord, where: Places) -> Iterator[Concern]:
    blocked = [one for one in record.tasks if one.state == "blocked"]
    if blocked:
        verb = " is blocked" if len(blocked) == 1 else " are blocked"
        title = sentence(Part(counted(len(blocked), "task"), "plan"), verb)
        yield _concern("held", title, tuple(_why(one, where) for one in blocked))


def _contradicted(record: MissionRecord, where: Places) -> Iterator[Concern]:
    items = tuple(
        sentence(
            Part(one.task.title, where.task(one.task.key)),
            f": {check.what}; {check.detail}".rstrip("; "),
        )
        for one in record.tasks
        for check in one.checks
        if not check.passed and one.state != "failed"  # its reason says so already
    )
    if items:
        title = sentence(Part(counted(len(items), "check"), "checks"), " of evidence did not hold")
        yield _concern("bad", title, items)


def _failing_tests(record: MissionRecord, where: Places) -> Iterator[Concern]:
    grave = _grave_groups(record)
    for one in record.tasks:
        place = where.task(one.task.key)
        is_proof = bool(proves(one.task, record.plan))
        named = [group for group in grave if group.places[0].task == one.task.key]
        items = tuple(_finding(group, where) for group in named)
        for ran in dict.fromkeys(one.work.evidence):
            if isinstance(ran, TestsRan) and ran.failed + ran.errors:
                items_shown = items or (sentence(one.work.summary),)
                hint = "" if is_proof else TESTS_HINT
                title = _tests_title(ran, place, is_proof=is_proof)
                yield _concern("bad", title, items_shown, hint)


def _tests_title(ran: TestsRan, place: str, *, is_proof: bool) -> Sentence:
    wrong = ran.failed + ran.errors
    if not ran.passed and not ran.failed:
        return sentence(
            "The tests of the project did not run: ", Part(counted(wrong, "error"), place)
        )
    verb = "does" if wrong == 1 else "do"
    number = Part(counted(wrong, "test"), place)
    when = "with the changes" if is_proof else "before any change"
    return sentence(number, f" of the project {verb} not pass, {when}")


def _grave_findings(record: MissionRecord, where: Places) -> Iterator[Concern]:
    testing = {one.task.key for one in record.tasks if _has_failing_tests(one)}
    grave = [group for group in _grave_groups(record) if group.places[0].task not in testing]
    number = sum(len(group.places) + group.left_out for group in grave)
    if grave:
        levels = " and ".join(dict.fromkeys(group.severity for group in grave))
        title = sentence(
            Part(counted(number, "finding"), "findings"),
            f" of {levels} severity" if number == 1 else f", of {levels} severity",
        )
        yield _concern("bad", title, tuple(_finding(group, where) for group in grave))


def _grave_groups(record: MissionRecord) -> list[Group]:
    return [
        group
        for group in finding_groups(record)
        if group.severity in GRAVE and group.rule not in RESTATED
    ]


def _has_failing_tests(one: TaskRecord) -> bool:
    return any(isinstance(ran, TestsRan) and ran.failed + ran.errors for ran in one.work.evidence)


def _handed_over(record: MissionRecord, where: Places) -> Iterator[Concern]:
    tasks = handed_over(record)
    if tasks:
        verb = (
            " is handed over and not done" if len(tasks) == 1 else " are handed over and not done"
        )
        title = sentence(Part(counted(len(tasks), "task"), "next-steps"), verb)
        items = tuple(sentence(Part(one.task.title, where.task(one.task.key))) for one in tasks)
        yield _concern("ask", title, items)


def _built(record: MissionRecord, where: Places) -> Iterator[Concern]:
    found = changes(record, exhibits(record, where))
    if found is not None and found.exhibit is not None:
        proven = "proven" if found.is_proven else "not proven"
        hint = "Look at it in a copy, then apply it:"
        if not found.is_proven:
            hint = "Look at it in a copy before anything is built on it:"
        title = sentence("The changed code is ", Part(proven, "changes"), " and waits for you")
        yield _concern(
            "ask" if found.is_proven else "held",
            title,
            (),
            hint,
            f"mission runs artifacts {record.run} --output DIR",
        )


def _questions(record: MissionRecord) -> Iterator[Concern]:
    questions = record.plan.questions
    if questions:
        verb = " is open" if len(questions) == 1 else " are open"
        title = sentence(Part(counted(len(questions), "question"), "requirements"), verb)
        yield _concern("ask", title, tuple(sentence(one) for one in questions))


def _gaps(record: MissionRecord, where: Places) -> Iterator[Concern]:
    """Yield the open gaps of the trace, and the waived ones."""
    if not record.plan.phases:
        return
    found = trace_check(record)
    # Tasks that ended badly have a heading of their own.
    left = [gap for gap in found.gaps if gap.code not in RESTATED_GAPS]
    if left:
        verb = "is" if len(left) == 1 else "are"
        title = sentence(
            Part(counted(len(left), "gap"), "requirements"), f" of the trace {verb} open"
        )
        items = tuple(_gap(gap, where) for gap in left)
        yield _concern("held", title, items, "Close it, or waive it:", _waive(record, left[0]))
    if found.waived:
        verb = "is" if len(found.waived) == 1 else "are"
        number = Part(counted(len(found.waived), "gap"), "requirements")
        title = sentence(number, f" of the trace {verb} waived")
        yield _concern("ask", title, tuple(_gap(w.gap, where, w.waiver) for w in found.waived))


def _waive(record: MissionRecord, gap: Gap) -> str:
    return f"mission runs trace waive {record.run} {gap.id} --reason WHY"


def _gap(gap: Gap, where: Places, waiver: Waiver | None = None) -> Sentence:
    waived_by = f", waived by {waiver.by.removeprefix('user:')}: {waiver.reason}" if waiver else ""
    kind = gap.code.partition(".")[0]
    places = {"requirement": where.requirements, "risk": where.risks, "task": where.tasks}
    place = places.get(kind, {}).get(gap.subject, "")
    words = shortened(f"{gap.what.rstrip('.') if waived_by else gap.what}{waived_by}", REASON_MAX)
    return sentence(Part(gap.subject, place), f": {words}") if place else sentence(words)


def _concern(
    tone: Tone,
    title: Sentence,
    items: tuple[Sentence, ...],
    hint: str = "",
    command: str = "",
) -> Concern:
    left_out = max(len(items) - ITEMS_MAX, 0)
    return Concern(tone, title, items[:ITEMS_MAX], left_out, hint, command)


def _why(one: TaskRecord, where: Places) -> Sentence:
    reason = one.reason or _last_error(one)
    words = f": {shortened(reason, REASON_MAX)}" if reason else ", and the record does not say why"
    return sentence(Part(one.task.title, where.task(one.task.key)), words)


def _last_error(one: TaskRecord) -> str:
    return next((tried.error for tried in reversed(one.attempts) if tried.error), "")


def _finding(group: Group, where: Places) -> Sentence:
    first = group.places[0]
    others = len(group.places) - 1 + group.left_out
    place = location(first.finding) or "the whole repository"
    more = f" and {counted(others, 'other place')}" if others else ""
    return sentence(
        f"{group.title}: ", Part(f"{place}{more}", where.finding(first.task, first.number))
    )
