"""What `mission worker` takes on the command line."""

import argparse
from collections.abc import Callable
from typing import Any


def add_worker(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `worker` to `verbs`: without a verb of its own it works, for a server elsewhere."""
    top = verbs.add_parser(
        "worker", parents=[home], help="carry out steps for an engine on another machine"
    )
    top.add_argument("--server", metavar="URL", help="where `mission up --workers` is reached")
    top.add_argument("--token-file", metavar="F", help="what `mission worker token` printed")
    top.add_argument(
        "--agents",
        metavar="NAMES",
        help="a,b: of the agents file, or built in (default: all of the file)",
    )
    top.add_argument(
        "--agents-file", metavar="FILE.toml", help="agents of this machine (default: the home's)"
    )
    top.add_argument(
        "--scale", metavar="N", type=whole_number, default=1, help="steps at once (default: 1)"
    )
    top.add_argument(
        "--location", metavar="TEXT", default="", help="shown in lists (default: the host's name)"
    )
    top.add_argument(
        "--gateway", action="store_true", help="send model calls of its tools via the server's"
    )
    top.add_argument("--state", metavar="DIR", help="what it holds (default: in the home)")
    top.add_argument(
        "--drain-within",
        metavar="TIME",
        default="10m",
        help="that it has to end its work after Ctrl-C or SIGTERM",
    )
    kinds = top.add_subparsers(dest="worker", metavar="VERB", parser_class=type(top))
    listing = kinds.add_parser(
        "list", parents=[home], help="beside the server: which workers there are"
    )
    listing.add_argument("--json", action="store_true", help="print JSON")
    token = kinds.add_parser(
        "token", parents=[home], help="beside the server: make a token, printed once"
    )
    token.add_argument("name", metavar="NAME", help="of the worker; a token before it is void")
    drain = kinds.add_parser(
        "drain", parents=[home], help="beside the server: drain one, which then leaves"
    )
    drain.add_argument("name", metavar="NAME")
