"""What `mission knowledge memory` takes on the command line."""

import argparse
from collections.abc import Callable
from typing import Any

from missioncontrol.cli.parser import add_noun
from missioncontrol.domain.memory_kinds import KINDS


def add_memory(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `memory` to `verbs`; each of its own verbs takes what `home` takes."""

    def by_hand(own: Any, home: argparse.ArgumentParser) -> None:
        listing = own.add_parser("list", parents=[home], help="what is remembered, newest first")
        search = own.add_parser("search", parents=[home], help="what bears on words, and why")
        search.add_argument("text", metavar="WORDS")
        for verb in (listing, search):
            _add_filters(verb, whole_number)
        recall = own.add_parser("recall", parents=[home], help="what planners are told for a goal")
        recall.add_argument("goal", metavar="GOAL")
        recall.add_argument("--repo", metavar="PATH", default="", help="the checkout it is about")
        for verb in (listing, search, recall):
            verb.add_argument("--json", action="store_true", help="print JSON")

    text = "knowledge from earlier missions and documents"
    add_noun(verbs, "knowledge memory", home, text, by_hand)


def _add_filters(verb: argparse.ArgumentParser, whole_number: Callable[[str], int]) -> None:
    verb.add_argument("--kind", choices=KINDS, default="")
    verb.add_argument("--repo", metavar="PATH", help="of this checkout")
    verb.add_argument("--file", metavar="PATH", default="", help="about this file")
    verb.add_argument("--tag", metavar="TAG", default="", help="with this tag")
    verb.add_argument("--expired", action="store_true", help="also what has expired")
    verb.add_argument("--limit", metavar="N", type=whole_number, default=20)
