"""What `mission user` and `mission user token` take on the command line."""

import argparse
from typing import Any

from missioncontrol.domain.permission import PERMISSIONS, ROLES


def add_access(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `user` and `token` to `verbs`; each of their verbs takes what `home` takes."""
    _add_user(verbs, home)
    _add_token(verbs, home)


def _add_user(verbs: Any, home: argparse.ArgumentParser) -> None:
    top = verbs.add_parser("user", help="users, their roles, and tokens of programs")
    kinds = top.add_subparsers(dest="user", metavar="VERB", required=True, parser_class=type(top))
    add = kinds.add_parser("add", parents=[home], help="add a user who may sign in")
    roles = kinds.add_parser("roles", parents=[home], help="give a user exactly these roles")
    for verb in (add, roles):
        verb.add_argument("name", metavar="NAME")
        verb.add_argument(
            "--role",
            metavar="ROLE",
            action="append",
            default=[],
            choices=ROLES,
            help=f"one of {', '.join(ROLES)}; repeatable (default: none)",
        )
    invite = kinds.add_parser(
        "invite", parents=[home], help="a link with which a user chooses a password, once"
    )
    invite.add_argument("name", metavar="NAME")
    invite.add_argument(
        "--url",
        metavar="URL",
        default="",
        help="where they reach the console (default: where it answers now)",
    )
    remove = kinds.add_parser("remove", parents=[home], help="end the access of a user")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    look = kinds.add_parser(
        "second-look",
        parents=[home],
        help="approve your own runs after a pause, while there is no other approver",
    )
    look.add_argument("pause", metavar="TIME", help="such as 10m, at least 1m; `off` ends it")
    listed = kinds.add_parser("list", parents=[home], help="everybody who may sign in")
    for verb in (add, roles, invite, remove, look, listed):
        verb.add_argument("--json", action="store_true", help="print JSON")


def _add_token(verbs: Any, home: argparse.ArgumentParser) -> None:
    top = verbs.add_parser("user token", help="tokens with which programs act for you")
    kinds = top.add_subparsers(dest="token", metavar="VERB", required=True, parser_class=type(top))
    new = kinds.add_parser("new", parents=[home], help="a token; it is shown this once")
    new.add_argument("name", metavar="NAME", help="by which you know it, as laptop")
    new.add_argument(
        "--scope",
        metavar="SCOPE",
        action="append",
        default=[],
        choices=sorted(PERMISSIONS),
        help=f"one of {', '.join(sorted(PERMISSIONS))}; repeatable (default: read)",
    )
    new.add_argument("--expires", metavar="TIME", default="90d", help="(default: %(default)s)")
    revoke = kinds.add_parser("revoke", parents=[home], help="make a token void")
    revoke.add_argument("id", metavar="ID", help="as `mission user token list` says it")
    revoke.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    listed = kinds.add_parser("list", parents=[home], help="all that hold, of everybody")
    for verb in (new, revoke, listed):
        verb.add_argument("--json", action="store_true", help="print JSON")
