"""`mission user` and `mission user token`: who may sign in, and what programs carry."""

import argparse
import asyncio
import os

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.os_user import os_user
from missioncontrol.application.access import (
    ACCESS,
    STREAM,
    SecondLookAsked,
    TokenAsked,
    TokenRevoked,
    UserAsked,
)
from missioncontrol.application.journal import fold
from missioncontrol.application.queries import access as queries
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible


class PeopleDesk(Desk):
    """The same home, whose rows are users and tokens."""

    def access(self) -> Access:
        """Return who may do what, by the log."""
        found, _ = asyncio.run(fold(self.store, ACCESS, STREAM))
        return found or INITIAL_ACCESS


def user(arguments: argparse.Namespace) -> int:
    """Do what `mission user VERB` was asked for."""
    desk = PeopleDesk(arguments, os.environ)
    try:
        match arguments.user:
            case "list":
                return _list_users(arguments, desk)
            case "second-look":
                return _set_second_look(arguments, desk)
            case "invite":
                return _invite(arguments, desk)
        return _change_user(arguments, desk)
    finally:
        desk.close()


def _change_user(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    verb, name = arguments.user, arguments.name
    roles = tuple(getattr(arguments, "role", ()))
    desk.deliver(UserAsked(verb, name, roles, reason=getattr(arguments, "reason", "")))
    if arguments.json:
        print_json({"name": name, **({} if verb == "remove" else {"roles": list(roles)})})
        return SUCCEEDED
    role = f"as {', '.join(roles)}" if roles else "without any role"
    done = {
        "add": f"{name!r} may sign in, {role}; `mission user invite {name}` makes a link for them.",
        "roles": f"{name!r} may sign in {role}.",
        "remove": f"{name!r} may not sign in any more, and their tokens are void.",
    }[verb]
    print_text(visible(f"{done}\n"))
    return SUCCEEDED


def _set_second_look(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    seconds = 0.0 if arguments.pause == "off" else seconds_of(arguments.pause)
    if isinstance(seconds, str):
        raise Rejected(
            "second_look.bad_time",
            f"{arguments.pause!r} is no time: {seconds}",
            hint="Give a time such as 10m or 1h, or `off`.",
        )
    desk.deliver(SecondLookAsked(seconds))
    if arguments.json:
        print_json({"seconds": seconds})
        return SUCCEEDED
    print_text(
        f"You may approve your own runs {arguments.pause} after they ask, by typing their digest, "
        "until a second person may approve here.\n"
        if seconds
        else "Your own runs need another person's approval.\n"
    )
    return SUCCEEDED


def _invite(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    answer = desk.deliver(UserAsked("invite", arguments.name))
    link = f"{desk.console(arguments.url)}/sign-in/invited?token={answer['invitation']}"
    if arguments.json:
        print_json({"name": arguments.name, "link": link, "until": answer["until"]})
        return SUCCEEDED
    print_text(f"{link}\n")
    until = moment(answer["until"])
    note(visible(f"With this, {arguments.name!r} chooses a password, once, until {until}.\n"))
    return SUCCEEDED


def _list_users(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    found = queries.users(desk.access(), os_user(), SystemClock().now())
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    for each in found:
        print_text(visible(f"{_user_line(each)}\n"))
    return SUCCEEDED


def _user_line(found: queries.UserView) -> str:
    about = [", ".join(found.roles) or "no role"]
    about += ["runs this machine"] if found.is_owner else []
    about += ["password"] if found.has_password else []
    about += [f"by {found.provider}"] if found.provider else []
    about += [f"invited until {moment(found.invited_until)}"] if found.invited_until else []
    about += [f"{found.tokens} tokens"] if found.tokens else []
    return f"{found.name}: {'; '.join(about)}"


def token(arguments: argparse.Namespace) -> int:
    """Do what `mission user token VERB` was asked for."""
    desk = PeopleDesk(arguments, os.environ)
    try:
        match arguments.token:
            case "list":
                return _list_tokens(arguments, desk)
            case "new":
                return _new_token(arguments, desk)
        return _revoke(arguments, desk)
    finally:
        desk.close()


def _new_token(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    seconds = seconds_of(arguments.expires)
    if isinstance(seconds, str):
        raise Rejected("token.bad_time", f"--expires is {arguments.expires[:60]!r}.", hint=seconds)
    scopes = tuple(dict.fromkeys(arguments.scope)) or ("read",)
    answer = desk.deliver(TokenAsked(arguments.name, scopes, seconds))
    if arguments.json:
        print_json(answer)
        return SUCCEEDED
    print_text(f"{answer['token']}\n")
    message = f"This is the token {arguments.name!r} ({answer['id']}) for {', '.join(scopes)}"
    note(visible(f"{message} until {moment(answer['until'])}. It is not shown again.\n"))
    return SUCCEEDED


def _revoke(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    desk.deliver(TokenRevoked(arguments.id, arguments.reason))
    if arguments.json:
        print_json({"id": arguments.id, "revoked": True})
    else:
        print_text(visible(f"The token {arguments.id!r} is void.\n"))
    return SUCCEEDED


def _list_tokens(arguments: argparse.Namespace, desk: PeopleDesk) -> int:
    found = queries.tokens(desk.access(), {}, SystemClock().now())
    if arguments.json:
        fields = ("id", "name", "owner", "scopes", "issued", "until", "is_over")
        print_json([{field: getattr(each, field) for field in fields} for each in found])
        return SUCCEEDED
    for each in found:
        over = " (over)" if each.is_over else ""
        text = f"{each.id}  {each.name}: {each.owner}, {', '.join(each.scopes)}"
        print_text(visible(f"{text}, until {moment(each.until)}{over}\n"))
    if not found:
        print_text("No token was issued.\n")
    return SUCCEEDED
