"""Webhooks of a server: addresses outside that are told of events."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.queries.webhooks import DeadLetter, WebhookView
from missioncontrol.client.line import Line, Listed, path_of


class WebhookMade(msgspec.Struct, frozen=True):
    """A webhook with a new secret. The secret is told this once."""

    name: str
    secret: str


class _Tried(msgspec.Struct):
    count: int


class Webhooks:
    """`client.webhooks`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self) -> Listed[WebhookView]:
        """Return webhooks by name, each with how it fares."""
        return self._line.listed("/webhooks", WebhookView)

    def get(self, name: str) -> WebhookView:
        """Return a webhook.

        Raises:
            NotFound: `webhook.unknown`.
        """
        return self._line.get(path_of("webhooks", name), WebhookView)

    def add(self, name: str, url: str, types: Sequence[str] = (), *, key: str = "") -> WebhookMade:
        """Tell an address of events from now on, by default of all; `*` in a type is any letters.

        Raises:
            Rejected: `webhook.bad_url`, `webhook.exists` and others.
        """
        body = {"name": name, "url": url, "types": list(types)}
        return self._line.post("/webhooks", WebhookMade, body, key=key)

    def renew_secret(self, name: str) -> WebhookMade:
        """Sign with another secret from now on."""
        return self._line.post(path_of("webhooks", name, "secret"), WebhookMade)

    def pause(self, name: str, reason: str = "") -> WebhookView:
        """Tell it nothing for now; what happens meanwhile is told afterwards."""
        path = path_of("webhooks", name, "pause")
        return self._line.change("POST", path, WebhookView, query={"reason": reason})

    def resume(self, name: str) -> WebhookView:
        """Tell it again."""
        return self._line.post(path_of("webhooks", name, "resume"), WebhookView)

    def remove(self, name: str, reason: str = "") -> None:
        """Tell it nothing any more."""
        query = {"reason": reason}
        self._line.change("DELETE", path_of("webhooks", name), type(None), query=query)

    def dead_letters(self, name: str) -> Listed[DeadLetter]:
        """Return what it could not be told, newest first."""
        return self._line.listed(path_of("webhooks", name, "dead-letters"), DeadLetter)

    def redeliver(self, name: str, event: int | None = None) -> int:
        """Try one dead letter once more, or all of them; return how many."""
        path = path_of("webhooks", name, "dead-letters", "redeliver")
        return self._line.change("POST", path, _Tried, query={"event": event}).count
