"""The notification methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.operations.notification import NotificationNow, TrialMessage
from missioncontrol.queries.notification import NotificationView


class NotificationRequests(Resource[L]):
    """Requests of the operations and queries of notification."""

    @listed
    def list(self) -> Pages[NotificationView]:
        """Return where new items of the caller's inbox are sent.

        Those who govern get all notifications.
        """
        return requests.pages("notification.list", {})

    @requested
    def get(self, name: str) -> Call[NotificationView]:
        """Return a notification and how it fares."""
        return requests.item("notification.get", name)

    @requested
    def add(
        self,
        name: str,
        way: Literal["email", "chat", "push"],
        to: str,
        *,
        person: str = "",
        kinds: Sequence[
            Literal[
                "approval",
                "question",
                "elevation",
                "stuck",
                "halt",
                "failed",
                "sign-off",
                "plan",
                "task",
                "alert",
                "decision",
                "slow",
                "comment",
                "session",
            ]
        ] = (),
        key: str = "",
    ) -> Call[NotificationNow]:
        """Send new items of an inbox by mail or into a chat, each with a link that opens it.

        The address stands in no log. For another person's inbox, or all that needs anybody, the
        caller needs the permission `govern`.
        """
        return requests.operation(
            "notification.add",
            "",
            {"name": name, "way": way, "to": to, "person": person, "kinds": kinds},
            key=key,
        )

    @requested
    def test(self, name: str, *, key: str = "") -> Call[TrialMessage]:
        """Send a message at once, and return what came of it."""
        return requests.operation("notification.test", name, {}, key=key)

    @requested
    def remove(self, name: str, *, key: str = "") -> Call[None]:
        """Send nothing there any more; what is due is thrown away."""
        return requests.operation("notification.remove", name, {}, key=key)
