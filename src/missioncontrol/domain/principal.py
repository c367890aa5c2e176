"""Who is signed in: the person behind a request, and what they may do."""

from typing import Literal

import msgspec

from missioncontrol.domain.permission import Permission, Role

Way = Literal["link", "password", "oidc", "token", "os"]
"""The way of signing in; `os` where only the operating system vouches for the home's owner."""


TERMINAL = "mission-cli"
"""How the command line calls itself where it works through a server."""


class Principal(msgspec.Struct, frozen=True):
    """A person, or a program that carries a person's token."""

    actor: str  # as the log names them: `user:alice`
    roles: tuple[Role, ...]
    permissions: frozenset[Permission]  # of the roles, as far as the token's scopes go
    way: Way
    credential: str  # names the session or token, without its secret
    address: str = ""  # where the request comes from

    def may(self, permission: Permission) -> bool:
        """Whether the principal may do what needs `permission`."""
        return permission in self.permissions

    @property
    def name(self) -> str:
        """The person's name alone."""
        return self.actor.removeprefix("user:")


class Asking(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a change that was asked for comes from; recorded with it, and held to it."""

    request: str  # its id; the same id asks for the same thing once
    permissions: tuple[Permission, ...]
    way: Way
    credential: str
    address: str
    agent: str = ""  # what the client calls itself: its User-Agent, at most 200 characters
    digest: str = ""  # SHA-256 of what is asked; set where the client named its request itself
    former: str = ""  # the digest under the name that the operation had in earlier releases
