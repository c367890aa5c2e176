"""Webhooks: addresses that receive events; added, paused, resumed, removed."""

from fnmatch import fnmatchcase
from typing import Annotated, assert_never
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

NAME_MAX = 100
URL_MAX = 2_000
TYPES_MAX = 50
REASON_MAX = 2_000
WEBHOOKS_MAX = 100


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class WebhookAdded(Event, frozen=True):
    """An address receives events from now on."""

    name: str
    url: str
    types: tuple[str, ...] = ()  # of events, `*` for any letters; empty: all


class WebhookPaused(Event, frozen=True):
    """It receives nothing; what happens meanwhile is delivered when it is resumed."""

    name: str
    reason: str = ""


class WebhookResumed(Event, frozen=True):
    """It receives events again."""

    name: str


class WebhookRemoved(Event, frozen=True):
    """It receives nothing any more."""

    name: str
    reason: str = ""


class WebhookSecretChanged(Event, frozen=True):
    """Messages are signed with another secret from now on, which stands nowhere in the log."""

    name: str


class WebhookRedelivered(Event, frozen=True):
    """A delivery that failed is tried once more."""

    name: str
    position: int = 0  # of one event; 0: all


class WebhookTested(Event, frozen=True):
    """This very event is sent to it once, to see whether it takes it."""

    name: str


WebhookEvent = (
    WebhookAdded
    | WebhookPaused
    | WebhookResumed
    | WebhookRemoved
    | WebhookSecretChanged
    | WebhookRedelivered
    | WebhookTested
)

EVENTS: dict[type, tuple[str, int]] = {
    WebhookAdded: ("webhook_added", 1),
    WebhookPaused: ("webhook_paused", 1),
    WebhookResumed: ("webhook_resumed", 1),
    WebhookRemoved: ("webhook_removed", 1),
    WebhookSecretChanged: ("webhook_secret_changed", 1),
    WebhookRedelivered: ("webhook_redelivered", 1),
    WebhookTested: ("webhook_tested", 1),
}
"""The lasting name and version of every event."""


Type = Annotated[str, Meta(min_length=2, max_length=NAME_MAX)]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why, for the record.")]


class AddWebhook(msgspec.Struct, frozen=True):
    """Deliver events to an address."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    url: Annotated[str, Meta(min_length=8, max_length=URL_MAX)]
    types: Annotated[tuple[Type, ...], Meta(max_length=TYPES_MAX)] = ()  # `*` for any letters


class PauseWebhook(msgspec.Struct, frozen=True):
    """Deliver nothing for now."""

    name: str
    reason: Reason = ""


class ResumeWebhook(msgspec.Struct, frozen=True):
    """Deliver again."""

    name: str


class RemoveWebhook(msgspec.Struct, frozen=True):
    """Deliver nothing any more."""

    name: str
    reason: Reason = ""


class ChangeWebhookSecret(msgspec.Struct, frozen=True):
    """Sign with another secret."""

    name: str


class RedeliverWebhook(msgspec.Struct, frozen=True):
    """Try what could not be delivered once more."""

    name: str
    event: Annotated[
        Annotated[int, Meta(ge=1, le=2**53)] | None,
        Meta(description="Position of one event; else all."),
    ] = None


class TestWebhook(msgspec.Struct, frozen=True):
    """Test whether it accepts a delivery."""

    __test__ = False  # Not one of pytest's.

    name: str


WebhookCommand = (
    AddWebhook
    | PauseWebhook
    | ResumeWebhook
    | RemoveWebhook
    | ChangeWebhookSecret
    | RedeliverWebhook
    | TestWebhook
)


class Webhook(msgspec.Struct, frozen=True):
    """An address that receives events."""

    name: str
    url: str
    types: tuple[str, ...]
    added: float  # seconds since the epoch
    is_paused: bool = False
    reason: str = ""  # why it is paused

    def wants(self, kind: str) -> bool:
        """Whether it receives events of that type."""
        return not self.types or any(fnmatchcase(kind, each) for each in self.types)


class Webhooks(msgspec.Struct, frozen=True):
    """All of them, by name."""

    hooks: dict[str, Webhook] = {}


NO_WEBHOOKS = Webhooks()


def decide(command: WebhookCommand, all_: Webhooks | None, now: float) -> list[WebhookEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `webhook.bad_name`, `.bad_url`, `.bad_type`, `.exists` or `.too_many`.
        NotFound: `webhook.unknown`.
    """
    del now
    hooks = (all_ or NO_WEBHOOKS).hooks
    match command:
        case AddWebhook():
            _refuse_bad(command, hooks)
            return [WebhookAdded(command.name, command.url, command.types)]
        case PauseWebhook():
            hook = _known(hooks, command.name)
            return [] if hook.is_paused else [WebhookPaused(command.name, command.reason)]
        case ResumeWebhook():
            hook = _known(hooks, command.name)
            return [WebhookResumed(command.name)] if hook.is_paused else []
        case RemoveWebhook():
            _known(hooks, command.name)
            return [WebhookRemoved(command.name, command.reason)]
        case ChangeWebhookSecret():
            _known(hooks, command.name)
            return [WebhookSecretChanged(command.name)]
        case RedeliverWebhook():
            _known(hooks, command.name)
            return [WebhookRedelivered(command.name, command.event or 0)]
        case TestWebhook():
            _known(hooks, command.name)
            return [WebhookTested(command.name)]
        case _:
            assert_never(command)


def evolve(all_: Webhooks | None, event: WebhookEvent, at: float) -> Webhooks:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    hooks = dict((all_ or NO_WEBHOOKS).hooks)
    known = hooks.get(event.name)
    match event:
        case WebhookAdded():
            hooks[event.name] = Webhook(event.name, event.url, event.types, at)
            return Webhooks(hooks)
        case _ if known is None:
            raise Corrupt("webhook.not_added", f"Webhook {event.name!r} was never added.")
        case WebhookPaused():
            change = {"is_paused": True, "reason": event.reason}
            hooks[event.name] = msgspec.structs.replace(known, **change)
        case WebhookResumed():
            hooks[event.name] = msgspec.structs.replace(known, is_paused=False, reason="")
        case WebhookRemoved():
            del hooks[event.name]
        case WebhookSecretChanged() | WebhookRedelivered() | WebhookTested():
            pass  # Nothing of it shows in what a webhook is.
        case _:
            assert_never(event)
    return Webhooks(hooks)


def unknown(name: str) -> NotFound:
    """Say that there is no such webhook."""
    return NotFound("webhook.unknown", f"There is no webhook {name[:80]!r} here.")


def _known(hooks: dict[str, Webhook], name: str) -> Webhook:
    hook = hooks.get(name)
    if hook is None:
        raise unknown(name)
    return hook


def _refuse_bad(command: AddWebhook, hooks: dict[str, Webhook]) -> None:
    name = command.name
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise Rejected(
            "webhook.bad_name",
            f"{name[:80]!r} cannot be the name of a webhook.",
            hint=f"A name has 1 to {NAME_MAX} characters on one line.",
        )
    if not is_address(command.url):
        raise Rejected(
            "webhook.bad_url",
            f"{command.url[:200]!r} is no address that can receive events.",
            hint="Give https://HOST/PATH, without a user, a password or a fragment in it.",
        )
    if len(command.types) > TYPES_MAX or not all(map(_is_pattern, command.types)):
        raise Rejected(
            "webhook.bad_type",
            f"{', '.join(command.types)[:200]!r} are no types of events.",
            hint=f"Give at most {TYPES_MAX}, such as run_settled or approval_*.",
        )
    if name in hooks:
        raise Rejected(
            "webhook.exists",
            f"There is a webhook {name!r} already.",
            hint="Remove it first, or choose another name.",
        )
    if len(hooks) >= WEBHOOKS_MAX:
        raise Rejected("webhook.too_many", f"There are {WEBHOOKS_MAX} webhooks already.")


def is_address(url: str) -> bool:
    """Whether a URL has the form of an address that can be called."""
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = parts.username is None and not parts.fragment
    return parts.scheme in ("http", "https") and has_place and is_plain


def _is_pattern(kind: str) -> bool:
    return 0 < len(kind) <= NAME_MAX and kind.replace("*", "").replace("_", "a").isalnum()
