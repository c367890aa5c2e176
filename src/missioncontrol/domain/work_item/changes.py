"""What people say about work items: who does one, how urgent it is, what it waits for, its end.

What agents do, documents that are signed and alerts that are resolved are events of their own
nouns. Only what no other noun holds is an event here. All share one stream, so that two items can
never block each other.
"""

from datetime import date
from typing import Annotated, Any, Literal, assert_never, get_args

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import suspicious
from missioncontrol.domain.work_item.stages import OVER, Stage, Word

Kind = Literal["task", "person_task", "repository_task", "question", "alert"]
"""A task of a mission that an agent does; one that a person does; a task of a repository; a
question or a task with a form that a step puts to people; an alert."""

KINDS: tuple[Kind, ...] = get_args(Kind)
Priority = Literal["urgent", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)

ID_MAX = 300
NAME_MAX = 200
LABELS_MAX = 20
LABEL_MAX = 40
REASON_MAX = 2_000
BLOCKS_MAX = 50
HOURS_MAX = 10_000.0
PARENTS_MAX = 10
"""Parents above each other."""

LIMIT_MAX = 1_000
ITEMS_MAX = 100_000

Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX)]
Reason = Annotated[
    str, Meta(max_length=REASON_MAX, description="Why; stored in the log permanently.")
]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_MAX)]
Point = Annotated[str, Meta(min_length=1, max_length=1_000)]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape; `item` names what it is about as its source does."""


class WorkItemAssigned(Event, frozen=True):
    """A person, or an agent, is to do it."""

    item: str
    to: str  # user:NAME or agent:NAME; "" where it is unassigned
    by: str


class WorkItemEdited(Event, frozen=True):
    """A person changed its priority, labels, due date or estimate."""

    item: str
    by: str
    priority: Priority | None = None
    labels: tuple[str, ...] | None = None
    due: str | None = None  # YYYY-MM-DD, "" for none
    hours: float | None = None  # of a person, 0 for no estimate
    parent: str | None = None  # the item that it is a part of, "" for none


class WorkItemBlocked(Event, frozen=True):
    """It is not begun before another one is over."""

    item: str
    on: str
    by: str
    reason: str = ""


class WorkItemUnblocked(Event, frozen=True):
    """It no longer waits for that one."""

    item: str
    on: str
    by: str


class WorkItemStarted(Event, frozen=True):
    """A person began it."""

    item: str
    by: str


class WorkItemStopped(Event, frozen=True):
    """A person no longer works on it."""

    item: str
    by: str
    reason: str = ""


class WorkItemFinished(Event, frozen=True):
    """A person looked at it and took it as done."""

    item: str
    by: str
    reason: str = ""


class WorkItemDropped(Event, frozen=True):
    """It is not going to be done."""

    item: str
    by: str
    reason: str = ""


class StageLimited(Event, frozen=True):
    """No more than so many items are to be in a stage at once."""

    stage: Stage
    limit: int  # 0 for no limit
    by: str


WorkItemEvent = (
    WorkItemAssigned
    | WorkItemEdited
    | WorkItemBlocked
    | WorkItemUnblocked
    | WorkItemStarted
    | WorkItemStopped
    | WorkItemFinished
    | WorkItemDropped
    | StageLimited
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    WorkItemAssigned: ("work_item_assigned", 1),
    WorkItemEdited: ("work_item_edited", 1),
    WorkItemBlocked: ("work_item_blocked", 1),
    WorkItemUnblocked: ("work_item_unblocked", 1),
    WorkItemStarted: ("work_item_started", 1),
    WorkItemStopped: ("work_item_stopped", 1),
    WorkItemFinished: ("work_item_finished", 1),
    WorkItemDropped: ("work_item_dropped", 1),
    StageLimited: ("stage_limited", 1),
}
"""The lasting name and version of every event."""


class AssignItem(msgspec.Struct, frozen=True):
    """Say who does an item."""

    id: Id
    to: Annotated[
        str,
        Meta(max_length=NAME_MAX, description="A person or an agent by name; empty for no one."),
    ] = ""


class EditItem(msgspec.Struct, frozen=True):
    """Change what people say about an item; what is left out stays."""

    id: Id
    priority: Annotated[Priority | None, Meta(description="How urgent it is.")] = None
    labels: Annotated[
        tuple[Label, ...] | None,
        Meta(description="A label; all of them are replaced."),
    ] = None
    due: Annotated[
        str | None, Meta(description="The day it is due, as YYYY-MM-DD; empty for none.")
    ] = None
    hours: Annotated[
        float | None, Meta(description="How long a person needs, in hours; 0 for no estimate.")
    ] = None
    parent: Annotated[
        Annotated[str, Meta(max_length=ID_MAX)] | None,
        Meta(description="The key of the item it is a part of; empty for none."),
    ] = None
    title: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="Of a task of a repository: its title."),
    ] = None
    text: Annotated[
        Annotated[str, Meta(max_length=20_000)] | None,
        Meta(description="Likewise: what is wanted, and why."),
    ] = None
    acceptance: Annotated[
        tuple[Point, ...] | None,
        Meta(description="Likewise: a point that has to hold; all of them are replaced."),
    ] = None


class BlockItem(msgspec.Struct, frozen=True):
    """Have an item wait until another one is over."""

    id: Id
    on: Annotated[str, Meta(min_length=1, max_length=ID_MAX, description="The other one's key.")]
    reason: Reason = ""


class UnblockItem(msgspec.Struct, frozen=True):
    """Have an item no longer wait for another one."""

    id: Id
    on: Annotated[str, Meta(min_length=1, max_length=ID_MAX, description="The other one's key.")]


class StartItem(msgspec.Struct, frozen=True):
    """Begin an item."""

    id: Id


class StopItem(msgspec.Struct, frozen=True):
    """End the work on an item; it can begin again."""

    id: Id
    reason: Reason = ""


class FinishItem(msgspec.Struct, frozen=True):
    """Take an item as done."""

    id: Id
    reason: Reason = ""


class DropItem(msgspec.Struct, frozen=True):
    """Do not do an item."""

    id: Id
    reason: Reason = ""


class LimitStage(msgspec.Struct, frozen=True):
    """Say how many items are to be in a stage at most."""

    stage: Annotated[Stage, Meta(description="The column of the board.")]
    limit: Annotated[int, Meta(ge=0, le=LIMIT_MAX, description="How many at most; 0 for no limit.")]


ItemCommand = (
    AssignItem | EditItem | BlockItem | UnblockItem | StartItem | StopItem | FinishItem | DropItem
)


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
