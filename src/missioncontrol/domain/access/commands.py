"""What can be asked of users and tokens."""

import msgspec

from missioncontrol.domain.access.events import TokenIssued
from missioncontrol.domain.permission import Permission, Role


class Asker(msgspec.Struct, frozen=True):
    """The caller, and what their way of signing in permits them."""

    name: str
    permissions: frozenset[Permission]
    owner: str  # who runs this machine; the asker may be the same


class AddUser(msgspec.Struct, frozen=True):
    """Add a user, who may then sign in."""

    by: Asker
    name: str
    roles: tuple[Role, ...]
    subject: str = ""


class ChangeRoles(msgspec.Struct, frozen=True):
    """Change the roles of a user."""

    by: Asker
    name: str
    roles: tuple[Role, ...]


class RemoveUser(msgspec.Struct, frozen=True):
    """Remove a user, who may no longer sign in."""

    by: Asker
    name: str
    reason: str = ""


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
    reason: str = ""


class NameWorkspace(msgspec.Struct, frozen=True):
    """Give this home a name."""

    name: str


class SetSecondLook(msgspec.Struct, frozen=True):
    """Allow the one person of this workspace to approve their own runs after a pause."""

    by: Asker
    seconds: float  # 0 turns it off


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
