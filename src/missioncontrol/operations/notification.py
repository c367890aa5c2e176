"""Operations on notifications."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.declarations import SERVED, Body, Operation
from missioncontrol.domain.notification import (
    AddNotification,
    NotificationCommand,
    RemoveNotification,
    TestNotification,
    shown,
)
from missioncontrol.queries.notification import NOTIFICATION

if TYPE_CHECKING:
    from missioncontrol.application.office import Office


class NotificationNow(msgspec.Struct, frozen=True):
    """A new notification."""

    name: str
    shown: str  # a form of the address by which people recognise it


class TrialMessage(msgspec.Struct, frozen=True):
    """What became of a message that was sent as a test."""

    is_taken: bool
    status: int  # what was answered; 0 where nothing was
    trouble: str  # why it was not taken; empty where it was


def _change(office: "Office", command: NotificationCommand, actor: str) -> Awaitable[None]:
    return office.notifications.change(command, actor=actor)


async def _added(console: Any, command: AddNotification, _: Any, __: str) -> NotificationNow:
    console.notifier.store.keep_address(command.name, command.to)
    return NotificationNow(command.name, shown(command.way, command.to))


async def _removed(console: Any, command: RemoveNotification, _: Any, __: str) -> None:
    console.notifier.store.forget(command.name)


async def _tested(console: Any, command: TestNotification, _: Any, __: str) -> TrialMessage:
    found = await console.notifier.trial(command.name)
    return TrialMessage(found.is_taken, found.status, found.trouble)


SHARED: dict[str, Any] = {
    "permission": "sign_in",  # The service looks at whose inbox it is.
    "surfaces": SERVED,
    "handle": _change,
}

ADD = Operation(
    **SHARED,
    name="notification.add",
    title="Add a notification",
    text="Send new items of an inbox by mail or into a chat, each with a link that opens it.\n\n"
    "The address stands in no log. For another person's inbox, or all that needs anybody, the "
    "caller needs the permission `govern`.",
    command=AddNotification,
    creates=NOTIFICATION,
    returns=NotificationNow,
    finish=_added,
    body=Body("NewNotification", "Where new items of an inbox are to be sent."),
)

TEST = Operation(
    **SHARED,
    name="notification.test",
    title="Test a notification",
    text="Send a message at once, and return what came of it.",
    command=TestNotification,
    target=NOTIFICATION,
    returns=TrialMessage,
    finish=_tested,
)

REMOVE = Operation(
    **SHARED,
    name="notification.remove",
    title="Remove a notification",
    text="Send nothing there any more; what is due is thrown away.",
    risk="end",
    command=RemoveNotification,
    target=NOTIFICATION,
    method="DELETE",
    in_address=True,
    returns=type(None),
    finish=_removed,
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ADD, TEST, REMOVE)
