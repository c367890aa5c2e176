"""Users on a server: what is declared of them, invitations, the caller and the workspace."""

import msgspec

from missioncontrol.application.queries.access import Me, WorkspaceView
from missioncontrol.client.calls import Call, get, path_of, post
from missioncontrol.client.made.user import UserRequests
from missioncontrol.client.resource import L, requested


class Invitation(msgspec.Struct, frozen=True):
    """A link with which a user chooses a password, once. It is shown this once."""

    name: str
    link: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class Users(UserRequests[L]):
    """`client.users`."""

    @requested
    def me(self) -> Call[Me]:
        """Return the caller: their name, their roles, and what this token may do."""
        return get("/me", Me)

    @requested
    def invite(self, name: str, *, key: str = "") -> Call[Invitation]:
        """Return a link with which a user chooses a password. The one before it is void."""
        return post(path_of("users", name, "invitation"), Invitation, key=key)

    @requested
    def workspace(self) -> Call[WorkspaceView]:
        """Return what this workspace is called, and where it is."""
        return get("/workspace", WorkspaceView)
