"""The alert methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.alert import Alert


class AlertRequests(Resource[L]):
    """Requests of the operations and queries of alert."""

    @listed
    def list(
        self,
        product: str,
        *,
        state: Literal["open", "acknowledged", "resolved", "unresolved", ""] = "",
    ) -> Pages[Alert]:
        """Return the alerts of a product, the newest first."""
        return requests.pages("alert.list", {"state": state}, product)

    @requested
    def get(self, product: str, alert: str) -> Call[Alert]:
        """Return an alert with its narrative; each number in it names its question."""
        return requests.item("alert.get", f"{product}/{alert}")
