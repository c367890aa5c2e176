"""What can happen to users, tokens and the workspace that they share."""

import msgspec

from missioncontrol.domain.principal import Permission, Role


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class UserAdded(Event, frozen=True):
    """A user may sign in."""

    name: str
    roles: tuple[Role, ...]
    subject: str = ""  # issuer and subject, where an OpenID provider vouches for them


class RolesChanged(Event, frozen=True):
    """A user has other roles from now on."""

    name: str
    roles: tuple[Role, ...]  # all of them


class UserRemoved(Event, frozen=True):
    """A user may not sign in any more; their tokens are void."""

    name: str
    reason: str = ""


class UserInvited(Event, frozen=True):
    """The link's holder may choose this user's password, once; only its digest is stored."""

    name: str
    digest: str  # SHA-256 in hexadecimal
    until: float  # seconds since the epoch


class PasswordChanged(Event, frozen=True):
    """A user has another password. Its hash stands elsewhere, and an invitation is used up."""

    name: str


class TokenIssued(Event, frozen=True):
    """Programs that have the token act for its owner; only its digest is stored."""

    token: str  # its id
    name: str  # what people call it
    owner: str
    digest: str  # SHA-256 in hexadecimal
    scopes: tuple[Permission, ...]  # never more than its owner may, whatever they say
    until: float  # seconds since the epoch


class TokenRevoked(Event, frozen=True):
    """The token is void."""

    token: str
    reason: str = ""


class WorkspaceNamed(Event, frozen=True):
    """People call this home so."""

    name: str


class SecondLookSet(Event, frozen=True):
    """The one person of this workspace may approve their own runs after a pause, or no more."""

    seconds: float  # between the request and the approval; 0 turns it off


AccessEvent = (
    UserAdded
    | RolesChanged
    | UserRemoved
    | UserInvited
    | PasswordChanged
    | TokenIssued
    | TokenRevoked
    | WorkspaceNamed
    | SecondLookSet
)

EVENTS: dict[type, tuple[str, int]] = {
    UserAdded: ("user_added", 1),
    RolesChanged: ("user_roles_changed", 1),
    UserRemoved: ("user_removed", 1),
    UserInvited: ("user_invited", 1),
    PasswordChanged: ("password_changed", 1),
    TokenIssued: ("token_issued", 1),
    TokenRevoked: ("token_revoked", 1),
    WorkspaceNamed: ("workspace_named", 1),
    SecondLookSet: ("second_look_set", 1),
}
"""The lasting name and version of every event."""
