"""Who may do what on a server: users, tokens, the workspace."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.queries.access import Me, TokenView, UserView, WorkspaceView
from missioncontrol.client.line import Line, Listed, path_of
from missioncontrol.domain.permission import Permission, Role


class Invitation(msgspec.Struct, frozen=True):
    """A link with which somebody chooses a password, once. It is told this once."""

    name: str
    link: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class TokenIssued(msgspec.Struct, frozen=True):
    """A new token. It is told this once."""

    id: str
    name: str
    token: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class Users:
    """`client.users`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def me(self) -> Me:
        """Return whoever asks: their name, their roles, and what this token may do."""
        return self._line.get("/me", Me)

    def list(self) -> Listed[UserView]:
        """Return everybody who may sign in."""
        return self._line.listed("/users", UserView)

    def get(self, name: str) -> UserView:
        """Return a user.

        Raises:
            NotFound: `user.unknown`.
        """
        return self._line.get(path_of("users", name), UserView)

    def add(self, name: str, roles: Sequence[Role] = (), *, key: str = "") -> UserView:
        """Let somebody in, with these roles.

        Raises:
            Rejected: `user.exists`, `user.bad_name` and others.
        """
        return self._line.post("/users", UserView, {"name": name, "roles": list(roles)}, key=key)

    def change(self, name: str, roles: Sequence[Role]) -> UserView:
        """Let somebody have exactly these roles."""
        path = path_of("users", name)
        return self._line.change("PATCH", path, UserView, {"roles": list(roles)})

    def invite(self, name: str, *, key: str = "") -> Invitation:
        """Return a link with which somebody chooses a password. The one before it is void."""
        return self._line.post(path_of("users", name, "invitation"), Invitation, key=key)

    def remove(self, name: str, reason: str = "") -> None:
        """Let somebody in no more: their sessions end, and their tokens are void."""
        query = {"reason": reason}
        self._line.change("DELETE", path_of("users", name), type(None), query=query)

    def workspace(self) -> WorkspaceView:
        """Return what this workspace is called, and where it is."""
        return self._line.get("/workspace", WorkspaceView)


class Tokens:
    """`client.tokens`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self, *, everybody: bool = False) -> Listed[TokenView]:
        """Return one's own tokens, or everybody's: what each may do, and its last use."""
        return self._line.listed("/tokens", TokenView, everybody=everybody)

    def issue(
        self,
        name: str,
        scopes: Sequence[Permission] = ("read",),
        *,
        seconds: float | None = None,
        key: str = "",
    ) -> TokenIssued:
        """Issue a token for one's own programs, that may do no more than its owner."""
        body = {"name": name, "scopes": list(scopes)}
        bound = {} if seconds is None else {"seconds": seconds}
        return self._line.post("/tokens", TokenIssued, {**body, **bound}, key=key)

    def revoke(self, token: str, reason: str = "") -> None:
        """Let a token be void at once, by its id."""
        query = {"reason": reason}
        self._line.change("DELETE", path_of("tokens", token), type(None), query=query)
