"""The artifact methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.artifacts import ArtifactRow
from missioncontrol.client import requests
from missioncontrol.client.calls import Pages
from missioncontrol.client.resource import L, Resource, listed


class ArtifactRequests(Resource[L]):
    """Requests of the operations and queries of artifact."""

    @listed
    def list(self, run: str, *, step: str = "") -> Pages[ArtifactRow]:
        """Return what the steps of a run left, in the order of the steps."""
        return requests.pages("artifact.list", {"run": run, "step": step})
