"""The rules of what people say about work items, and the state that follows from it."""

from datetime import date
from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import suspicious
from missioncontrol.domain.work_item.commands import (
    AssignItem,
    BlockItem,
    DropItem,
    EditItem,
    FinishItem,
    ItemCommand,
    LimitStage,
    StartItem,
    StopItem,
    UnblockItem,
)
from missioncontrol.domain.work_item.events import (
    Kind,
    Priority,
    StageLimited,
    WorkItemAssigned,
    WorkItemBlocked,
    WorkItemDropped,
    WorkItemEdited,
    WorkItemEvent,
    WorkItemFinished,
    WorkItemStarted,
    WorkItemStopped,
    WorkItemUnblocked,
)
from missioncontrol.domain.work_item.stages import OVER, Stage, Word

LABELS_MAX = 20
BLOCKS_MAX = 50
HOURS_MAX = 10_000.0
PARENTS_MAX = 10
"""Parents above each other."""


class Facts(msgspec.Struct, frozen=True):
    """What is true of an item beside this stream, as far as it decides."""

    id: str
    key: str
    kind: Kind
    word: Word
    blocked_by: tuple[str, ...] = ()  # keys of what has to be over first


class Change(msgspec.Struct, frozen=True):
    """A command about an item that exists."""

    command: ItemCommand
    item: Facts
    by: str
    on: Facts | None = None  # of the other item that the command names


class Limited(msgspec.Struct, frozen=True):
    """A command about a stage."""

    command: LimitStage
    by: str


class Stated(msgspec.Struct):
    """What people state about an item."""

    assignee: str = ""
    priority: Priority = "normal"
    labels: tuple[str, ...] = ()
    due: str = ""
    hours: float = 0.0
    on: tuple[str, ...] = ()  # items that it waits for
    parent: str = ""
    is_over: bool = False


class WorkItems(msgspec.Struct):
    """All that people state, by item."""

    items: dict[str, Stated]
    limits: dict[Stage, int] = {}  # items in a stage


def unknown(stream: str) -> NotFound:
    """Say that there is no such item."""
    return NotFound(
        "work_item.unknown",
        f"There is no work item {stream[:80]!r} here.",
        hint="`mission task item list` names them.",
    )


def decide(change: Change | Limited, state: WorkItems | None, now: float) -> list[WorkItemEvent]:
    """Answer a change with the events it makes true.

    Raises:
        Rejected: `work_item.bad_input`, `work_item.over`, `work_item.blocked`,
            `work_item.by_plan` (its plan or its own noun decides that), `work_item.cycle` or
            `work_item.too_many`.
    """
    del now
    if isinstance(change, Limited):
        return _limited(change, state)
    items = state.items if state is not None else {}
    known = items.get(change.item.id, Stated())
    command = change.command
    refuse(verb_of(command), change.item)
    match command:
        case AssignItem():
            return _assigned(command, change, known)
        case EditItem():
            return _edited(command, change, items)
        case BlockItem():
            return _blocked(command, change, items)
        case UnblockItem():
            on = change.on.id if change.on is not None else command.on
            made = WorkItemUnblocked(change.item.id, on, change.by)
            return [made] if on in known.on else []
        case StartItem():
            return [WorkItemStarted(change.item.id, change.by)]
        case StopItem():
            return [WorkItemStopped(change.item.id, change.by, command.reason)]
        case FinishItem():
            return [WorkItemFinished(change.item.id, change.by, command.reason)]
        case DropItem():
            return [WorkItemDropped(change.item.id, change.by, command.reason)]
        case _:
            assert_never(command)


def evolve(state: WorkItems | None, event: WorkItemEvent, at: float) -> WorkItems:
    """Apply `event`."""
    del at
    state = state or WorkItems({})
    if isinstance(event, StageLimited):
        state.limits = {**state.limits, event.stage: event.limit}
        return state
    stated = state.items.setdefault(event.item, Stated())
    match event:
        case WorkItemAssigned():
            stated.assignee = event.to
        case WorkItemEdited():
            for name in ("priority", "labels", "due", "hours", "parent"):
                value = getattr(event, name)
                if value is not None:
                    setattr(stated, name, value)
        case WorkItemBlocked():
            stated.on = (*stated.on, event.on)
        case WorkItemUnblocked():
            stated.on = tuple(each for each in stated.on if each != event.on)
        case WorkItemStarted() | WorkItemStopped():
            stated.is_over = False
        case WorkItemFinished() | WorkItemDropped():
            stated.is_over = True
        case _:
            assert_never(event)
    return state


def _limited(change: Limited, state: WorkItems | None) -> list[WorkItemEvent]:
    stage, limit = change.command.stage, change.command.limit
    before = state.limits.get(stage, 0) if state is not None else 0
    return [StageLimited(stage, limit, change.by)] if limit != before else []


Verb = Literal["assign", "edit", "block", "unblock", "start", "stop", "finish", "drop"]

_VERBS: dict[type, Verb] = {
    AssignItem: "assign",
    EditItem: "edit",
    BlockItem: "block",
    UnblockItem: "unblock",
    StartItem: "start",
    StopItem: "stop",
    FinishItem: "finish",
    DropItem: "drop",
}


def verb_of(command: ItemCommand) -> Verb:
    """Return what a command does, in a word."""
    return _VERBS[type(command)]


def refuse(verb: Verb, item: Facts) -> None:
    """Refuse what can't be done with an item as it is.

    Raises:
        Rejected: see `decide`.
    """
    if verb == "edit":
        return
    if item.word in OVER:
        is_what = "done" if item.word == "done" else "cancelled"
        raise Rejected("work_item.over", f"{item.key} is {is_what} already.")
    if item.kind in ("task", "question"):
        raise Rejected("work_item.by_plan", f"{item.key}: {_BY_PLAN[item.kind][verb]}")
    if verb == "start":
        _refuse_start(item)
    if verb == "stop" and item.word != "building":
        raise Rejected("work_item.not_started", f"{item.key} is not at work, so nothing stops.")


def _refuse_start(item: Facts) -> None:
    if item.word in ("building", "in_review"):
        raise Rejected("work_item.over", f"{item.key} has been started already.")
    if item.blocked_by:
        named = ", ".join(item.blocked_by)
        raise Rejected(
            "work_item.blocked",
            f"{item.key} is blocked by {named}.",
            hint="Finish that first, or take the block back.",
        )


_BY_PLAN: dict[str, dict[str, str]] = {
    "task": {
        "assign": "the plan names the agent that does it.",
        "block": "the plan says what it waits for.",
        "unblock": "the plan says what it waits for.",
        "start": "the engine starts it as soon as what it needs is done.",
        "stop": "it ends with its run: `mission runs cancel` ends that.",
        "finish": "the engine takes it as done when its checks pass.",
        "drop": "it ends with its run: `mission runs cancel` ends that.",
    },
    "question": {
        "assign": "the step that asks names who may answer.",
        "block": "a step waits for the answer.",
        "unblock": "a step waits for the answer.",
        "start": "a person answers it; there is nothing to start.",
        "stop": "it ends with its run: `mission runs cancel` ends that.",
        "finish": "it is done when a person answers it.",
        "drop": "it ends with its run: `mission runs cancel` ends that.",
    },
}


def _assigned(command: AssignItem, change: Change, known: Stated) -> list[WorkItemEvent]:
    if command.to == known.assignee:
        return []
    return [WorkItemAssigned(change.item.id, command.to, change.by)]


def _edited(command: EditItem, change: Change, items: dict[str, Stated]) -> list[WorkItemEvent]:
    known = items.get(change.item.id, Stated())
    labels = None if command.labels is None else tuple(dict.fromkeys(command.labels))
    if labels is not None and len(labels) > LABELS_MAX:
        raise _bad_input(f"There are {len(labels)} labels; at most {LABELS_MAX} fit.")
    for each in labels or ():
        if not each.isprintable() or suspicious(each) or each != each.strip():
            raise _bad_input(f"The label {each!r} is no plain text on one line.")
    if command.due:
        _refuse_bad_day(command.due)
    if command.hours is not None and not 0 <= command.hours <= HOURS_MAX:
        raise _bad_input(f"The hours are {command.hours:g}; they are 0 to {HOURS_MAX:,.0f}.")
    stated = {
        "priority": command.priority,
        "labels": labels,
        "due": command.due,
        "hours": command.hours,
        "parent": _parent(command, change, items),
    }
    changed: dict[str, Any] = {
        name: value
        for name, value in stated.items()
        if value is not None and value != getattr(known, name)
    }
    return [WorkItemEdited(change.item.id, change.by, **changed)] if changed else []


def _parent(command: EditItem, change: Change, items: dict[str, Stated]) -> str | None:
    """Return the id of the parent that is stated; None where none is.

    Raises:
        Rejected: `work_item.cycle`.
    """
    if command.parent is None or not command.parent.strip():
        return command.parent
    assert change.on is not None, "the caller looks it up"
    place, above = change.on.id, 0
    while place and above <= PARENTS_MAX:
        if place == change.item.id:
            raise Rejected(
                "work_item.cycle", f"{change.on.key} is a part of {change.item.key} already."
            )
        place, above = items.get(place, Stated()).parent, above + 1
    if above > PARENTS_MAX:
        raise Rejected("work_item.too_many", f"{change.on.key} has {PARENTS_MAX} parents above.")
    return change.on.id


def _refuse_bad_day(text: str) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise _bad_input(f"The due date {text[:40]!r} is no day.", "Write it as 2027-03-31.")


def _blocked(command: BlockItem, change: Change, items: dict[str, Stated]) -> list[WorkItemEvent]:
    assert change.on is not None, "the caller looks it up"
    item, on = change.item.id, change.on.id
    before = items.get(item, Stated()).on
    if on in before:
        return []
    if len(before) >= BLOCKS_MAX:
        raise Rejected(
            "work_item.too_many", f"{change.item.key} waits for {len(before)} items already."
        )
    if item == on or _reaches(on, item, items):
        raise Rejected(
            "work_item.cycle",
            f"{change.item.key} and {change.on.key} would wait for each other.",
        )
    return [WorkItemBlocked(item, on, change.by, command.reason)]


def _reaches(first: str, wanted: str, items: dict[str, Stated]) -> bool:
    """Whether `first` waits for `wanted`, through any number of others."""
    seen, waiting = {first}, [first]
    while waiting:
        for each in items.get(waiting.pop(), Stated()).on:
            if each == wanted:
                return True
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return False


def _bad_input(reason: str, hint: str = "") -> Rejected:
    return Rejected("work_item.bad_input", reason, hint=hint)
