"""What people did with work items: who does one, how urgent it is, what it waits for, its end.

What agents do, documents that are signed and alerts that are resolved are events of their own
nouns. Only what no other noun holds is an event here. All share one stream, so that two items can
never block each other.
"""

from typing import Literal, get_args

import msgspec

from missioncontrol.domain.work_item.stages import Stage

Kind = Literal["task", "person_task", "repository_task", "question", "alert"]
"""A task of a mission that an agent does; one that a person does; a task of a repository; a
question or a task with a form that a step puts to people; an alert."""

KINDS: tuple[Kind, ...] = get_args(Kind)
Priority = Literal["urgent", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


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
