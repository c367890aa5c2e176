"""Queries of notifications: where new items go, and how that fares."""

import msgspec

from missioncontrol.application.reader import Reader
from missioncontrol.declarations import SERVED, ItemQuery, ListQuery, NoFilters, Query, Target
from missioncontrol.domain.inbox import Kind
from missioncontrol.domain.notification import Way, unknown
from missioncontrol.domain.person import person


class NotificationView(msgspec.Struct, frozen=True):
    """A notification, and how it fares."""

    name: str
    way: Way
    shown: str  # a form of the address by which people recognise it
    person: str  # whose inbox; empty: all that needs anybody
    kinds: tuple[Kind, ...]  # of items; empty: all that can't wait
    added: float  # seconds since the epoch
    sent: int  # messages in all
    waiting: int  # items that are to be sent
    failed: int  # items that could not be sent
    last: float  # when a message was sent; 0 while none was
    trouble: str  # of the last attempt


async def notifications(reader: Reader, _: NoFilters) -> list[NotificationView]:
    """Return the notifications of the caller; all of them for those who govern."""
    notifier = reader.notifier
    is_all = reader.who.may("govern")
    found = []
    for each in (await notifier.all()).values():
        if is_all or person(each.person) == person(reader.who.actor):
            status = msgspec.structs.asdict(notifier.store.status(each.name))
            found.append(NotificationView(**msgspec.structs.asdict(each), **status))
    return sorted(found, key=lambda each: each.name)


async def notification(reader: Reader, name: str) -> NotificationView:
    """Return one notification.

    Raises:
        NotFound: `notification.unknown`.
    """
    for each in await notifications(reader, NoFilters()):
        if each.name == name:
            return each
    raise unknown(name)


NOTIFICATION = Target(
    noun="notification",
    path="/notifications",
    help="its name",
    field="name",
    parameter="name",
)

LIST = ListQuery(
    name="notification.list",
    title="List notifications",
    text="Return where new items of the caller's inbox are sent.\n\nThose who govern get all "
    "notifications.",
    permission="sign_in",
    surfaces=SERVED,
    target=NOTIFICATION,
    filters=NoFilters,
    source=lambda reader: reader,
    find=notifications,
    row=NotificationView,
    key=lambda row: (row.name,),
    kinds=(str,),
)

GET = ItemQuery(
    name="notification.get",
    title="Get a notification",
    text="Return a notification and how it fares.",
    permission="sign_in",
    surfaces=SERVED,
    target=NOTIFICATION,
    source=lambda reader: reader,
    find=notification,
    returns=NotificationView,
)

QUERIES: tuple[Query, ...] = (LIST, GET)
