"""What `mission document share` takes on the command line."""

import argparse
from typing import Any


def add_share(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `share` to `verbs`; each of its verbs takes what `home` takes."""
    top = verbs.add_parser("document share", help="public links to a report")
    kinds = top.add_subparsers(dest="share", metavar="VERB", required=True, parser_class=type(top))
    new = kinds.add_parser("new", parents=[home], help="a link; it is shown this once")
    new.add_argument("run", metavar="RUN", help="that has ended, by its id or the start of it")
    new.add_argument(
        "--expires", metavar="TIME", default="7d", help="at most 90d (default: %(default)s)"
    )
    new.add_argument("--note", metavar="TEXT", default="", help="for whom or what it is")
    new.add_argument(
        "--url",
        metavar="URL",
        default="",
        help="where they reach the console (default: where it answers now)",
    )
    revoke = kinds.add_parser("revoke", parents=[home], help="revoke a link")
    revoke.add_argument("id", metavar="ID", help="as `mission document share list` says it")
    revoke.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    listed = kinds.add_parser("list", parents=[home], help="all that hold")
    for verb in (new, revoke, listed):
        verb.add_argument("--json", action="store_true", help="print JSON")
