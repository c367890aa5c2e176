"""What `mission approvals` takes on the command line."""

import argparse
from typing import Any

DECISIONS = {
    "approve": "agree to exactly what `show` shows",
    "reject": "say no; the step fails, and is not tried again",
    "request-changes": "ask for other inputs; what then runs needs a new approval",
    "defer": "look at it later; it expires when it would have",
    "delegate": "give your say to another person",
    "withdraw": "take back what you asked for yourself",
}


def add_approvals(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `approvals` to `verbs`; each of its own verbs takes what `home` takes."""
    approvals = verbs.add_parser(
        "approvals",
        parents=[home],
        help="approvals that wait for people: list, approve, reject, delegate",
    )
    kinds = approvals.add_subparsers(
        dest="approvals", metavar="VERB", required=True, parser_class=type(approvals)
    )
    listing = kinds.add_parser("list", parents=[home], help="those that wait, oldest first")
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = kinds.add_parser("show", parents=[home], help="exactly what would run, and who may say")
    show.add_argument("approval", metavar="ID", help="or the beginning of it")
    show.add_argument("--json", action="store_true", help="print JSON")
    for name, text in DECISIONS.items():
        _add_options(name, kinds.add_parser(name, parents=[home], help=text))


def _add_options(name: str, verb: argparse.ArgumentParser) -> None:
    verb.add_argument("approval", metavar="ID", help="or the beginning of it")
    verb.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    verb.add_argument(
        "--as",
        dest="name",
        metavar="NAME",
        help="who you are (default: MISSION_ACTOR, else the operating system's user); "
        "without sign-in that is a claim, and the record says so",
    )
    verb.add_argument(
        "--digest", metavar="D", default="", help="of what you saw, or its first 8 letters"
    )
    if name == "request-changes":
        verb.add_argument(
            "--input", metavar="K=V", action="append", default=[], help="JSON or text; repeatable"
        )
        verb.add_argument("--inputs", metavar="FILE", help="JSON with all inputs; - reads them in")
    if name == "defer":
        verb.add_argument(
            "--until", metavar="WHEN", required=True, help="2h, 3d or 2026-01-31T09:00+01:00"
        )
    if name == "delegate":
        verb.add_argument("--to", metavar="NAME", required=True, help="the other person")
    verb.add_argument("--json", action="store_true", help="print JSON")
