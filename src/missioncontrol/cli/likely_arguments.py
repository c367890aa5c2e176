"""What `mission places` takes on the command line."""

import argparse
from typing import Any


def add_places(verbs: Any, directory: argparse.ArgumentParser) -> None:
    """Add `places` to `verbs`; it reads a checkout of this machine, and records nothing."""
    verb = verbs.add_parser(
        "places", parents=[directory], help="the files that a goal will most likely change, and why"
    )
    verb.add_argument("goal", metavar="GOAL", help="what is to be achieved, in words")
    verb.add_argument("--repo", metavar="PATH", help="the checkout that it is about")
    verb.add_argument(
        "--constraint", metavar="TEXT", action="append", default=[], help="may be repeated"
    )
    verb.add_argument("--context", metavar="TEXT", default="", help="what else should be known")
    verb.add_argument("--json", action="store_true", help="print JSON")
