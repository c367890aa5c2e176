"""What `mission questions` takes on the command line."""

import argparse
from typing import Any


def add_questions(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `questions` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "questions", parents=[home], help="questions of steps to people: list, answer"
    )
    kinds = top.add_subparsers(
        dest="questions", metavar="VERB", required=True, parser_class=type(top)
    )
    listing = kinds.add_parser("list", parents=[home], help="all that wait for an answer")
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = kinds.add_parser("show", parents=[home], help="a question and the form of its answer")
    answer = kinds.add_parser("answer", parents=[home], help="answer one; its step goes on")
    for verb in (show, answer):
        verb.add_argument("question", metavar="ID", help="the beginning of it is enough")
        verb.add_argument("--json", action="store_true", help="print JSON")
    answer.add_argument("--answer", metavar="JSON", help="the whole answer; a text needs no quotes")
    answer.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="a field of an answer that is an object; repeatable",
    )
