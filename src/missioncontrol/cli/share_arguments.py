"""What `mission document share` takes on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import add_noun


def add_share(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `share` to `verbs`; each of its verbs takes what `home` takes."""
    add_noun(verbs, "document share", home, "public links to a report", _add_new)


def _add_new(kinds: Any, home: argparse.ArgumentParser) -> None:
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
    new.add_argument("--json", action="store_true", help="print JSON")
