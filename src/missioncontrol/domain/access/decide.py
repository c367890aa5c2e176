"""Which events a command makes true of users and tokens, or why it is refused."""

from typing import assert_never

from missioncontrol.domain.access.commands import (
    AccessCommand,
    AddUser,
    Arrive,
    Asker,
    ChangePassword,
    ChangeRoles,
    Invite,
    IssueToken,
    NameWorkspace,
    RemoveUser,
    RevokeToken,
    SetSecondLook,
)
from missioncontrol.domain.access.events import (
    AccessEvent,
    PasswordChanged,
    RolesChanged,
    SecondLookSet,
    TokenRevoked,
    UserAdded,
    UserInvited,
    UserRemoved,
    WorkspaceNamed,
)
from missioncontrol.domain.access.refusals import (
    refuse_another,
    refuse_bad_second_look,
    refuse_bad_token,
    refuse_bad_user,
    refuse_bad_workspace,
    refuse_last_admin,
    refuse_more,
    refuse_other_owner,
    refuse_own_roles,
    refuse_owner,
    refuse_stranger,
    unknown_token,
    unknown_user,
)
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access, User
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import ROLES, Role


def decide(command: AccessCommand, access: Access | None, now: float) -> list[AccessEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `user.bad_name`, `.exists`, `.too_many`, `.is_owner`, `.own_roles`, `.last_admin`,
            `.beyond` (more than who gives it has), `.another`, `.not_yours`; `invitation.void`;
            `token.bad_name`, `.bad_scopes`, `.beyond`, `.bad_time`, `.too_many`, `.not_yours`;
            `workspace.bad_name`; `second_look.not_owner`, `.not_alone`, `.bad_time`.
        NotFound: `user.unknown`, `token.unknown`.
    """
    access = access or INITIAL_ACCESS
    match command:
        case AddUser() | ChangeRoles() | RemoveUser():
            return _about_user(command, access)
        case Invite() | ChangePassword():
            return _about_password(command, access, now)
        case Arrive():
            return _arrived(command, access)
        case IssueToken(by=by, token=token):
            refuse_bad_token(token, access, by, now)
            return [token]
        case RevokeToken(by=by, token=token):
            return _revoked(by, token, command.reason, access)
        case SetSecondLook(seconds=seconds):
            refuse_bad_second_look(command, access)
            return [] if seconds == access.second_look else [SecondLookSet(seconds)]
        case NameWorkspace(name=name):
            refuse_bad_workspace(name)
            return [] if name == access.workspace else [WorkspaceNamed(name)]
        case _:
            assert_never(command)


def _about_user(command: AddUser | ChangeRoles | RemoveUser, access: Access) -> list[AccessEvent]:
    by = command.by
    match command:
        case AddUser():
            refuse_bad_user(command.name, access, owner=by.owner)
            is_owner = person(command.name) == person(by.owner)
            roles = _ordered(("admin", *command.roles) if is_owner else command.roles)
            refuse_more(by, roles)
            return [UserAdded(command.name, roles, command.subject)]
        case ChangeRoles():
            user = _known(command.name, access)
            if set(command.roles) == set(user.roles):
                return []
            refuse_owner(by, user.name)
            refuse_own_roles(by, user, command.roles)
            refuse_more(by, {*command.roles, *user.roles})
            refuse_last_admin(by, user, access, keeps="admin" in command.roles)
            return [RolesChanged(user.name, _ordered(command.roles))]
        case RemoveUser():
            user = _known(command.name, access)
            refuse_owner(by, user.name)
            refuse_more(by, user.roles)
            refuse_last_admin(by, user, access, keeps=False)
            return [UserRemoved(user.name, command.reason)]
        case _:
            assert_never(command)


def _about_password(
    command: Invite | ChangePassword, access: Access, now: float
) -> list[AccessEvent]:
    user = _known(command.name, access)
    if isinstance(command, Invite):
        # Choosing a user's password is as good as being that user.
        refuse_more(command.by, user.roles)
        refuse_other_owner(command.by, user.name)
        return [UserInvited(user.name, command.digest, command.until)]
    refuse_stranger(command, user, now)
    return [PasswordChanged(user.name)]


def _arrived(command: Arrive, access: Access) -> list[AccessEvent]:
    user = access.user(command.name)
    refuse_another(command, user)
    if user is None:
        refuse_bad_user(command.name, access)
        return [UserAdded(command.name, _ordered(command.roles), command.subject)]
    if not command.has_roles or set(command.roles) == set(user.roles):
        return []
    return [RolesChanged(user.name, _ordered(command.roles))]


def _revoked(by: Asker, token: str, reason: str, access: Access) -> list[AccessEvent]:
    found = access.tokens.get(token)
    is_mine = found is not None and person(found.issued.owner) == person(by.name)
    # A caller who may not end it sees no such token.
    if found is None or not (is_mine or "administer" in by.permissions):
        raise unknown_token(token)
    return [TokenRevoked(token, reason)]


def _known(name: str, access: Access) -> User:
    found = access.user(name)
    if found is None:
        raise unknown_user(name)
    return found


def _ordered(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(role for role in ROLES if role in roles)
