"""What `mission pattern learn` and `mission pattern` take on the command line."""

import argparse
from collections.abc import Callable
from typing import Any

KINDS = ("codemod", "rule", "template", "settings", "command")


def add_learning(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `learn` and `pattern` to `verbs`; what opens a home takes what `home` takes."""
    learn = verbs.add_parser(
        "pattern learn",
        parents=[home],
        help="what a repository teaches: codemods, rules, templates, settings, commands",
        epilog="Without --apply nothing is stored; its commands are run in a disposable copy.",
    )
    learn.add_argument("path", metavar="PATH", help="a checkout of git")
    learn.add_argument(
        "--commits",
        metavar="N",
        type=whole_number,
        default=500,
        help="look at so many of the newest commits (default: 500)",
    )
    learn.add_argument(
        "--kind", choices=KINDS, action="append", default=[], help="only these; repeat it"
    )
    learn.add_argument(
        "--no-run", action="store_true", help="run no command, and so learn none of them"
    )
    learn.add_argument(
        "--seconds",
        metavar="N",
        type=whole_number,
        default=300,
        help="end a command after so long (default: 300)",
    )
    learn.add_argument("--apply", action="store_true", help="keep what was found in the library")
    learn.add_argument("--json", action="store_true", help="print JSON")
    _add_pattern(verbs, home, whole_number)


def _add_pattern(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    top = verbs.add_parser(
        "pattern", parents=[home], help="patterns learned from repositories: list, show, apply"
    )
    kinds = top.add_subparsers(
        dest="pattern_verb", metavar="VERB", required=True, parser_class=type(top)
    )
    listing = kinds.add_parser("list", parents=[home], help="all that are offered")
    listing.add_argument("--kind", choices=KINDS, default="")
    listing.add_argument("--repo", metavar="PATH", default="", help="learned from this checkout")
    listing.add_argument("--all", action="store_true", help="also those that were retired")
    show = kinds.add_parser("show", parents=[home], help="one, with its fixtures and where from")
    show.add_argument("pattern", metavar="ID")
    test = kinds.add_parser(
        "test", parents=[home], help="run the fixtures of some, or of all; exit code 1 on failure"
    )
    test.add_argument("patterns", metavar="ID", nargs="*")
    apply = kinds.add_parser(
        "apply",
        parents=[home],
        help="show what one would change in a checkout, hold it against it, or change it",
    )
    apply.add_argument("pattern", metavar="ID")
    apply.add_argument("--repo", metavar="PATH", default=".", help="the checkout (default: here)")
    how = apply.add_mutually_exclusive_group()
    how.add_argument(
        "--check", action="store_true", help="exit code 1 where there is something to change"
    )
    how.add_argument("--write", action="store_true", help="change the files")
    apply.add_argument(
        "--over-uncommitted",
        action="store_true",
        help="with --write, also files that have changes which are not committed",
    )
    apply.add_argument("--name", metavar="NAME", default="", help="of the file a template makes")
    apply.add_argument(
        "--no-run", action="store_true", help="with --write, do not run the proven tests afterwards"
    )
    apply.add_argument(
        "--seconds",
        metavar="N",
        type=whole_number,
        default=300,
        help="end a command after so long (default: 300)",
    )
    retire = kinds.add_parser("retire", parents=[home], help="offer one no more")
    retire.add_argument("pattern", metavar="ID")
    retire.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    for verb in (listing, show, test, apply, retire):
        verb.add_argument("--json", action="store_true", help="print JSON")
