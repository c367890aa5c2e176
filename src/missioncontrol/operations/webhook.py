"""Operations on webhooks."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.declarations import SERVED, Body, Operation
from missioncontrol.domain.webhook import (
    AddWebhook,
    ChangeWebhookSecret,
    PauseWebhook,
    RedeliverWebhook,
    RemoveWebhook,
    ResumeWebhook,
    TestWebhook,
    WebhookCommand,
)
from missioncontrol.queries.webhook import WEBHOOK, Trial, WebhookView, again, trial, webhook

if TYPE_CHECKING:
    from missioncontrol.application.office import Office


class WebhookMade(msgspec.Struct, frozen=True):
    """A new webhook, or one with a new secret. The secret is shown this once."""

    name: str
    secret: str  # what messages are signed with: HMAC-SHA256, as Standard Webhooks says


class Tried(msgspec.Struct, frozen=True):
    """How many dead letters are tried once more."""

    count: int


def _change(office: "Office", command: WebhookCommand, actor: str) -> Awaitable[None]:
    return office.webhooks.change(command, actor=actor)


async def _with_secret(
    console: Any, command: AddWebhook | ChangeWebhookSecret, _: Any, once: str
) -> WebhookMade:
    return WebhookMade(command.name, console.deliveries.new_secret(command.name, once))


def _view(
    console: Any, command: PauseWebhook | ResumeWebhook, _: Any, __: str
) -> Awaitable[WebhookView]:
    return webhook(console.deliveries, command.name)


async def _forgotten(console: Any, command: RemoveWebhook, _: Any, __: str) -> None:
    console.deliveries.store.forget(command.name)


async def _redelivered(console: Any, command: RedeliverWebhook, _: Any, __: str) -> Tried:
    return Tried(await again(console.deliveries, command.name, command.event))


SHARED: dict[str, Any] = {
    "permission": "govern",
    "surfaces": SERVED,
    "handle": _change,
    "former": "WebhookAsked",
}

ADD = Operation(
    name="webhook.add",
    title="Add a webhook",
    text="Deliver events to an address from now on, each at least once.\n\nWhat it does not take "
    "is tried again for hours, and is a dead letter then.",
    **SHARED,
    command=AddWebhook,
    creates=WEBHOOK,
    returns=WebhookMade,
    finish=_with_secret,
    shown_once=("secret",),
    body=Body("NewWebhook", "An address that events are to be delivered to."),
)

RENEW_SECRET = Operation(
    name="webhook.renew_secret",
    title="Make a secret",
    text="Sign with another secret from now on; it is shown this once.",
    **SHARED,
    command=ChangeWebhookSecret,
    target=WEBHOOK,
    path="secret",
    operation_id="make_secret",
    returns=WebhookMade,
    finish=_with_secret,
    shown_once=("secret",),
)

PAUSE = Operation(
    name="webhook.pause",
    title="Pause a webhook",
    text="Deliver nothing for now; what happens meanwhile is delivered afterwards.",
    **SHARED,
    command=PauseWebhook,
    target=WEBHOOK,
    in_address=True,
    returns=WebhookView,
    finish=_view,
)

RESUME = Operation(
    name="webhook.resume",
    title="Resume a webhook",
    text="Deliver again.",
    **SHARED,
    command=ResumeWebhook,
    target=WEBHOOK,
    returns=WebhookView,
    finish=_view,
)

TEST = Operation(
    name="webhook.test",
    title="Test a webhook",
    text="Send one event at once, signed as all are, and return what it answered.",
    **SHARED,
    command=TestWebhook,
    target=WEBHOOK,
    returns=Trial,
    finish=lambda console, command, _, __: trial(console.deliveries, console.present, command.name),
)

REMOVE = Operation(
    name="webhook.remove",
    title="Remove a webhook",
    text="Deliver nothing any more; what waits for it is thrown away.",
    **SHARED,
    risk="end",
    command=RemoveWebhook,
    target=WEBHOOK,
    method="DELETE",
    in_address=True,
    returns=type(None),
    finish=_forgotten,
)

REDELIVER = Operation(
    name="webhook.redeliver",
    title="Try dead letters once more",
    text="Deliver one dead letter, or all of them, once more.",
    **SHARED,
    command=RedeliverWebhook,
    target=WEBHOOK,
    path="dead-letters/redeliver",
    in_address=True,
    operation_id="webhooks_redeliver",
    returns=Tried,
    finish=_redelivered,
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    ADD,
    RENEW_SECRET,
    PAUSE,
    RESUME,
    TEST,
    REMOVE,
    REDELIVER,
)
