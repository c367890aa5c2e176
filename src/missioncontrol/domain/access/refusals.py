"""Changes to users and tokens that are forbidden to all, or for one's own."""

import hmac
from collections.abc import Iterable

from missioncontrol.domain.access.commands import (
    NAME_MAX,
    Arrive,
    Asker,
    ChangePassword,
    SetSecondLook,
)
from missioncontrol.domain.access.events import TokenIssued
from missioncontrol.domain.access.states import Access, User
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import is_name, is_reserved, person
from missioncontrol.domain.principal import Role, permissions_of

USERS_MAX = 1_000
TOKENS_MAX = 1_000
TOKENS_OF_ONE_MAX = 100
SECOND_LOOK_SECONDS_MIN = 60.0
"""A shorter pause is no second look."""

SECOND_LOOK_SECONDS_MAX = 7 * 86_400.0
TOKEN_SECONDS_MAX = 366 * 86_400.0


def unknown_user(name: str) -> NotFound:
    """Return the error for a name under which no user may sign in."""
    return NotFound(
        "user.unknown",
        f"There is no user {name[:80]!r} here.",
        hint="`mission user list` names them.",
    )


def unknown_token(token: str) -> NotFound:
    """Say that no such token holds."""
    return NotFound(
        "token.unknown",
        f"There is no token {token[:80]!r} here.",
        hint="`mission user token list` names those that hold.",
    )


def refuse_bad_user(name: str, access: Access, *, owner: str = "") -> None:
    """Refuse a name that no user can have, and one in use; the owner keeps theirs."""
    if is_reserved(name) and person(name) != person(owner):
        raise Rejected(
            "user.bad_name",
            f"{ascii(name)[:80]} can't be the name of a user: Mission Control uses it for "
            "something that is no person.",
            hint="Choose a fuller name, such as a first name with an initial.",
        )
    if not is_name(name) or len(name) > NAME_MAX or not person(name) or "/" in name:
        raise Rejected(
            "user.bad_name",
            f"{ascii(name)[:80]} can't be the name of a user.",
            hint=f"A name is one line of at most {NAME_MAX} characters without a colon or a slash.",
        )
    if access.user(name) is not None:
        raise Rejected("user.exists", f"There is a user {name!r} already.")
    if len(access.users) >= USERS_MAX:
        raise Rejected("user.too_many", f"There are {USERS_MAX:,} users already.")


def refuse_more(by: Asker, roles: Iterable[Role]) -> None:
    """Refuse to give, or to touch, what goes beyond the caller's own permissions."""
    beyond = sorted(permissions_of(roles) - by.permissions)
    if beyond:
        raise Rejected(
            "user.beyond",
            f"{by.name!r} may not {', '.join(beyond)} here, and can't decide who may.",
            hint="A user with all of these permissions decides it.",
        )


def refuse_owner(by: Asker, name: str) -> None:
    """Refuse to change what follows from running the machine."""
    if person(name) == person(by.owner):
        raise Rejected(
            "user.is_owner",
            f"{name!r} runs this machine, and is an admin whatever anybody says.",
        )


def refuse_other_owner(by: Asker, name: str) -> None:
    """Refuse to choose the owner's password: it is good for more than this workspace."""
    if person(by.name) != person(by.owner):
        refuse_owner(by, name)


def refuse_own_roles(by: Asker, user: User, roles: tuple[Role, ...]) -> None:
    """Refuse a role that users would give themselves."""
    gained = sorted(set(roles) - set(user.roles))
    if gained and person(by.name) == person(user.name):
        raise Rejected(
            "user.own_roles",
            f"{user.name!r} can't make themself {', '.join(gained)}.",
            hint="Another admin gives the role.",
        )


def refuse_last_admin(by: Asker, user: User, access: Access, *, keeps: bool) -> None:
    """Refuse to leave users without an admin; the machine's owner is one, and may do it."""
    is_owner = person(by.name) == person(by.owner)
    if keeps or is_owner or not user.is_admin:
        return
    if not any(each.is_admin for who, each in access.users.items() if who != person(user.name)):
        raise Rejected(
            "user.last_admin",
            f"{user.name!r} is the last admin among the users.",
            hint="Make another user an admin first.",
        )


def refuse_stranger(command: ChangePassword, user: User, now: float) -> None:
    """Refuse another password by anybody but the user, an admin, or who has an invitation."""
    if command.digest:
        invited = user.invited
        # In a time that does not tell how much of it is right.
        fits = invited is not None and hmac.compare_digest(
            invited.digest.encode(), command.digest.encode()
        )
        if not fits or invited is None or now >= invited.until:
            raise Rejected(
                "invitation.void",
                "This invitation was used, or its time is over.",
                hint="An admin of this workspace makes another one.",
            )
        return
    if person(command.by.name) == person(user.name):
        return
    if "administer" not in command.by.permissions:
        raise Rejected("user.not_yours", f"The password of {user.name!r} is not yours to change.")
    refuse_more(command.by, user.roles)


def refuse_another(command: Arrive, user: User | None) -> None:
    """Refuse a user whose name at the provider is another user's name here."""
    is_owner = person(command.name) == person(command.owner)
    if is_owner or (user is not None and user.subject != command.subject):
        raise Rejected(
            "user.another",
            f"{command.name!r} is another user here.",
            hint="An admin of this workspace removes one, or gives them another name.",
        )


def refuse_bad_token(token: TokenIssued, access: Access, by: Asker, now: float) -> None:
    """Refuse a token that could do more than its owner, or for ever, or one too many."""
    if not is_name(token.name) or len(token.name) > NAME_MAX:
        raise Rejected(
            "token.bad_name",
            f"{ascii(token.name)[:80]} can't be the name of a token.",
            hint=f"A name is one line of at most {NAME_MAX} characters, with nothing hidden in it.",
        )
    if person(token.owner) != person(by.name):
        raise Rejected("token.not_yours", "A token acts only for the user who requests it.")
    if not token.scopes:
        raise Rejected("token.bad_scopes", "The token could do nothing.", hint="Name a scope.")
    if beyond := sorted(set(token.scopes) - by.permissions):
        raise Rejected(
            "token.beyond",
            f"{by.name!r} may not {', '.join(beyond)} here, and neither may a token of theirs.",
            hint="Leave that scope out.",
        )
    if not now < token.until <= now + TOKEN_SECONDS_MAX:
        raise Rejected(
            "token.bad_time",
            "The token would be void already, or hold for more than 366 days.",
            hint="Issue one that ends, and another one then.",
        )
    _refuse_many(access, by, now)


def refuse_bad_second_look(command: SetSecondLook, access: Access) -> None:
    """Refuse a second look that is not the owner's to set, is useless, or is no pause."""
    by, seconds = command.by, command.seconds
    if person(by.name) != person(by.owner):
        raise Rejected(
            "second_look.not_owner",
            f"{by.name!r} can't allow people to approve their own runs; {by.owner!r} can, who runs "
            "this machine.",
            hint=f"{by.owner!r} sets it: `mission user second-look 10m`.",
        )
    others = access.other_approvers(by.owner)
    if seconds and others:
        raise Rejected(
            "second_look.not_alone",
            f"{', '.join(sorted(others)[:3])} may approve here, so no run needs its author's.",
            hint="Ask one of them; `mission user list` names all.",
        )
    if seconds and not SECOND_LOOK_SECONDS_MIN <= seconds <= SECOND_LOOK_SECONDS_MAX:
        raise Rejected(
            "second_look.bad_time",
            f"A pause of {seconds:g} s is not between 1 minute and 7 days.",
            hint="Give a time such as 10m or 1h, or `off`.",
        )


def refuse_bad_workspace(name: str) -> None:
    """Refuse a name that a workspace can't have."""
    if not is_name(name) or len(name) > NAME_MAX:
        raise Rejected(
            "workspace.bad_name",
            f"{ascii(name)[:80]} can't be the name of a workspace.",
            hint=f"A name is one line of at most {NAME_MAX} characters, with nothing hidden in it.",
        )


def _refuse_many(access: Access, by: Asker, now: float) -> None:
    holding = [each.issued.owner for each in access.tokens.values() if each.issued.until > now]
    of_one = sum(person(owner) == person(by.name) for owner in holding)
    if len(holding) >= TOKENS_MAX or of_one >= TOKENS_OF_ONE_MAX:
        raise Rejected(
            "token.too_many",
            f"There are {of_one:,} tokens of {by.name!r}, and {len(holding):,} in all.",
            hint="Revoke some.",
        )
