"""How each event changes who may do what."""

from typing import Any, assert_never

import msgspec

from missioncontrol.domain.access.events import (
    AccessEvent,
    PasswordChanged,
    RolesChanged,
    SecondLookSet,
    TokenIssued,
    TokenRevoked,
    UserAdded,
    UserInvited,
    UserRemoved,
    WorkspaceNamed,
)
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access, Token, User
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.person import person

replace = msgspec.structs.replace


def evolve(access: Access | None, event: AccessEvent, at: float) -> Access:
    """Apply `event`, which became true at `at` (seconds since the epoch).

    Raises:
        Corrupt: `user.not_added` or `token.not_issued`.
    """
    access = access or INITIAL_ACCESS
    match event:
        case UserAdded():
            user = User(event.name, event.roles, at, event.subject)
            return _with(access, user)
        case RolesChanged():
            return _changed(access, event.name, roles=event.roles)
        case UserRemoved():
            return _without(access, event.name)
        case UserInvited():
            return _changed(access, event.name, invited=event)
        case PasswordChanged():
            return _changed(access, event.name, password_changed=at, invited=None)
        case TokenIssued():
            holds = {key: old for key, old in access.tokens.items() if old.issued.until > at}
            return replace(access, tokens={**holds, event.token: Token(event, at)})
        case TokenRevoked():
            return _revoked(access, event.token)
        case SecondLookSet():
            return replace(access, second_look=event.seconds)
        case WorkspaceNamed():
            return replace(access, workspace=event.name)
        case _:
            assert_never(event)


def _with(access: Access, user: User) -> Access:
    return replace(access, users={**access.users, person(user.name): user})


def _changed(access: Access, name: str, **change: Any) -> Access:
    found = access.user(name)
    if found is None:
        raise Corrupt("user.not_added", f"User {name!r} was never added.")
    return _with(access, replace(found, **change))


def _without(access: Access, name: str) -> Access:
    users, who = dict(access.users), person(name)
    if users.pop(who, None) is None:
        raise Corrupt("user.not_added", f"User {name!r} was never added.")
    tokens = {key: each for key, each in access.tokens.items() if person(each.issued.owner) != who}
    return replace(access, users=users, tokens=tokens)


def _revoked(access: Access, token: str) -> Access:
    tokens = dict(access.tokens)
    if tokens.pop(token, None) is None:
        raise Corrupt("token.not_issued", f"Token {token!r} was never issued.")
    return replace(access, tokens=tokens)
