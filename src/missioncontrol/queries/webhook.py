"""Queries of webhooks: what each is, and how deliveries to it go."""

import time
from operator import attrgetter
from typing import Any

import msgspec

from missioncontrol.application.deliveries import TRIAL, Deliveries
from missioncontrol.application.queries.events import events_of_stream
from missioncontrol.application.read_model import Present
from missioncontrol.application.webhooks import STREAM
from missioncontrol.declarations import ALL, SERVED, ItemQuery, ListQuery, NoFilters, Query, Target
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.webhook import Webhook, unknown
from missioncontrol.ports.deliveries import Delivery
from missioncontrol.ports.search_index import Query as EventQuery


class WebhookView(msgspec.Struct, frozen=True):
    """A webhook, and how deliveries to it go."""

    name: str
    url: str
    types: tuple[str, ...]  # of events; empty: all
    added: float  # seconds since the epoch
    is_paused: bool
    reason: str  # why it is paused
    has_secret: bool  # without one nothing is sent
    position: int  # of the log, up to which it was looked through
    delivered: int  # events in all
    waiting: int
    dead: int
    last: float  # when something was delivered; 0 while nothing was


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that could not be delivered to a webhook."""

    position: int  # of the event in the log
    attempts: int
    tried: float  # when last, in seconds since the epoch
    status: int  # what was answered; 0 where nothing was
    trouble: str


class Trial(msgspec.Struct, frozen=True):
    """What a webhook did with an event that was sent to see whether it takes it."""

    event: int  # its position in the log
    is_taken: bool
    status: int  # what was answered; 0 where nothing was
    trouble: str  # why it did not take it; empty where it did
    seconds: float  # until it had answered


async def webhooks(deliveries: Deliveries, _: NoFilters = ALL) -> list[WebhookView]:
    """Return all webhooks, by name."""
    hooks = await deliveries.hooks()
    return [_view(deliveries, hook) for _, hook in sorted(hooks.items())]


async def webhook(deliveries: Deliveries, name: str) -> WebhookView:
    """Return one webhook.

    Raises:
        NotFound: `webhook.unknown`.
    """
    return _view(deliveries, await _known(deliveries, name))


async def dead_letters(
    deliveries: Deliveries, name: str, *, before: int | None = None, limit: int = 50
) -> list[DeadLetter]:
    """Return failed deliveries of a webhook, newest first, older than event `before`.

    Raises:
        NotFound: `webhook.unknown`.
    """
    await _known(deliveries, name)
    return list(map(_letter, deliveries.store.dead(name, before=before, limit=limit)))


async def again(deliveries: Deliveries, name: str, position: int | None) -> int:
    """Try one dead letter, or all, once more; return how many.

    Raises:
        NotFound: `webhook.unknown`, or `webhook.no_letter`.
    """
    await _known(deliveries, name)
    count = deliveries.again(name, position)
    if position is not None and not count:
        raise NotFound(
            "webhook.no_letter", f"Webhook {name!r} has no dead letter of event {position}."
        )
    return count


async def trial(deliveries: Deliveries, present: Present, name: str) -> Trial:
    """Send the newest event that was made to test a webhook, and return what came of it.

    Raises:
        NotFound: `webhook.unknown`.
    """
    hook = await _known(deliveries, name)
    found = await events_of_stream(present, STREAM, EventQuery(kind=TRIAL), limit=1)
    position = found.items[0].position if found.items else found.log
    begun = time.monotonic()
    answered = await deliveries.trial(hook, position)
    seconds = time.monotonic() - begun
    return Trial(position, answered.is_taken, answered.status, answered.trouble, seconds)


async def _known(deliveries: Deliveries, name: str) -> Webhook:
    hook = (await deliveries.hooks()).get(name)
    if hook is None:
        raise unknown(name)
    return hook


def _view(deliveries: Deliveries, hook: Webhook) -> WebhookView:
    fares: dict[str, Any] = msgspec.structs.asdict(deliveries.store.status(hook.name))
    known: dict[str, Any] = msgspec.structs.asdict(hook)
    return WebhookView(**known, has_secret=bool(deliveries.store.secret(hook.name)), **fares)


def _letter(delivery: Delivery) -> DeadLetter:
    return DeadLetter(
        delivery.position, delivery.attempts, delivery.due, delivery.status, delivery.trouble
    )


WEBHOOK = Target(noun="webhook", path="/webhooks", help="its name", field="name", parameter="name")

LIST = ListQuery(
    name="webhook.list",
    title="List webhooks",
    text="Return webhooks by name, each with how deliveries to it go.",
    permission="govern",
    surfaces=SERVED,
    target=WEBHOOK,
    filters=NoFilters,
    source=attrgetter("deliveries"),
    find=webhooks,
    row=WebhookView,
    key=lambda row: (row.name,),
    kinds=(str,),
)

GET = ItemQuery(
    name="webhook.get",
    title="Get a webhook",
    text="Return a webhook and how deliveries to it go.",
    permission="govern",
    surfaces=SERVED,
    target=WEBHOOK,
    source=attrgetter("deliveries"),
    find=webhook,
    returns=WebhookView,
)

QUERIES: tuple[Query, ...] = (LIST, GET)
