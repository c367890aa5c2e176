"""What `mission workspace` takes on the command line."""

import argparse
from typing import Any

VERBS = {
    "create": "add a workspace with a data directory of its own",
    "archive": "stop serving a workspace; its data directory stays as it is",
    "restore": "serve an archived workspace again",
    "start": "start the engine of a workspace at once, where it is down",
}


def add_workspace(verbs: Any) -> None:
    """Add `workspace` to `verbs`."""
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument(
        "--root",
        metavar="DIR",
        help="directory of all workspaces (default: MISSION_ROOT, else the platform's)",
    )
    root.add_argument("--json", action="store_true", help="print JSON")
    top = verbs.add_parser("workspace", help="several workspaces in one console: create, archive")
    kinds = top.add_subparsers(
        dest="workspace", metavar="VERB", required=True, parser_class=type(top)
    )
    kinds.add_parser("list", parents=[root], help="all workspaces, and which are at work")
    for name, text in VERBS.items():
        kinds.add_parser(name, parents=[root], help=text).add_argument("name", metavar="NAME")
    create = kinds.choices["create"]
    create.add_argument("--person", metavar="NAME", help="first admin, who gets an invitation")
    rename = kinds.add_parser("rename", parents=[root], help="give a workspace another title")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("title", metavar="TITLE", help="shown on pages; the address stays")
    halt = kinds.add_parser("halt", parents=[root], help="emergency stop in all workspaces")
    halt.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
