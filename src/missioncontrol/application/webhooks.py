"""The service of webhooks: it adds, pauses and removes the addresses that events go to."""

from collections.abc import Awaitable, Callable

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.webhook import (
    AddWebhook,
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


class WebhookService:
    """Changes the webhooks of the log."""

    def __init__(self, journal: Journal, refuse: Callable[[str], Awaitable[None]]) -> None:
        """Webhooks are read from the log when a command arrives.

        `refuse` raises `Rejected` for a URL that must not be called.
        """
        self._journal = journal
        self.refuse = refuse

    async def change(self, command: WebhookCommand, *, actor: str) -> None:
        """Do what the command says.

        Raises:
            Rejected, NotFound: see `domain.webhook.decide`; `address.inside`.
        """
        if isinstance(command, AddWebhook) and is_address(command.url):
            await self.refuse(command.url)
        await self._journal.find(WEBHOOKS, STREAM)
        self._journal.tell(WEBHOOKS, STREAM, command, actor=actor)
