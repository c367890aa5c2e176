"""The inbox methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.application.inbox.items import InboxItem, InboxPage, ItemNow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class InboxRequests(Resource[L]):
    """Requests of the operations and queries of inbox."""

    @listed
    def list(
        self,
        *,
        kind: Literal[
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
        | None = None,
        view: Literal["mine", "all", "snoozed", "muted", "delegated"] = "mine",
        mission: str = "",
        run: str = "",
    ) -> Pages[InboxItem]:
        """List everything that needs the caller.

        Approvals, questions, elevations, stuck work, budget halts, failed runs, sign-offs, plans,
        tasks, alerts and proposed decisions: each names what it frees, who can settle it, and what
        the caller may do, with the reason where they may not. What blocks work comes first, then
        the oldest.
        """
        return requests.pages(
            "inbox.list", {"kind": kind, "view": view, "mission": mission, "run": run}
        )

    @requested
    def get(self, item: str) -> Call[InboxPage]:
        """Return one item with its comments, also where it is snoozed or muted."""
        return requests.item("inbox.get", item)

    @requested
    def snooze(self, item: str, until: float, *, key: str = "") -> Call[ItemNow]:
        """Take an item out of the caller's inbox until a time.

        It returns earlier where something new happens to it.
        """
        return requests.operation("inbox.snooze", item, {"until": until}, key=key)

    @requested
    def dismiss(self, item: str, *, key: str = "") -> Call[ItemNow]:
        """Take an item that nothing waits for out of the caller's inbox.

        A failed run, a plan or a task returns where something new happens to it.
        """
        return requests.operation("inbox.dismiss", item, {}, key=key)

    @requested
    def mute(self, item: str, *, key: str = "") -> Call[ItemNow]:
        """Take an item out of the caller's inbox for good, without notifications."""
        return requests.operation("inbox.mute", item, {}, key=key)

    @requested
    def restore(self, item: str, *, key: str = "") -> Call[ItemNow]:
        """Return an item to the caller's inbox.

        It is not snoozed, dismissed, muted or assigned any more.
        """
        return requests.operation("inbox.restore", item, {}, key=key)

    @requested
    def assign(self, item: str, to: str, *, note: str = "", key: str = "") -> Call[ItemNow]:
        """Give an item to another person who can settle it.

        It is in their inbox from now on, and not in the caller's.
        """
        return requests.operation("inbox.assign", item, {"to": to, "note": note}, key=key)

    @requested
    def comment(self, item: str, text: str, *, key: str = "") -> Call[ItemNow]:
        """Say something about an item to all who see it."""
        return requests.operation("inbox.comment", item, {"text": text}, key=key)
