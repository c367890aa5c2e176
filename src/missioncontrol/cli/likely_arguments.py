"""What `mission locate` and `mission eval backtest` take on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import whole_number

CHANGES, CHANGES_PAID, CHANGES_MAX = 50, 10, 500
"""Past changes that are planned again by default, if each costs money, and at most."""


def add_places(verbs: Any, directory: argparse.ArgumentParser) -> None:
    """Add `places` to `verbs`; it reads a checkout of this machine, and records nothing."""
    verb = verbs.add_parser(
        "locate", parents=[directory], help="the files that a goal will most likely change, and why"
    )
    verb.add_argument("goal", metavar="GOAL", help="what is to be achieved, in words")
    verb.add_argument("--repo", metavar="PATH", help="the checkout that it is about")
    verb.add_argument(
        "--constraint", metavar="TEXT", action="append", default=[], help="may be repeated"
    )
    verb.add_argument("--context", metavar="TEXT", default="", help="what else should be known")
    verb.add_argument("--json", action="store_true", help="print JSON")


def add_backtest(verbs: Any, directory: argparse.ArgumentParser) -> None:
    """Add `backtest` to `verbs`; it reads a clone of this machine, and records nothing."""
    verb = verbs.add_parser(
        "eval backtest", parents=[directory], help="plan past changes again and score the plans"
    )
    verb.add_argument("--repo", metavar="PATH", help="the clone whose merged changes are replayed")
    verb.add_argument(
        "--changes",
        metavar="N",
        type=whole_number,
        help=f"how many of the newest ones, at most {CHANGES_MAX} (default: {CHANGES}; "
        f"{CHANGES_PAID} with --planner)",
    )
    verb.add_argument(
        "--planner",
        metavar="WHO",
        default="",
        help="have them planned by model, codex, claude-code, opencode or a declared agent as "
        "well, each by a mission that is paid for, and compare (default: local alone)",
    )
    verb.add_argument("--json", action="store_true", help="print JSON, with a row for each change")
