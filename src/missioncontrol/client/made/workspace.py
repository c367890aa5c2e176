"""The workspace methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.workspaces import WorkspaceNow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.workspace import ListedWorkspace


class WorkspaceRequests(Resource[L]):
    """Requests of the operations and queries of workspace."""

    @listed
    def list(self) -> Pages[ListedWorkspace]:
        """List the workspaces of the root, for its owner."""
        return requests.pages("workspace.list", {})

    @requested
    def create(self, name: str, *, person: str = "", key: str = "") -> Call[WorkspaceNow]:
        """Create a workspace with a data directory of its own.

        It is served within seconds. Its first admin chooses a password with the invitation, at
        `/w/NAME/sign-in/invited?token=`.
        """
        return requests.operation("workspace.create", "", {"name": name, "person": person}, key=key)

    @requested
    def archive(self, workspace: str, *, key: str = "") -> Call[WorkspaceNow]:
        """Stop the engine and the pages of a workspace.

        Its data directory stays as it is.
        """
        return requests.operation("workspace.archive", workspace, {}, key=key)

    @requested
    def restore(self, workspace: str, *, key: str = "") -> Call[WorkspaceNow]:
        """Serve an archived workspace again."""
        return requests.operation("workspace.restore", workspace, {}, key=key)
