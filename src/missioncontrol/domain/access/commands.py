"""What can be asked of users and tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.access.events import TokenIssued
from missioncontrol.domain.permission import Permission, Role

NAME_MAX = 100
REASON_MAX = 2_000

Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
Roles = Annotated[
    tuple[Role, ...],
    Meta(max_length=10, description="The roles; without any, a person may sign in and do nothing."),
]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why; kept in the log.")]


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and what the way in which they came lets them do."""

    name: str
    permissions: frozenset[Permission]
    owner: str  # who runs this machine; the asker may be the same


UNKNOWN = Asker("", frozenset(), "")
"""In a command as it is given: who asks is known where it is handled, and may do nothing before."""


class AddUser(msgspec.Struct, frozen=True):
    """Let somebody sign in."""

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
    """Let somebody in no more."""

    by: Asker
    name: str
    reason: Reason = ""


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
    """Make a token void."""

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
