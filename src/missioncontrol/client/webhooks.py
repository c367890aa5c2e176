"""Webhooks of a server: addresses outside that receive events."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.queries.webhooks import DeadLetter, Trial, WebhookView
from missioncontrol.client.calls import (
    Call,
    Pages,
    Script,
    change,
    get,
    pages,
    path_of,
    persisted,
    post,
)
from missioncontrol.client.resource import L, Resource, carried_out, listed, requested


class WebhookMade(msgspec.Struct, frozen=True):
    """A webhook with a new secret. The secret is shown this once."""

    name: str
    secret: str


class _Tried(msgspec.Struct):
    count: int


class Webhooks(Resource[L]):
    """`client.webhooks`."""

    @listed
    def list(self) -> Pages[WebhookView]:
        """Return webhooks by name, each with how it fares."""
        return pages("/webhooks", WebhookView)

    @requested
    def get(self, name: str) -> Call[WebhookView]:
        """Return a webhook.

        Raises:
            NotFound: `webhook.unknown`.
        """
        return get(path_of("webhooks", name), WebhookView)

    @requested
    def add(
        self, name: str, url: str, types: Sequence[str] = (), *, key: str = ""
    ) -> Call[WebhookMade]:
        """Tell an address of events from now on, by default of all; `*` in a type is any letters.

        Raises:
            Rejected: `webhook.bad_url`, `webhook.exists` and others.
        """
        body = {"name": name, "url": url, "types": list(types)}
        return post("/webhooks", WebhookMade, body, key=key)

    @requested
    def renew_secret(self, name: str) -> Call[WebhookMade]:
        """Sign with another secret from now on."""
        return post(path_of("webhooks", name, "secret"), WebhookMade)

    @requested
    def pause(self, name: str, reason: str = "") -> Call[WebhookView]:
        """Pause deliveries; what happens meanwhile is delivered afterwards."""
        path = path_of("webhooks", name, "pause")
        return change("POST", path, WebhookView, query={"reason": reason})

    @requested
    def resume(self, name: str) -> Call[WebhookView]:
        """Tell it again."""
        return post(path_of("webhooks", name, "resume"), WebhookView)

    @requested
    def test(self, name: str) -> Call[Trial]:
        """Send it one event at once, and return what it answered."""
        return post(path_of("webhooks", name, "test"), Trial)

    @requested
    def remove(self, name: str, reason: str = "") -> Call[None]:
        """Tell it nothing any more."""
        query = {"reason": reason}
        return change("DELETE", path_of("webhooks", name), type(None), query=query)

    @listed
    def dead_letters(self, name: str) -> Pages[DeadLetter]:
        """Return what could not be delivered, newest first."""
        return pages(path_of("webhooks", name, "dead-letters"), DeadLetter)

    @carried_out
    def redeliver(self, name: str, event: int | None = None) -> Script[int]:
        """Try one dead letter once more, or all of them; return how many."""
        path = path_of("webhooks", name, "dead-letters", "redeliver")
        tried = yield from persisted(change("POST", path, _Tried, query={"event": event}))
        return tried.count
