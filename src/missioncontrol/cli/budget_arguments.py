"""What `mission budget` and `mission budget price` take on the command line."""

import argparse
from typing import Any

SCOPES = ("workspace", "workflow", "agent", "model", "run", "step")
PERIODS = ("day", "month")


def add_budget(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `budget` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "budget", parents=[home], help="spending caps, what is spent, prices of models"
    )
    kinds = top.add_subparsers(dest="budget", metavar="VERB", required=True, parser_class=type(top))
    change = kinds.add_parser("set", parents=[home], help="raise, lower, set or end a cap")
    _add_scope(change, "of a run alone: for each run whose workflow names no budget")
    change.add_argument(
        "--cost",
        metavar="USD",
        help="dollars, such as 2.50, or +2.50 beyond what is spent; 0: nothing; `none` ends it",
    )
    change.add_argument(
        "--tokens",
        metavar="N",
        help="such as 5000, or +5000 beyond what is spent; 0 allows nothing, `none` ends it",
    )
    change.add_argument(
        "--per", choices=PERIODS, help="of each UTC day or month (default: of all time)"
    )
    change.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    change.add_argument("--json", action="store_true", help="print JSON")
    show = kinds.add_parser("show", parents=[home], help="what was spent there, and what is left")
    _add_scope(show, "needed but for the workspace")
    show.add_argument("--json", action="store_true", help="print JSON")
    listing = kinds.add_parser("list", parents=[home], help="every cap that holds")
    listing.add_argument("--json", action="store_true", help="print JSON")


def _add_scope(verb: argparse.ArgumentParser, text: str) -> None:
    verb.add_argument("scope", metavar="SCOPE", choices=SCOPES, help=", ".join(SCOPES))
    verb.add_argument("name", metavar="NAME", nargs="?", default="", help=f"{text}; step: RUN/KEY")


def add_price(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `price` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser("budget price", parents=[home], help="what models cost")
    kinds = top.add_subparsers(dest="price", metavar="VERB", required=True, parser_class=type(top))
    show = kinds.add_parser(
        "show", parents=[home], help="the price of a model, or all that are set"
    )
    show.add_argument("model", metavar="MODEL", nargs="?", default="")
    show.add_argument("--json", action="store_true", help="print JSON")
    change = kinds.add_parser(
        "set", parents=[home], help="set a price; what is settled keeps the one it had"
    )
    change.add_argument("model", metavar="MODEL", help="as its agent reports it")
    change.add_argument(
        "--input", metavar="USD", required=True, help="dollars for a million tokens"
    )
    change.add_argument("--output", metavar="USD", required=True, help="reasoning included")
    change.add_argument("--cached", metavar="USD", help="read from a cache (default: as --input)")
    change.add_argument(
        "--cache-write", metavar="USD", help="written to a cache (default: as --input)"
    )
    change.add_argument(
        "--from", dest="since", metavar="DATE", default="", help="a UTC date (default: today)"
    )
    change.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    change.add_argument("--json", action="store_true", help="print JSON")
