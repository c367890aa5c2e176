"""Operations on items of one's own inbox, besides settling them."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from missioncontrol.application.inbox.items import ItemNow
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.inbox import (
    AssignItem,
    CommentItem,
    DismissItem,
    InboxCommand,
    MuteItem,
    RestoreItem,
    SnoozeItem,
)
from missioncontrol.queries.inbox import ITEM

if TYPE_CHECKING:
    from missioncontrol.application.office import Office

MORNING = 9
"""The hour at which an item returns that is snoozed until tomorrow."""


def until_of(text: str) -> float:
    """Return the time that `4h`, `3d`, `tomorrow` or an ISO date and time mean.

    Raises:
        Rejected: `inbox.bad_time`.
    """
    now = datetime.now(UTC)  # noqa: TID251 - a person counts from when they type
    if text == "tomorrow":
        return morning_after(now).timestamp()
    seconds = seconds_of(text)
    if isinstance(seconds, float):
        return now.timestamp() + seconds
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected(
            "inbox.bad_time",
            f"{text[:60]!r} is no time.",
            hint="Give 4h, 3d, tomorrow or 2026-01-31T09:00+01:00.",
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def morning_after(now: datetime) -> datetime:
    """Return nine o'clock of the next day, in the zone of `now`."""
    return (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)


def _change(office: "Office", command: InboxCommand, actor: str) -> Awaitable[ItemNow]:
    return office.inboxes.change(command, actor=actor)


SHARED: dict[str, Any] = {
    "permission": "sign_in",  # Each person tends their own inbox; the service looks at the rest.
    "surfaces": BY_PEOPLE,
    "fixed": {"by": ""},
    "returns": ItemNow,
    "handle": _change,
    "target": ITEM,
}

SNOOZE = Operation(
    **SHARED,
    name="inbox.snooze",
    title="Snooze an item",
    text="Take an item out of the caller's inbox until a time.\n\n"
    "It returns earlier where something new happens to it.",
    command=SnoozeItem,
    body=Body("Snoozed", "When an item returns to the inbox."),
    terminal=Terminal(
        parse={"until": until_of},
        metavars={"until": "WHEN"},
        defaults={"until": "tomorrow"},
        done="{id} is snoozed.",
    ),
)

DISMISS = Operation(
    **SHARED,
    name="inbox.dismiss",
    title="Dismiss an item",
    text="Take an item that nothing waits for out of the caller's inbox.\n\n"
    "A failed run, a plan or a task returns where something new happens to it.",
    command=DismissItem,
    terminal=Terminal(done="{id} is dismissed."),
)

MUTE = Operation(
    **SHARED,
    name="inbox.mute",
    title="Mute an item",
    text="Take an item out of the caller's inbox for good, without notifications.",
    command=MuteItem,
    terminal=Terminal(done="{id} is muted."),
)

RESTORE = Operation(
    **SHARED,
    name="inbox.restore",
    title="Restore an item",
    text="Return an item to the caller's inbox.\n\n"
    "It is not snoozed, dismissed, muted or assigned any more.",
    command=RestoreItem,
    terminal=Terminal(done="{id} is in your inbox again."),
)

ASSIGN = Operation(
    **SHARED,
    name="inbox.assign",
    title="Assign an item",
    text="Give an item to another person who can settle it.\n\n"
    "It is in their inbox from now on, and not in the caller's.",
    command=AssignItem,
    body=Body("AssignedItem", "Who is to settle an item."),
    terminal=Terminal(metavars={"to": "PERSON"}, done="{id} is assigned."),
)

COMMENT = Operation(
    **SHARED,
    name="inbox.comment",
    title="Comment on an item",
    text="Say something about an item to all who see it.",
    command=CommentItem,
    body=Body("CommentedItem", "A comment on an item."),
    terminal=Terminal(done="The comment is recorded."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (SNOOZE, DISMISS, MUTE, RESTORE, ASSIGN, COMMENT)
