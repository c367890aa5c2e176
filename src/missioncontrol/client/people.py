"""Who may do what on a server: users, tokens, the workspace."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.queries.access import Me, TokenView, UserView, WorkspaceView
from missioncontrol.client.calls import Call, Pages, change, get, pages, path_of, post
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.permission import Permission, Role


class Invitation(msgspec.Struct, frozen=True):
    """A link with which a user chooses a password, once. It is shown this once."""

    name: str
    link: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class TokenIssued(msgspec.Struct, frozen=True):
    """A new token. It is shown this once."""

    id: str
    name: str
    token: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class Users(Resource[L]):
    """`client.users`."""

    @requested
    def me(self) -> Call[Me]:
        """Return the caller: their name, their roles, and what this token may do."""
        return get("/me", Me)

    @listed
    def list(self) -> Pages[UserView]:
        """Return everybody who may sign in."""
        return pages("/users", UserView)

    @requested
    def get(self, name: str) -> Call[UserView]:
        """Return a user.

        Raises:
            NotFound: `user.unknown`.
        """
        return get(path_of("users", name), UserView)

    @requested
    def add(self, name: str, roles: Sequence[Role] = (), *, key: str = "") -> Call[UserView]:
        """Add a user, with these roles.

        Raises:
            Rejected: `user.exists`, `user.bad_name` and others.
        """
        return post("/users", UserView, {"name": name, "roles": list(roles)}, key=key)

    @requested
    def change(self, name: str, roles: Sequence[Role]) -> Call[UserView]:
        """Give a user exactly these roles."""
        path = path_of("users", name)
        return change("PATCH", path, UserView, {"roles": list(roles)})

    @requested
    def invite(self, name: str, *, key: str = "") -> Call[Invitation]:
        """Return a link with which a user chooses a password. The one before it is void."""
        return post(path_of("users", name, "invitation"), Invitation, key=key)

    @requested
    def remove(self, name: str, reason: str = "") -> Call[None]:
        """Remove a user: their sessions end, and their tokens are void."""
        query = {"reason": reason}
        return change("DELETE", path_of("users", name), type(None), query=query)

    @requested
    def workspace(self) -> Call[WorkspaceView]:
        """Return what this workspace is called, and where it is."""
        return get("/workspace", WorkspaceView)


class Tokens(Resource[L]):
    """`client.tokens`."""

    @listed
    def list(self, *, everybody: bool = False) -> Pages[TokenView]:
        """Return one's own tokens, or everybody's: what each may do, and its last use."""
        return pages("/tokens", TokenView, everybody=everybody)

    @requested
    def issue(
        self,
        name: str,
        scopes: Sequence[Permission] = ("read",),
        *,
        seconds: float | None = None,
        key: str = "",
    ) -> Call[TokenIssued]:
        """Issue a token for one's own programs, that may do no more than its owner."""
        body = {"name": name, "scopes": list(scopes)}
        bound = {} if seconds is None else {"seconds": seconds}
        return post("/tokens", TokenIssued, {**body, **bound}, key=key)

    @requested
    def revoke(self, token: str, reason: str = "") -> Call[None]:
        """Revoke a token at once, by its id."""
        query = {"reason": reason}
        return change("DELETE", path_of("tokens", token), type(None), query=query)
