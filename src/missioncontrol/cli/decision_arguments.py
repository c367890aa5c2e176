"""What `mission decision` takes on the command line."""

import argparse
from typing import Any

STATUSES = ("proposed", "accepted", "rejected", "deprecated", "superseded")


def add_decision(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `decision` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "decision", parents=[home], help="what was decided and why: recorded, judged, exchanged"
    )
    kinds = top.add_subparsers(
        dest="decision", metavar="VERB", required=True, parser_class=type(top)
    )
    made = [_add_list(kinds, home), _add_show(kinds, home), _add_record(kinds, home)]
    for name, text in (
        ("accept", "it holds"),
        ("reject", "it was proposed, and does not hold"),
        ("deprecate", "it holds no more, and nothing took its place"),
    ):
        verb = kinds.add_parser(name, parents=[home], help=text)
        verb.add_argument("id", metavar="ID", help="D7, or MISSION/D1 for one of a plan")
        verb.add_argument("--reason", metavar="TEXT", default="", help="kept for ever")
        made.append(verb)
    made += [_add_supersede(kinds, home), _add_link(kinds, home)]
    made += [_add_import(kinds, home), _add_export(kinds, home)]
    for verb in made:
        verb.add_argument("--json", action="store_true", help="print JSON")


def _add_list(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("list", parents=[home], help="those that changed last first")
    verb.add_argument("--status", choices=STATUSES, default="")
    verb.add_argument("--mission", metavar="RUN", default="", help="brought by its plan")
    verb.add_argument("--text", metavar="Q", default="", help="in title, choice or reason")
    verb.add_argument("--file", metavar="PATH", default="", help="about this file")
    return verb


def _add_show(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("show", parents=[home], help="all of one")
    verb.add_argument("id", metavar="ID", help="D7, or MISSION/D1 for one of a plan")
    return verb


def _add_record(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("record", parents=[home], help="put a decision into the log")
    verb.add_argument("title", metavar="TITLE")
    for name, metavar, text in (
        ("choice", "TEXT", "the option that is chosen"),
        ("reason", "TEXT", "why that one"),
        ("context", "TEXT", "why there is something to decide"),
        ("confirmation", "TEXT", "how one sees that it is kept"),
        ("more", "TEXT", "what else is to be known"),
    ):
        verb.add_argument(f"--{name}", metavar=metavar, default="", help=text)
    for name, metavar, text in (
        ("option", "TITLE[=TRADE-OFF]", "a way that was looked at; repeatable"),
        ("driver", "TEXT", "what it turns on; repeatable"),
        ("good", "TEXT", "a good consequence; repeatable"),
        ("bad", "TEXT", "a trade-off; repeatable"),
        ("by", "PERSON", "who decides; repeatable"),
        ("supersedes", "ID", "whose place it takes; repeatable"),
        ("task", "MISSION/KEY", "a task it has to do with; repeatable"),
        ("file", "PATH", "a file it is about, relative to the repository; repeatable"),
    ):
        verb.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=text)
    verb.add_argument("--accepted", action="store_true", help="it holds already")
    return verb


def _add_supersede(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("supersede", parents=[home], help="another one takes its place")
    verb.add_argument("id", metavar="ID")
    verb.add_argument("--by", metavar="ID", required=True, help="what holds in its place")
    verb.add_argument("--reason", metavar="TEXT", default="", help="kept for ever")
    return verb


def _add_link(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("link", parents=[home], help="which tasks and files it has to do with")
    verb.add_argument("id", metavar="ID")
    verb.add_argument("--task", metavar="MISSION/KEY", action="append", default=[])
    verb.add_argument("--file", metavar="PATH", action="append", default=[])
    verb.add_argument("--remove", action="store_true", help="take these links back")
    return verb


def _add_import(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser(
        "import",
        parents=[home],
        help="read decision records (MADR 2 to 4, Nygard); says what would change",
    )
    verb.add_argument("path", metavar="PATH", help="a repository, a directory, or a file")
    verb.add_argument("--apply", action="store_true", help="change the log (default: only say)")
    return verb


def _add_export(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("export", parents=[home], help="write NNNN-title.md files of MADR 4")
    verb.add_argument("--output", metavar="DIR", required=True)
    verb.add_argument(
        "--plans", action="store_true", help="also those of plans that nobody has touched"
    )
    verb.add_argument("--force", action="store_true", help="write over other text there")
    return verb
