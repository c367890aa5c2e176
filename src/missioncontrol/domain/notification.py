"""Notifications: e-mail addresses, chats and browsers that hear of new items of an inbox.

Where exactly a message goes stands in no event: an address of mail is a person's, and that of a
chat or browser is a secret. The log keeps a form of it by which people recognise it.
"""

import base64
import re
from typing import Annotated, Literal, assert_never
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.inbox import Kind
from missioncontrol.domain.person import can_decide
from missioncontrol.domain.webhook import is_address

NAME_MAX = 100
TO_MAX = 2_000
CHANNELS_MAX = 200

Way = Literal["email", "chat", "push"]

WHAT: dict[Way, str] = {
    "email": "mail address",
    "chat": "address of a chat",
    "push": "push subscription of a browser",
}
POINT_BYTES = 65
UNCOMPRESSED = 4
SECRET_BYTES = 16

_MAIL = re.compile(
    r"[^\s@<>(),;:\"\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z0-9-]{2,63}", re.ASCII
)


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""

    name: str


class NotificationAdded(Event, frozen=True, kw_only=True):
    """New items of an inbox are sent there from now on."""

    way: Way
    shown: str  # a form of the address by which people recognise it
    person: str = ""  # whose inbox it is; empty: all that needs anybody
    kinds: tuple[Kind, ...] = ()  # of items; empty: all but those that can wait


class NotificationRemoved(Event, frozen=True):
    """Nothing is sent there any more."""


class NotificationTested(Event, frozen=True):
    """A message was sent there as a test."""


NotificationEvent = NotificationAdded | NotificationRemoved | NotificationTested

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    NotificationAdded: ("notification_added", 1),
    NotificationRemoved: ("notification_removed", 1),
    NotificationTested: ("notification_tested", 1),
}
"""The lasting name and version of every event."""

Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]


class AddNotification(msgspec.Struct, frozen=True):
    """Send new items of an inbox to an address."""

    name: Annotated[
        str, Meta(min_length=1, max_length=NAME_MAX, description="By which you know it.")
    ]
    way: Annotated[Way, Meta(description="By e-mail, as a message in a chat, or to a browser.")]
    to: Annotated[
        str,
        Meta(
            min_length=3,
            max_length=TO_MAX,
            description="The mail address, the incoming webhook of the chat (as of Slack), or the "
            "push subscription of the browser as JSON.",
        ),
    ]
    person: Annotated[
        str, Meta(max_length=200, description="Whose inbox; empty: all that needs anybody.")
    ] = ""
    kinds: Annotated[
        tuple[Kind, ...],
        Meta(max_length=20, description="Only items of these kinds; else all that can't wait."),
    ] = ()


class RemoveNotification(msgspec.Struct, frozen=True):
    """Send nothing there any more."""

    name: Name


class TestNotification(msgspec.Struct, frozen=True):
    """Send a message there as a test."""

    __test__ = False  # Not one of pytest's.

    name: Name


NotificationCommand = AddNotification | RemoveNotification | TestNotification


class Notification(msgspec.Struct, frozen=True):
    """An address that hears of new items."""

    name: str
    way: Way
    shown: str
    person: str
    kinds: tuple[Kind, ...]
    added: float  # seconds since the epoch


class Notifications(msgspec.Struct, frozen=True):
    """All of them, by name."""

    all: dict[str, Notification] = {}


NO_NOTIFICATIONS = Notifications()


def decide(
    command: NotificationCommand, known: Notifications | None, now: float
) -> list[NotificationEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `notification.bad_name`, `.bad_address`, `.bad_person`, `.exists` or `.too_many`.
        NotFound: `notification.unknown`.
    """
    del now
    found = (known or NO_NOTIFICATIONS).all
    match command:
        case AddNotification():
            _refuse_bad(command)
            if command.name in found:
                raise Rejected(
                    "notification.exists",
                    f"There is a notification {command.name[:80]!r} already.",
                    hint="Remove it first, or choose another name.",
                )
            if len(found) >= CHANNELS_MAX:
                raise Rejected(
                    "notification.too_many", f"There are {CHANNELS_MAX} notifications already."
                )
            return [
                NotificationAdded(
                    command.name,
                    way=command.way,
                    shown=shown(command.way, command.to),
                    person=command.person,
                    kinds=command.kinds,
                )
            ]
        case RemoveNotification():
            _refuse_unknown(found, command.name)
            return [NotificationRemoved(command.name)]
        case TestNotification():
            _refuse_unknown(found, command.name)
            return [NotificationTested(command.name)]
        case _:
            assert_never(command)


def evolve(known: Notifications | None, event: NotificationEvent, at: float) -> Notifications:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    found = dict((known or NO_NOTIFICATIONS).all)
    match event:
        case NotificationAdded():
            found[event.name] = Notification(
                event.name, event.way, event.shown, event.person, event.kinds, at
            )
        case NotificationRemoved():
            if found.pop(event.name, None) is None:
                raise Corrupt("notification.not_added", f"{event.name!r} was never added.")
        case NotificationTested():
            pass  # Nothing of it shows in what a notification is.
        case _:
            assert_never(event)
    return Notifications(found)


def unknown(name: str) -> NotFound:
    """Say that there is no such notification."""
    return NotFound("notification.unknown", f"There is no notification {name[:80]!r} here.")


class SubscriptionKeys(msgspec.Struct, frozen=True):
    """The keys of a browser, in base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct, frozen=True):
    """Where a browser takes messages, as its `PushSubscription` says it."""

    endpoint: str
    keys: SubscriptionKeys

    @property
    def point(self) -> bytes:
        """Its public key: an uncompressed point of P-256."""
        return _decoded(self.keys.p256dh)

    @property
    def secret(self) -> bytes:
        """What authenticates messages to it."""
        return _decoded(self.keys.auth)


def subscription_of(text: str) -> Subscription | None:
    """Return a subscription that is written as JSON; None where it is none."""
    try:
        found = msgspec.json.decode(text, type=Subscription)
        is_whole = len(found.point) == POINT_BYTES and found.point[0] == UNCOMPRESSED
        is_whole = is_whole and len(found.secret) == SECRET_BYTES
    except (msgspec.MsgspecError, UnicodeEncodeError, ValueError):
        return None
    return found if is_whole and is_address(found.endpoint) else None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def address_of(way: Way, to: str) -> str:
    """Return the URL that messages are sent to; "" for mail, and for what is no address."""
    if way == "push":
        found = subscription_of(to)
        return found.endpoint if found is not None else ""
    return to if way == "chat" and is_address(to) else ""


def shown(way: Way, to: str) -> str:
    """Return a form of an address by which people recognise it, and that gives nothing away."""
    if way != "email":
        return urlsplit(address_of(way, to)).hostname or ""
    name, _, domain = to.rpartition("@")
    return f"{name[:1]}…@{domain}"


def _refuse_unknown(found: dict[str, Notification], name: str) -> None:
    if name not in found:
        raise unknown(name)


def _refuse_bad(command: AddNotification) -> None:
    name = command.name
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise Rejected(
            "notification.bad_name",
            f"{name[:80]!r} cannot be the name of a notification.",
            hint=f"A name has 1 to {NAME_MAX} characters on one line.",
        )
    is_mail = command.way == "email"
    is_good = _MAIL.fullmatch(command.to) if is_mail else address_of(command.way, command.to)
    if not is_good:
        what = WHAT[command.way]
        raise Rejected(
            "notification.bad_address",
            f"This is no {what}: it has {len(command.to)} characters.",
            hint="Give name@example.com for mail, https://HOST/PATH for a chat, or subscribe a "
            "browser in Settings, Notifications.",
        )
    if command.person and not can_decide(command.person):
        raise Rejected(
            "notification.bad_person", f"{command.person[:80]!r} is not the name of a person."
        )
