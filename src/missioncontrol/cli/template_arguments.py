"""Arguments of `mission workflow template`, and of goals that are made from templates."""

import argparse
from typing import Any

from missioncontrol.cli.parser import add_noun


def add_template(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `template` to `verbs`; each of its own verbs takes what `home` takes."""
    add_noun(verbs, "workflow template", home, "templates of missions and their questions")


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
        help="to a question of the template, or of the plan of a new product (Q1=TEXT); "
        "NAME=@FILE reads it; repeat it for items of a list",
    )
