"""The verdict: one sentence about a run, computed from what its tasks came to."""

from collections import Counter

import msgspec

from missioncontrol.documents.anchors import Part, Sentence, plain_text, sentence
from missioncontrol.documents.changes import is_unchanged, is_unproven
from missioncontrol.documents.figures import counted
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.status import ENDED, MissionFacts, Status, status_of_mission

TITLE_MAX = 120
"""Characters of a mission's title that the verdict repeats."""


class Tally(msgspec.Struct, frozen=True):
    """How many tasks came to what."""

    tasks: int
    local: int  # all but those handed over
    succeeded: int
    checked: int  # succeeded, with evidence that the engine checked and found right
    failed: int
    blocked: int
    cancelled: int
    running: int
    waiting: int
    handed_over: int
    kept: int  # reused from an earlier run
    work: str = "change"  # what the tasks that are handed over come to

    @property
    def unfinished(self) -> int:
        """Local tasks that have not ended well, whatever the reason."""
        return self.local - self.succeeded


def tally(record: MissionRecord) -> Tally:
    """Count the tasks of a run by what they came to."""
    states = Counter(task.state for task in record.tasks)
    handed_over = states["handed_over"]
    return Tally(
        tasks=len(record.tasks),
        local=len(record.tasks) - handed_over,
        succeeded=states["succeeded"],
        checked=sum(is_checked(task) for task in record.tasks),
        failed=states["failed"],
        blocked=states["blocked"],
        cancelled=states["cancelled"],
        running=states["running"],
        waiting=states["waiting"],
        handed_over=handed_over,
        kept=sum(bool(task.kept_from) for task in record.tasks),
        work=record.plan.work,
    )


def standing(record: MissionRecord) -> Status:
    """Return how the mission of a record stands after its run."""
    word = "completed" if record.is_completed else record.status
    if word not in {*ENDED, "completed"}:
        word = "running"
    count = tally(record)
    facts = MissionFacts(
        word,
        record.run,
        count.tasks,
        count.handed_over,
        is_planned_only=0 < count.local == count.waiting,
        is_unchanged=any(map(is_unchanged, record.tasks)),
    )
    return status_of_mission(facts, Status(record.status))


def is_checked(task: TaskRecord) -> bool:
    """Whether the engine checked evidence for this task's success, and all of it held."""
    return task.state == "succeeded" and bool(task.checks) and all(c.passed for c in task.checks)


def outcome_sentence(record: MissionRecord) -> str:
    """Return the verdict as plain text, for a terminal."""
    return plain_text(verdict(record))


def verdict(record: MissionRecord) -> Sentence:
    """Return what the run came to; its numbers link to the tasks they count."""
    count = tally(record)
    if not count.tasks:
        return _unplanned(record)
    if record.is_completed:
        return _completed(record, count)
    if record.status == "cancelled":
        return _cancelled(record, count)
    if record.status == "queued":
        return _queued(record, count)
    if record.status == "running":
        return _running(record, count)
    if not count.local:
        return _all_handed_over(record, count)
    if record.status == "succeeded" and not count.unfinished:
        return _succeeded(record, count)
    return _incomplete(record, count)


def _unplanned(record: MissionRecord) -> Sentence:
    tries = len(record.plan_attempts)
    if record.status in {"queued", "running"}:
        return sentence(f"{_titled(record)} has no plan yet; nothing has been done.")
    after = sentence(" after ", Part(counted(tries, "attempt"), "planning")) if tries else ()
    ended = "was cancelled" if record.status == "cancelled" else "has no accepted plan"
    return sentence(f"{_titled(record)} {ended}", *after, "; nothing was done.")


def _completed(record: MissionRecord, count: Tally) -> Sentence:
    waived = len(record.waivers)
    gaps = f"{counted(waived, 'gap')} of the trace waived" if waived else "nothing of it lacking"
    return sentence(
        f"{_titled(record)} is completed: ",
        _of_all(count.succeeded, count),
        " succeeded with checked evidence, ",
        Part(gaps, "requirements"),
        ".",
    )


def _queued(record: MissionRecord, count: Tally) -> Sentence:
    return sentence(
        f"{_titled(record)} is planned and has not started: ",
        Part(counted(count.local, "local task"), "plan"),
        _verb(count.local, " waits.", " wait."),
        *_handover(count, "will be handed over and is not done"),
    )


def _running(record: MissionRecord, count: Tally) -> Sentence:
    return sentence(
        f"{_titled(record)} is still running: ",
        _of_all(count.succeeded, count),
        _verb(count.succeeded, " has succeeded", " have succeeded"),
        *_others(count),
        ".",
        *_handover(count, "is assigned to others and not done"),
    )


def _cancelled(record: MissionRecord, count: Tally) -> Sentence:
    return sentence(
        f"{_titled(record)} was cancelled: ",
        _of_all(count.succeeded, count),
        " had succeeded by then",
        *_others(count),
        ".",
        *_handover(count, "is not done"),
    )


def _all_handed_over(record: MissionRecord, count: Tally) -> Sentence:
    tasks = Part(counted(count.handed_over, "task"), "next-steps")
    if (design := record.plan.design) is not None:
        return sentence(
            f"{_titled(record)} is designed and ready to build: ",
            tasks,
            f", {counted(len(design.entities), 'table')}, "
            f"{counted(len(design.stack), 'choice')} of the stack and ",
            Part(counted(len(record.plan.risks), "risk"), "risks"),
            ".",
        )
    return sentence(
        f"Nothing of {_titled(record)} could be done here: ",
        tasks,
        _verb(count.handed_over, " is handed over and not done.", " are handed over and not done."),
    )


def _succeeded(record: MissionRecord, count: Tally) -> Sentence:
    start, done = _titled(record), "is done"
    if count.handed_over:
        start, done = f"{start} is ready to build;", "the groundwork is done"
    if any(map(is_unproven, record.tasks)):
        is_built = not any(map(is_unchanged, record.tasks))
        return sentence(
            f"{_titled(record)} is {'' if is_built else 'not '}built",
            ", and " if is_built else ", ",
            Part("not proven" if is_built else "no file was changed", "changes"),
            ": ",
            _of_all(count.succeeded, count),
            " succeeded.",
        )
    if count.checked == count.succeeded:
        return sentence(
            f"{start} {done} and checked: ",
            _of_all(count.succeeded, count),
            " succeeded.",
            *_handover(count, "is handed over and not done"),
        )
    return sentence(
        f"{start} {done}, but not all of it checked: ",
        _of_all(count.succeeded, count),
        " succeeded, ",
        Part(f"{count.checked}", "checks"),
        " with checked evidence.",
        *_handover(count, "is handed over and not done"),
    )


def _incomplete(record: MissionRecord, count: Tally) -> Sentence:
    start = f"The groundwork for {_titled(record)}" if count.handed_over else _titled(record)
    return sentence(
        f"{start} is not complete: ",
        _of_all(count.succeeded, count),
        " succeeded",
        *_others(count),
        ".",
        *_handover(count, "is handed over and not done"),
    )


def _others(count: Tally) -> Sentence:
    """Name the local tasks that have not succeeded, worst first."""
    parts: list[Part] = []
    for number, one, many in (
        (count.failed, " failed", " failed"),
        (count.blocked, " is blocked", " are blocked"),
        (count.cancelled, " was cancelled", " were cancelled"),
        (count.running, " is running", " are running"),
        (count.waiting, " waits", " wait"),
    ):
        if number:
            parts += [Part(", "), Part(f"{number}", "plan"), Part(_verb(number, one, many))]
    return tuple(parts)


def _handover(count: Tally, standing: str) -> Sentence:
    if not count.handed_over:
        return ()
    tasks = Part(counted(count.handed_over, "task"), "next-steps")
    return sentence(f" The {count.work} itself, ", tasks, f", {standing}.")


def _of_all(number: int, count: Tally) -> Part:
    return Part(f"{number} of {counted(count.tasks, 'task')}", "plan")


def _titled(record: MissionRecord) -> str:
    title = " ".join((record.title or record.plan.title or record.goal).split())
    return f"“{title if len(title) <= TITLE_MAX else title[: TITLE_MAX - 1] + '…'}”"


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
