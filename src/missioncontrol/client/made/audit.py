"""The audit methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.audit import HeadsView, RequestItem
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class AuditRequests(Resource[L]):
    """Requests of the operations and queries of audit."""

    @requested
    def heads(self) -> Call[HeadsView]:
        """Return the signed statements about the end of the log, the newest first."""
        return requests.item("audit.heads")

    @listed
    def requests(self, *, actor: str = "") -> Pages[RequestItem]:
        """Return who asked for changes: how they had signed in, from which address, with what."""
        return requests.pages("audit.requests", {"actor": actor})
