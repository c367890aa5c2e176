"""What was not done, and why: each task that did not end well, and what its work left out."""

from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.documents.figures import counted
from missioncontrol.documents.inline_code import shortened
from missioncontrol.documents.places import Places
from missioncontrol.documents.record import MissionRecord, TaskRecord
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
        return f"The run stopped at its plan: `mission carry-out {record.run}` does it."
    return "It may start, and waits for room."


def _cancel_reason(record: MissionRecord) -> str:
    for event in reversed(record.events):
        if event.type == "cancel_requested" and event.stream == record.run:
            said: Any = event.data.get("reason", "") if isinstance(event.data, dict) else ""
            return f"The run was ended: {said}" if said else "Somebody cancelled the run."
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
        why = "The goal leaves it open, and nobody has answered: " + record.plan.questions[0]
        if len(record.plan.questions) > 1:
            why = "The goal leaves them open; the first is: " + record.plan.questions[0]
        yield Undone(number, "left open", shortened(why, REASON_MAX), "requirements")
