"""What can be asked of users and tokens."""

import msgspec

from missioncontrol.domain.access.events import TokenIssued
from missioncontrol.domain.permission import Permission, Role


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and what the way in which they came lets them do."""

    name: str
    permissions: frozenset[Permission]
    owner: str  # who runs this machine; the asker may be the same


class AddUser(msgspec.Struct, frozen=True):
    """Let somebody sign in."""

    by: Asker
    name: str
    roles: tuple[Role, ...]
    subject: str = ""


class ChangeRoles(msgspec.Struct, frozen=True):
    """Let somebody do other things."""

    by: Asker
    name: str
    roles: tuple[Role, ...]


class RemoveUser(msgspec.Struct, frozen=True):
    """Let somebody in no more."""

    by: Asker
    name: str
    reason: str = ""


class Invite(msgspec.Struct, frozen=True):
    """Let whoever has a link choose somebody's password."""

    by: Asker
    name: str
    digest: str
    until: float


class ChangePassword(msgspec.Struct, frozen=True):
    """Note that somebody has another password."""

    by: Asker
    name: str
    digest: str = ""  # of the invitation that allows it


class Arrive(msgspec.Struct, frozen=True):
    """Note that an OpenID provider vouches for somebody, and what they are by its word."""

    name: str
    subject: str
    owner: str  # who runs this machine: no provider vouches for them
    roles: tuple[Role, ...] = ()  # of somebody new
    has_roles: bool = False  # whether the provider says it of those who are known too


class IssueToken(msgspec.Struct, frozen=True):
    """Let a program act for whoever asks."""

    by: Asker
    token: TokenIssued


class RevokeToken(msgspec.Struct, frozen=True):
    """Let a token be void."""

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
