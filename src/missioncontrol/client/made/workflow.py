"""The workflow methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.workflow_versions import VersionItem
from missioncontrol.application.queries.workflows import WorkflowItem
from missioncontrol.client import requests
from missioncontrol.client.calls import Pages
from missioncontrol.client.resource import L, Resource, listed


class WorkflowRequests(Resource[L]):
    """Requests of the operations and queries of workflow."""

    @listed
    def list(self) -> Pages[WorkflowItem]:
        """Return saved workflows by name, with their last run, success rate and next slot."""
        return requests.pages("workflow.list", {})

    @listed
    def versions(self, name: str) -> Pages[VersionItem]:
        """Return the versions of a workflow, the newest first."""
        return requests.pages("workflow.versions", {}, name)
