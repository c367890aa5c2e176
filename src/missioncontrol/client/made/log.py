"""The log methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.application.queries.logs import CallDetail, LogLineDetail, LogWindow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class LogRequests(Resource[L]):
    """Requests of the operations and queries of log."""

    @requested
    def window(
        self,
        *,
        run: str = "",
        step: str = "",
        agent: str = "",
        level: Literal["", "info", "success", "warning", "error"] = "",
        text: str = "",
        since: str = "",
        until: str = "",
        before: int = 0,
        after: int = 0,
        oldest: bool = False,
        limit: int = 200,
    ) -> Call[LogWindow]:
        """Return lines, oldest first: the newest that fit, or with `oldest` the oldest.

        Go on with `before` at the number of the first line, or with `after` at that of the last one
        and `oldest`.
        """
        return requests.item(
            "log.window",
            "",
            {
                "run": run,
                "step": step,
                "agent": agent,
                "level": level,
                "text": text,
                "since": since,
                "until": until,
                "before": before,
                "after": after,
                "oldest": oldest,
                "limit": limit,
            },
        )

    @requested
    def get(self, number: int) -> Call[LogLineDetail]:
        """Return a line with what it says as fields.

        The model calls made about that time are with it.
        """
        return requests.item("log.get", "", {"number": number})

    @requested
    def call(self, number: int) -> Call[CallDetail]:
        """Return a model call: who asked what of which model, what it answered, what it used."""
        return requests.item("log.call", "", {"number": number})
