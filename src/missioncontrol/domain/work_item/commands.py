"""What may be asked of a work item and of a stage of the board, with the bounds of each field."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.work_item.events import Priority
from missioncontrol.domain.work_item.stages import Stage

ID_MAX = 300
NAME_MAX = 200
LABEL_MAX = 40
REASON_MAX = 2_000
LIMIT_MAX = 1_000

Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX)]
Reason = Annotated[
    str, Meta(max_length=REASON_MAX, description="Why; stored in the log permanently.")
]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_MAX)]
Point = Annotated[str, Meta(min_length=1, max_length=1_000)]


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
