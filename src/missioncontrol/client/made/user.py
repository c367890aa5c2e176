"""The user methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.queries.access import UserView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class UserRequests(Resource[L]):
    """Requests of the operations and queries of user."""

    @listed
    def list(self) -> Pages[UserView]:
        """Return all users by name; the owner of the machine comes first."""
        return requests.pages("user.list", {})

    @requested
    def get(self, name: str) -> Call[UserView]:
        """Return one user."""
        return requests.item("user.get", name)

    @requested
    def add(
        self,
        name: str,
        *,
        roles: Sequence[Literal["viewer", "operator", "approver", "auditor", "admin"]] = (),
        key: str = "",
    ) -> Call[UserView]:
        """Let a person sign in with these roles, once an invitation gave them a password."""
        return requests.operation("user.add", "", {"name": name, "roles": roles}, key=key)

    @requested
    def change(
        self,
        name: str,
        roles: Sequence[Literal["viewer", "operator", "approver", "auditor", "admin"]],
        *,
        key: str = "",
        if_match: str = "",
    ) -> Call[UserView]:
        """Give a user exactly these roles.

        No user can give themself a role or give more than they have, and the last admin stays one.
        """
        return requests.operation("user.change", name, {"roles": roles}, key=key, if_match=if_match)

    @requested
    def remove(self, name: str, reason: str = "", *, key: str = "") -> Call[None]:
        """Remove a user: their sessions end, and their tokens are void."""
        return requests.operation("user.remove", name, {"reason": reason}, key=key)
