"""What `mission runs trace` takes on the command line."""

import argparse
from typing import Any


def add_trace(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `trace` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "runs trace", parents=[home], help="what leads from the goal to the evidence, and its gaps"
    )
    kinds = top.add_subparsers(dest="trace", metavar="VERB", required=True, parser_class=type(top))
    show = kinds.add_parser(
        "show", parents=[home], help="each requirement with all that it leads to"
    )
    show.add_argument(
        "--of",
        metavar="NODE",
        default="",
        help="why one thing exists and what it covers: R3, K1, the key of a task, a path …",
    )
    check = kinds.add_parser(
        "check", parents=[home], help="name every gap; exit code 1 where one is open"
    )
    for verb in (show, check):
        verb.add_argument(
            "--plan", metavar="FILE", help="a plan as JSON to look at in place of the accepted one"
        )
    waive = kinds.add_parser("waive", parents=[home], help="accept a gap, with a reason")
    withdraw = kinds.add_parser("withdraw", parents=[home], help="take a waiver back")
    assign = kinds.add_parser("assign", parents=[home], help="name who sees to a risk")
    scope = kinds.add_parser("scope", parents=[home], help="say which files a task is to change")
    for verb in (show, check, waive, withdraw, assign, scope):
        verb.add_argument("run", metavar="RUN", help="the beginning of its id is enough, or `last`")
        verb.add_argument("--json", action="store_true", help="print JSON")
    for verb in (waive, withdraw):
        verb.add_argument("gap", metavar="GAP", help="as `mission runs trace check` names it")
        verb.add_argument("--reason", metavar="TEXT", required=True, help="recorded in the log")
    scope.add_argument("--reason", metavar="TEXT", default="", help="recorded in the log")
    assign.add_argument("risk", metavar="RISK", help="its id, such as K2")
    assign.add_argument("owner", metavar="OWNER", help="a person, a role or an agent")
    scope.add_argument("task", metavar="TASK", help="its key, such as build-r1")
    scope.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="all of them, as seen from the top of the repository; none says that it has none",
    )
