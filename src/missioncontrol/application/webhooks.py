"""The service to send events to addresses outside."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.webhook import (
    AddWebhook,
    ChangeWebhookSecret,
    PauseWebhook,
    RedeliverWebhook,
    RemoveWebhook,
    ResumeWebhook,
    TestWebhook,
    WebhookCommand,
    WebhookEvent,
    Webhooks,
    decide,
    evolve,
    is_address,
    unknown,
)

STREAM = "webhooks"

WEBHOOKS: Concept[Webhooks, WebhookCommand, WebhookEvent] = Concept(
    decide, evolve, lambda _: unknown("")
)


class WebhookAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to create, change or delete a webhook."""

    verb: Literal["add", "pause", "resume", "remove", "secret", "redeliver", "test"]
    name: str
    url: str = ""  # where one is added
    types: tuple[str, ...] = ()  # of events, `*` for any letters; empty: all
    reason: str = ""
    position: int = 0  # of one event that is sent once more; 0: all


class WebhookOffice:
    """Adds, pauses and removes."""

    def __init__(self, journal: Journal, refuse: Callable[[str], Awaitable[None]]) -> None:
        """Webhooks are read from the log when they are asked for.

        `refuse` raises `Rejected` for a URL that must not be called.
        """
        self._journal = journal
        self._refuse = refuse

    async def take(self, ask: WebhookAsked, *, actor: str) -> dict[str, Any]:
        """Do what is asked.

        Raises:
            Rejected, NotFound: see `domain.webhook.decide`; `address.inside`.
        """
        if ask.verb == "add" and is_address(ask.url):
            await self._refuse(ask.url)
        await self._journal.find(WEBHOOKS, STREAM)
        self._journal.tell(WEBHOOKS, STREAM, _command(ask), actor=actor)
        return {"name": ask.name}


def _command(ask: WebhookAsked) -> WebhookCommand:
    match ask.verb:
        case "add":
            return AddWebhook(ask.name, ask.url, ask.types)
        case "pause":
            return PauseWebhook(ask.name, ask.reason)
        case "resume":
            return ResumeWebhook(ask.name)
        case "secret":
            return ChangeWebhookSecret(ask.name)
        case "redeliver":
            return RedeliverWebhook(ask.name, ask.position)
        case "test":
            return TestWebhook(ask.name)
        case _:
            return RemoveWebhook(ask.name, ask.reason)
