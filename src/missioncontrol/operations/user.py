"""Operations on users, and with the workspace that they share."""

from types import NoneType
from typing import Any

from missioncontrol.application.access import Invited, SecondLookNow, SetPassword, UserNow
from missioncontrol.application.queries.access import UserView
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.access.commands import (
    UNKNOWN,
    AddUser,
    Arrive,
    ChangeRoles,
    Invite,
    NameWorkspace,
    RemoveUser,
    SetSecondLook,
)
from missioncontrol.domain.definition.quantities import duration_in_words, seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.queries.user import GET, USER


def _roles(found: UserView) -> str:
    return f"as {', '.join(found.roles)}" if found.roles else "without any role"


def pause_of(text: str) -> float:
    """Return the seconds of a pause such as 10m; 0 for `off`.

    Raises:
        Rejected: `second_look.bad_time`.
    """
    seconds = 0.0 if text == "off" else seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected(
            "second_look.bad_time",
            f"{text!r} is no time: {seconds}",
            hint="Give a time such as 10m or 1h, or `off`.",
        )
    return seconds


async def _forgotten(console: Any, command: RemoveUser, _: Any, __: str) -> None:
    console.people.forget(command.name)


def _second_look(now: SecondLookNow) -> str:
    if not now.seconds:
        return "Your own runs need another person's approval."
    return (
        f"You may approve your own runs {duration_in_words(now.seconds)} after they ask, by typing "
        "their digest, until a second person may approve here."
    )


BY_ADMINS: dict[str, Any] = {
    "fixed": {"by": UNKNOWN},
    "permission": "administer",
    "surfaces": BY_PEOPLE,
    "former": "UserAsked",
}

ADD = Operation(
    **BY_ADMINS,
    name="user.add",
    title="Add a user",
    text="Let a person sign in with these roles, once an invitation gave them a password.",
    command=AddUser,
    callers=("name", "roles"),  # The subject is of those for whom a provider vouches.
    returns=UserNow,
    handle=lambda office, command, actor: office.access.change(command, actor=actor),
    creates=USER,
    shows=GET,
    body=Body("NewUser", "A person who is to be let in."),
    terminal=Terminal(
        positional=("name",),
        names={"roles": "role"},
        done=lambda found: (
            f"{found.name!r} may sign in, {_roles(found)}; `mission user invite {found.name}` "
            "makes a link for them."
        ),
    ),
)

CHANGE = Operation(
    **BY_ADMINS,
    name="user.change",
    operation_id="change_roles",
    title="Change roles",
    text="Give a user exactly these roles.\n\nNo user can give themself a role or give more than "
    "they have, and the last admin stays one.",
    command=ChangeRoles,
    returns=UserNow,
    handle=lambda office, command, actor: office.access.change(command, actor=actor),
    target=USER,
    method="PATCH",
    shows=GET,
    body=Body("NewRoles", "All roles that a user shall have."),
    unless_changed=GET,
    terminal=Terminal(
        verb="roles",
        names={"roles": "role"},
        done=lambda found: f"{found.name!r} is let in {_roles(found)}.",
    ),
)

REMOVE = Operation(
    **BY_ADMINS,
    name="user.remove",
    title="Remove a user",
    text="Remove a user: their sessions end, and their tokens are void.",
    command=RemoveUser,
    returns=NoneType,
    risk="end",
    handle=lambda office, command, actor: office.access.remove(command, actor=actor),
    target=USER,
    method="DELETE",
    in_address=True,
    finish=_forgotten,
    terminal=Terminal(done="{id!r} is let in no more, and their tokens are void."),
)

INVITE = Operation(
    name="user.invite",
    permission="administer",
    former="UserAsked",
    title="Invite a user",
    text="Return a link with which a user chooses a password. The one before it is void.",
    command=Invite,
    fixed={"by": UNKNOWN, "digest": "", "until": 0.0},
    returns=Invited,
    handle=lambda office, command, actor: office.access.invite(command, actor=actor),
    target=USER,
    shown_once=("invitation",),
    surfaces=frozenset(),  # The link begins with the address at which the console was asked.
)

SECOND_LOOK = Operation(
    permission="administer",
    fixed={"by": UNKNOWN},
    name="user.second_look",
    title="Set a second look",
    text="Approve your own runs after a pause, while no other user may approve.",
    command=SetSecondLook,
    returns=SecondLookNow,
    surfaces=frozenset({"cli"}),
    handle=lambda office, command, actor: office.access.set_second_look(command, actor=actor),
    former="SecondLookAsked",
    terminal=Terminal(
        positional=("seconds",),
        names={"seconds": "pause"},
        metavars={"seconds": "TIME"},
        parse={"seconds": pause_of},
        done=_second_look,
    ),
)

# The pages of the sign-in, of settings and of the workspace ask for the rest.

SET_PASSWORD = Operation(
    former="UserAsked",
    name="user.set_password",
    title="Set a password",
    text="Note that a user has another password: one's own, or by an invitation.",
    command=SetPassword,
    returns=UserNow,
    permission="sign_in",
    handle=lambda office, command, actor: office.access.set_password(command, actor=actor),
    target=USER,
    surfaces=frozenset(),
)

ARRIVE = Operation(
    name="user.arrive",
    title="Arrive",
    text="Note that an OpenID provider vouches for a person, and what they are by its word.",
    command=Arrive,
    fixed={"owner": ""},
    returns=UserNow,
    permission="sign_in",
    handle=lambda office, command, actor: office.access.arrive(command, actor=actor),
    former="UserArrived",
    surfaces=frozenset(),
)

NAME_WORKSPACE = Operation(
    permission="administer",
    name="user.name_workspace",
    title="Name the workspace",
    text="Give the workspace another name; its directory keeps its own.",
    command=NameWorkspace,
    returns=UserNow,
    handle=lambda office, command, actor: office.access.change(command, actor=actor),
    former="WorkspaceAsked",
    surfaces=frozenset(),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    ADD,
    CHANGE,
    REMOVE,
    INVITE,
    SECOND_LOOK,
    SET_PASSWORD,
    ARRIVE,
    NAME_WORKSPACE,
)
