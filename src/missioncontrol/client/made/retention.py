"""The retention methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.storage import RetentionView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class RetentionRequests(Resource[L]):
    """Requests of the operations and queries of retention."""

    @requested
    def get(self) -> Call[RetentionView]:
        """Return what is stored, with sizes and bounds, and what was removed so far."""
        return requests.item("retention.get")

    @requested
    def bound_output(
        self, bytes: int | None, reason: str = "", *, key: str = ""
    ) -> Call[RetentionView]:
        """Keep so many bytes of what agents say.

        Beyond it the output of the oldest runs that ended is removed.

        The log, which has what every step did and gave, is never shortened.
        """
        return requests.operation(
            "retention.bound_output", "", {"bytes": bytes, "reason": reason}, key=key
        )
