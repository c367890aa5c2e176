"""Arguments of `mission workflow template`, and of goals that are made from templates."""

import argparse
from typing import Any


def add_template(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `template` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "workflow template", parents=[home], help="templates of missions and their questions"
    )
    kinds = top.add_subparsers(
        dest="template_verb", metavar="VERB", required=True, parser_class=type(top)
    )
    listing = kinds.add_parser("list", parents=[home], help="all of them")
    show = kinds.add_parser("show", parents=[home], help="the questions of one, and its goal")
    show.add_argument("key", metavar="KEY")
    for verb in (listing, show):
        verb.add_argument("--json", action="store_true", help="print JSON")


def add_template_of_goal(goal: argparse.ArgumentParser) -> None:
    """Add the arguments to make a goal from a template."""
    goal.add_argument(
        "--template", metavar="KEY", default="", help="make the goal from it, in place of GOAL"
    )
    goal.add_argument(
        "--answer",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="to a question of the template; NAME=@FILE reads it; repeat it for items of a list",
    )
