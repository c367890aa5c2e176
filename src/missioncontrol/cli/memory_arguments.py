"""What `mission memory` takes on the command line."""

import argparse
from collections.abc import Callable
from typing import Any

from missioncontrol.domain.memory_kinds import KINDS


def add_memory(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `memory` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "memory", parents=[home], help="knowledge from earlier missions and documents"
    )
    kinds = top.add_subparsers(dest="memory", metavar="VERB", required=True, parser_class=type(top))
    listing = kinds.add_parser("list", parents=[home], help="what is remembered, newest first")
    search = kinds.add_parser("search", parents=[home], help="what bears on some words, and why")
    search.add_argument("text", metavar="WORDS")
    for verb in (listing, search):
        _add_filters(verb, whole_number)
    recall = kinds.add_parser("recall", parents=[home], help="what planners receive for a goal")
    recall.add_argument("goal", metavar="GOAL")
    recall.add_argument("--repo", metavar="PATH", default="", help="the checkout it is about")
    show = kinds.add_parser("show", parents=[home], help="one item: its source, its neighbours")
    add = kinds.add_parser("add", parents=[home], help="remember something")
    add.add_argument("title", metavar="TITLE", help="in one line")
    add.add_argument("--kind", choices=KINDS, default="lesson")
    add.add_argument("--repo", metavar="PATH", default="", help="(default: it holds everywhere)")
    add.add_argument("--until", metavar="WHEN", default="never", help="90d or 2026-12-31")
    correct = kinds.add_parser("correct", parents=[home], help="say what it says from now on")
    correct.add_argument("--title", metavar="TITLE", help="(default: as it is)")
    expire = kinds.add_parser("expire", parents=[home], help="tell planners of it until then")
    expire.add_argument(
        "--until", metavar="WHEN", default="now", help="now, never, 90d or 2026-12-31"
    )
    forget = kinds.add_parser("forget", parents=[home], help="delete it permanently")
    for verb in (show, correct, expire, forget):
        verb.add_argument("item", metavar="ITEM", help="its id, or the beginning of it")
    for verb in (expire, forget):
        verb.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    for verb in (add, correct):
        default = "" if verb is add else "(default: as it is)"
        verb.add_argument("--text", metavar="TEXT", required=verb is add, help=default or None)
        verb.add_argument("--file", metavar="PATH", action="append", help="may be repeated")
        verb.add_argument("--tag", metavar="TAG", action="append", help="may be repeated")
    for verb in (listing, search, recall, show, add, correct, expire, forget):
        verb.add_argument("--json", action="store_true", help="print JSON")


def _add_filters(verb: argparse.ArgumentParser, whole_number: Callable[[str], int]) -> None:
    verb.add_argument("--kind", choices=KINDS, default="")
    verb.add_argument("--repo", metavar="PATH", help="of this checkout")
    verb.add_argument("--file", metavar="PATH", default="", help="about this file")
    verb.add_argument("--tag", metavar="TAG", default="", help="with this tag")
    verb.add_argument("--expired", action="store_true", help="also what has expired")
    verb.add_argument("--limit", metavar="N", type=whole_number, default=20)
