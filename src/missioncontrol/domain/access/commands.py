"""What can be asked of users and tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.access.events import TokenIssued
from missioncontrol.domain.principal import Permission, Role

NAME_MAX = 100
REASON_MAX = 2_000

Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
Roles = Annotated[
    tuple[Role, ...],
    Meta(max_length=10, description="The roles; without any, a person may sign in and do nothing."),
]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why; kept in the log.")]


class Asker(msgspec.Struct, frozen=True):
    """The caller, and what their way of signing in permits them."""

    name: str
    permissions: frozenset[Permission]
    owner: str  # who runs this machine; the asker may be the same


UNKNOWN = Asker("", frozenset(), "")
"""In a command as it is given: who asks is known where it is handled, and may do nothing before."""


class AddUser(msgspec.Struct, frozen=True):
    """Add a user, who may then sign in."""

    by: Asker
    name: Name
    roles: Roles = ()
    subject: str = ""


class ChangeRoles(msgspec.Struct, frozen=True):
    """Give a user exactly these roles."""

    by: Asker
    name: str
    roles: Roles


class RemoveUser(msgspec.Struct, frozen=True):
    """Remove a user, who may no longer sign in."""

    by: Asker
    name: str
    reason: Reason = ""


class Invite(msgspec.Struct, frozen=True):
    """Create a link whose holder may choose a user's password."""

    by: Asker
    name: str
    digest: str
    until: float


class ChangePassword(msgspec.Struct, frozen=True):
    """Note that a user has another password."""

    by: Asker
    name: str
    digest: str = ""  # of the invitation that allows it


class Arrive(msgspec.Struct, frozen=True):
    """Note that an OpenID provider vouches for a user, and the roles it states."""

    name: str
    subject: str
    owner: str  # who runs this machine: no provider vouches for them
    roles: tuple[Role, ...] = ()  # of a new user
    has_roles: bool = False  # whether the provider says it of those who are known too


class IssueToken(msgspec.Struct, frozen=True):
    """Issue a token with which a program acts for the caller."""

    by: Asker
    token: TokenIssued


class RevokeToken(msgspec.Struct, frozen=True):
    """Revoke a token."""

    by: Asker
    token: str
    reason: Reason = ""


class NameWorkspace(msgspec.Struct, frozen=True):
    """Name the workspace."""

    name: Name


class SetSecondLook(msgspec.Struct, frozen=True):
    """Allow the one person of this workspace to approve their own runs after a pause."""

    by: Asker
    seconds: Annotated[
        float, Meta(ge=0, description="The pause, such as 10m, at least 1m; `off` ends it.")
    ]  # 0 turns it off


AccessCommand = (
    AddUser
    | ChangeRoles
    | RemoveUser
    | Invite
    | ChangePassword
    | Arrive
    | IssueToken
    | RevokeToken
    | NameWorkspace
    | SetSecondLook
)
