"""Operations on work items; each is done where the item comes from."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from missioncontrol.application.work_items import CreateItem, HandItemToBuilder, ItemNow, RetryItem
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.work_item.commands import (
    AssignItem,
    BlockItem,
    DropItem,
    EditItem,
    FinishItem,
    ItemCommand,
    StartItem,
    StopItem,
    UnblockItem,
)
from missioncontrol.queries.work_item import WORK_ITEM

if TYPE_CHECKING:
    from missioncontrol.application.office import Office


def _say(office: "Office", command: ItemCommand, actor: str) -> Awaitable[ItemNow]:
    return office.work_items.say(command, actor=actor)


def _begun(answer: ItemNow) -> str:
    return f"{answer.id}: {answer.run} begins." if answer.run else f"{answer.id} is started."


CREATE = Operation(
    name="work_item.create",
    title="Create a task",
    text="Add a task to a repository, with what people say about it.",
    command=CreateItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.create(command, actor=actor),
    creates=WORK_ITEM,
    body=Body("NewWorkItem", "A task of a repository."),
    tool=True,
    terminal=Terminal(
        positional=("repository", "title"),
        names={"labels": "label", "files": "file", "on": "blocked-by"},
        metavars={
            "repository": "REPOSITORY",
            "due": "DATE",
            "hours": "N",
            "to": "NAME",
            "on": "KEY",
            "parent": "KEY",
            "files": "PATTERN",
        },
        done="{id} is created.",
    ),
)

ASSIGN = Operation(
    name="work_item.assign",
    title="Assign",
    text="Say who does an item: a person, or an agent that is declared here. Without a name it is "
    "unassigned. A task whose plan names its agent is refused.",
    command=AssignItem,
    returns=ItemNow,
    permission="operate",
    handle=_say,
    target=WORK_ITEM,
    body=Body("Assigned", "Who does a work item."),
    tool=True,
    terminal=Terminal(metavars={"to": "NAME"}, done="{id} is assigned."),
)

EDIT = Operation(
    name="work_item.edit",
    title="Edit",
    text="Change the priority, the labels, the due date, the estimate or the parent of an item.\n\n"
    "Of a task of a repository also its title, its text and its points of acceptance. What is left "
    "out stays.",
    command=EditItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.edit(command, actor=actor),
    target=WORK_ITEM,
    method="PATCH",
    body=Body("ItemEdited", "What changes about a work item."),
    terminal=Terminal(
        names={"labels": "label"},
        metavars={"due": "DATE", "hours": "N", "parent": "KEY"},
        done="{id} is changed.",
    ),
)

BLOCK = Operation(
    name="work_item.block",
    title="Block",
    text="Have an item wait until another one is over. A cycle is refused.",
    command=BlockItem,
    returns=ItemNow,
    permission="operate",
    handle=_say,
    target=WORK_ITEM,
    body=Body("Blocked", "What a work item waits for."),
    terminal=Terminal(metavars={"on": "KEY"}, done="{id} waits."),
)

UNBLOCK = Operation(
    name="work_item.unblock",
    title="Unblock",
    text="Have an item no longer wait for another one.",
    command=UnblockItem,
    returns=ItemNow,
    permission="operate",
    handle=_say,
    target=WORK_ITEM,
    body=Body("Unblocked", "What a work item no longer waits for."),
    terminal=Terminal(metavars={"on": "KEY"}, done="{id} no longer waits for that."),
)

START = Operation(
    name="work_item.start",
    title="Start",
    text="Begin an item: a person begins a task, a plan is carried out, an alert is acknowledged. "
    "Refused while something blocks it.",
    command=StartItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.start(command, actor=actor),
    target=WORK_ITEM,
    terminal=Terminal(done=_begun),
)

HAND_TO_BUILDER = Operation(
    name="work_item.hand_to_builder",
    title="Hand to a builder",
    text="Have agents build, test, review and merge a task of a repository.",
    command=HandItemToBuilder,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.hand_to_builder(command, actor=actor),
    target=WORK_ITEM,
    path="hand-to-builder",
    body=Body("HandedToBuilder", "Which agents carry a task out, and the branch it goes into."),
    terminal=Terminal(
        metavars={"builder": "NAME", "reviewer": "NAME", "into": "BRANCH"}, done=_begun
    ),
)

STOP = Operation(
    name="work_item.stop",
    title="Stop",
    text="End the work on an item; it can begin again. The run of an agent is cancelled with all "
    "that it carries out.",
    command=StopItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.stop(command, actor=actor),
    target=WORK_ITEM,
    body=Body("Stopped", "Why the work on an item ends."),
    terminal=Terminal(done="{id} is stopped."),
)

RETRY = Operation(
    name="work_item.retry",
    title="Retry",
    text="Do a task again that failed or was cancelled.\n\nThe mission gets a new run, which "
    "repeats the task and everything that follows from it.",
    command=RetryItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.retry(command, actor=actor),
    target=WORK_ITEM,
    terminal=Terminal(done=_begun),
)

FINISH = Operation(
    name="work_item.finish",
    title="Finish",
    text="Take an item as done: a person has checked it. Of an alert: resolve it.",
    command=FinishItem,
    returns=ItemNow,
    permission="approve",
    surfaces=BY_PEOPLE,
    handle=lambda office, command, actor: office.work_items.finish(command, actor=actor),
    target=WORK_ITEM,
    body=Body("Finished", "Why a work item is done or not done."),
    terminal=Terminal(done="{id} is done."),
)

DROP = Operation(
    name="work_item.drop",
    title="Drop",
    text="Do not do an item. The tasks that wait for it go on.",
    command=DropItem,
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.drop(command, actor=actor),
    target=WORK_ITEM,
    body=Body("Finished", "Why a work item is done or not done."),
    terminal=Terminal(done="{id} is dropped."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    CREATE,
    ASSIGN,
    EDIT,
    BLOCK,
    UNBLOCK,
    START,
    STOP,
    HAND_TO_BUILDER,
    RETRY,
    FINISH,
    DROP,
)
