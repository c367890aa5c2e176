"""Webhooks of a server: what is declared of them, and their dead letters."""

from missioncontrol.client.calls import Pages, pages, path_of
from missioncontrol.client.made.webhook import WebhookRequests
from missioncontrol.client.resource import L, listed
from missioncontrol.queries.webhook import DeadLetter


class Webhooks(WebhookRequests[L]):
    """`client.webhooks`."""

    @listed
    def dead_letters(self, name: str) -> Pages[DeadLetter]:
        """Return what could not be delivered, newest first."""
        return pages(path_of("webhooks", name, "dead-letters"), DeadLetter)
