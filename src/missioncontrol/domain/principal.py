"""Who is signed in: the person behind a request, and the permissions that they have."""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

Permission = Literal["read", "audit", "operate", "approve", "stop", "govern", "administer"]
"""What a request needs."""
Needed = Permission | Literal["sign_in"]
"""`sign_in`: any caller that signed in; the service looks at what is asked for."""
MEANING: dict[Permission, str] = {
    "read": "see missions, runs, costs, events, logs and artifacts",
    "audit": "verify and export the log, see who was admitted and from where",
    "operate": "begin, cancel, retry, resume and fork work; save workflows; tend schedules",
    "approve": "answer approvals and questions",
    "stop": "the emergency stop",
    "govern": "caps, prices, rate limits, agents, keys, webhooks, and going on after a stop",
    "administer": "users, roles and other people's tokens",
}
Role = Literal["viewer", "operator", "approver", "auditor", "admin"]
PERMISSIONS: frozenset[Permission] = frozenset(get_args(Permission))
ROLES: tuple[Role, ...] = get_args(Role)
OF_ROLE: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "operate", "stop"}),
    "approver": frozenset({"read", "approve", "stop"}),
    "auditor": frozenset({"read", "audit"}),
    "admin": PERMISSIONS,
}
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


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return all that these roles allow together; nothing where there are none."""
    return frozenset[Permission]().union(*(OF_ROLE[role] for role in roles))
