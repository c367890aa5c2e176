"""The webhook methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence

from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.operations.webhook import Tried, WebhookMade
from missioncontrol.queries.webhook import Trial, WebhookView


class WebhookRequests(Resource[L]):
    """Requests of the operations and queries of webhook."""

    @listed
    def list(self) -> Pages[WebhookView]:
        """Return webhooks by name, each with how deliveries to it go."""
        return requests.pages("webhook.list", {})

    @requested
    def get(self, name: str) -> Call[WebhookView]:
        """Return a webhook and how deliveries to it go."""
        return requests.item("webhook.get", name)

    @requested
    def add(
        self, name: str, url: str, *, types: Sequence[str] = (), key: str = ""
    ) -> Call[WebhookMade]:
        """Deliver events to an address from now on, each at least once.

        What it does not take is tried again for hours, and is a dead letter then.
        """
        return requests.operation(
            "webhook.add", "", {"name": name, "url": url, "types": types}, key=key
        )

    @requested
    def renew_secret(self, name: str, *, key: str = "") -> Call[WebhookMade]:
        """Sign with another secret from now on; it is shown this once."""
        return requests.operation("webhook.renew_secret", name, {}, key=key)

    @requested
    def pause(self, name: str, reason: str = "", *, key: str = "") -> Call[WebhookView]:
        """Deliver nothing for now; what happens meanwhile is delivered afterwards."""
        return requests.operation("webhook.pause", name, {"reason": reason}, key=key)

    @requested
    def resume(self, name: str, *, key: str = "") -> Call[WebhookView]:
        """Deliver again."""
        return requests.operation("webhook.resume", name, {}, key=key)

    @requested
    def test(self, name: str, *, key: str = "") -> Call[Trial]:
        """Send one event at once, signed as all are, and return what it answered."""
        return requests.operation("webhook.test", name, {}, key=key)

    @requested
    def remove(self, name: str, reason: str = "", *, key: str = "") -> Call[None]:
        """Deliver nothing any more; what waits for it is thrown away."""
        return requests.operation("webhook.remove", name, {"reason": reason}, key=key)

    @requested
    def redeliver(self, name: str, *, event: int | None = None, key: str = "") -> Call[Tried]:
        """Deliver one dead letter, or all of them, once more."""
        return requests.operation("webhook.redeliver", name, {"event": event}, key=key)
