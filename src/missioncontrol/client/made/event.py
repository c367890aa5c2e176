"""The event methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.events import EventDetail
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class EventRequests(Resource[L]):
    """Requests of the operations and queries of event."""

    @requested
    def get(self, position: int) -> Call[EventDetail]:
        """Return all that the log holds of one event: its exact data, its hash, what led to it.

        Who may not audit reads `(for auditors)` in place of addresses of people and webhooks.
        """
        return requests.item("event.get", "", {"position": position})
