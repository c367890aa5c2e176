"""What `mission guard` takes on the command line."""

import argparse
from typing import Any


def add_guard(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `guard` to `verbs`; what changes the log takes what `home` takes."""
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--repo", metavar="DIR", default=".", help="the checkout (default: here)")
    top = verbs.add_parser(
        "guard",
        parents=[place],
        help="which files of a change need a spec, and whether it is current",
        epilog="Without a verb, holds what is staged against the rules; "
        "exit code 1 where something needs a spec and has none.",
    )
    what = top.add_mutually_exclusive_group()
    what.add_argument("--staged", action="store_true", help="what would be committed (default)")
    what.add_argument("--range", metavar="A..B", default="", help="what these commits do")
    top.add_argument("--format", choices=("text", "sarif", "json"), default="text")
    kinds = top.add_subparsers(dest="guard", metavar="VERB", parser_class=type(top))
    accept = kinds.add_parser(
        "accept", parents=[home, place], help="take a spec as right for what it covers now"
    )
    accept.add_argument("spec", metavar="SPEC", help="its path, staged as it was read")
    accept.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    accept.add_argument("--json", action="store_true", help="print JSON")
    specs = kinds.add_parser("specs", parents=[place], help="each spec, and how it stands")
    specs.add_argument("--json", action="store_true", help="print JSON")
    kinds.add_parser("rules", parents=[place], help="the rules that hold here, as a file of them")
