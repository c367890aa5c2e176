"""`mission user`: what is declared of users, and their invitations."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.parser import add_noun

if TYPE_CHECKING:
    from missioncontrol.cli.desk import Desk


def add_access(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `user` and `token` to `verbs`; each of their verbs takes what `home` takes."""
    text = "users, their roles, and tokens of programs"
    add_noun(verbs, "user", home, text, _add_invite)
    add_noun(verbs, "user token", home, "tokens with which programs act for you")


def _add_invite(kinds: Any, home: argparse.ArgumentParser) -> None:
    verb = kinds.add_parser(
        "invite", parents=[home], help="a link with which somebody chooses a password, once"
    )
    verb.add_argument("name", metavar="NAME")
    verb.add_argument(
        "--url",
        metavar="URL",
        default="",
        help="where they reach the console (default: where it answers now)",
    )
    verb.add_argument("--json", action="store_true", help="print JSON")


def user(arguments: argparse.Namespace) -> int:
    """Do what `mission user VERB` was asked for."""
    # `--help` imports this module for its arguments; a third of a start is saved there.
    from missioncontrol.cli.declarations import run
    from missioncontrol.cli.desk import Desk

    if arguments.user != "invite":
        return run(arguments)
    desk = Desk(arguments, os.environ)
    try:
        return _invite(arguments, desk)
    finally:
        desk.close()


def _invite(arguments: argparse.Namespace, desk: "Desk") -> int:
    from missioncontrol.cli.text import moment
    from missioncontrol.domain.visible import visible
    from missioncontrol.operations.user import INVITE

    made = desk.execute(INVITE, arguments.name, {})
    link = f"{desk.console(arguments.url)}/sign-in/invited?token={made.invitation}"
    if arguments.json:
        print_json({"name": made.name, "link": link, "until": made.until})
        return SUCCEEDED
    print_text(f"{link}\n")
    until = moment(made.until)
    note(visible(f"With this, {made.name!r} chooses a password, once, until {until}.\n"))
    return SUCCEEDED
