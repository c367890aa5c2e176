"""The verbs of `mission` and what each takes."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from missioncontrol import __version__
from missioncontrol.cli.exit_codes import BAD_INPUT

DESCRIPTION = "A goal and a repository in; a planned, executed, verifiable mission out."
EXIT_CODES = "exit codes: 0 succeeded, 1 failed, 2 bad input, 3 cancelled, 4 waiting for a person"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage before it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take options by their whole name only: a shortened one would clash with a later one."""
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        said = _in_words(message)
        self.exit(BAD_INPUT, f"{self.prog}: {said}. `{self.prog} --help` tells more.\n")


def _in_words(message: str) -> str:
    """Return what the library says about a command line as people would say it."""
    match re.fullmatch(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)", message):
        case re.Match() as found:
            name, given, choices = found.groups()
            return f"{name} is {given}; it must be one of {choices.replace(chr(39), '')}"
    if message.startswith("the following arguments are required: "):
        return f"{message.partition(': ')[2]} is missing"
    return message.removeprefix("argument ")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line; ends the program where it is wrong or asks for help."""
    given = sys.argv[1:] if arguments is None else arguments
    top = parser()
    if not given:
        top.print_help(sys.stderr)
        raise SystemExit(BAD_INPUT)
    chosen = top.parse_args(given)
    for name, value in sorted(vars(chosen).items()):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and any("\ud800" <= letter <= "\udfff" for letter in text):
                where = name.upper() if name in ("goal", "run", "task") else f"--{name}"
                top.error(f"{where} is not valid UTF-8: {text[:60]!r}")
    return chosen


def whole_number(text: str) -> int:
    """Read an option that counts something."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="data directory (default: MISSION_HOME, else the platform's)",
    )
    top = Parser("mission", description=DESCRIPTION, epilog=EXIT_CODES, parents=[home])
    top.add_argument("--version", action="version", version=f"mission {__version__}")
    verbs = top.add_subparsers(
        dest="verb", metavar="VERB", required=True, parser_class=Parser, title="verbs"
    )
    _add_work(verbs, home)
    _add_reading(verbs, home)
    _add_audit(verbs, home)
    return top


Verbs = Any
"""The library's own type for a set of verbs is private."""


def _add_work(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    goal = _goal_arguments()
    verbs.add_parser("plan", parents=[home, goal], help="make a plan for a goal and stop there")
    run = verbs.add_parser("run", parents=[home, goal], help="plan a goal and carry the plan out")
    run.add_argument(
        "--concurrency", metavar="N", type=whole_number, default=4, help="tasks at work at once"
    )
    for name, text in (
        ("resume", "take an unfinished run up again; completed tasks keep their results"),
        ("cancel", "end a run: nothing new starts, what works is stopped"),
    ):
        verb = verbs.add_parser(name, parents=[home], help=text)
        verb.add_argument("run", metavar="RUN")
        verb.add_argument("--json", action="store_true", help="print JSON")
    retry = verbs.add_parser(
        "retry", parents=[home], help="do a task again, and what follows from it, in a new run"
    )
    retry.add_argument("run", metavar="RUN")
    retry.add_argument("task", metavar="TASK")
    retry.add_argument("--json", action="store_true", help="print JSON")


def _goal_arguments() -> argparse.ArgumentParser:
    goal = argparse.ArgumentParser(add_help=False)
    goal.add_argument("goal", metavar="GOAL", help="what is to be achieved, in words")
    goal.add_argument("--repo", metavar="PATH", help="the checkout that it is about")
    goal.add_argument(
        "--constraint", metavar="TEXT", action="append", default=[], help="may be repeated"
    )
    goal.add_argument("--title", metavar="T", default="", help="(default: taken from the goal)")
    goal.add_argument("--context", metavar="TEXT", default="", help="what else should be known")
    goal.add_argument("--json", action="store_true", help="print JSON")
    return goal


def _add_reading(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    listing = verbs.add_parser("list", parents=[home], help="missions, newest first")
    listing.add_argument("--limit", metavar="N", type=whole_number, default=20)
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = verbs.add_parser("show", parents=[home], help="a run and its tasks")
    replay = verbs.add_parser(
        "replay", parents=[home], help="a run as it stood at any moment, from the log alone"
    )
    artifacts = verbs.add_parser("artifacts", parents=[home], help="the files a run produced")
    export = verbs.add_parser("export", parents=[home], help="write the report of a run")
    for verb in (show, replay, artifacts):
        verb.add_argument("run", metavar="RUN")
        verb.add_argument("--json", action="store_true", help="print JSON")
    replay.add_argument("--at", metavar="POSITION", type=whole_number, help="position in the log")
    export.add_argument("run", metavar="RUN")
    export.add_argument("--format", choices=("html", "md", "json", "zip"), required=True)
    export.add_argument("--output", metavar="PATH", required=True)


def _add_audit(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    audit = verbs.add_parser("audit", parents=[home], help="check the log, or write it out")
    kinds = audit.add_subparsers(dest="audit", metavar="VERB", required=True, parser_class=Parser)
    verify = kinds.add_parser(
        "verify", parents=[home], help="walk the log and name the first bad event"
    )
    verify.add_argument("--heads", metavar="FILE", help="signed heads kept elsewhere")
    verify.add_argument("--json", action="store_true", help="print JSON")
    export = kinds.add_parser("export", parents=[home], help="write every event as a JSON line")
    export.add_argument("--output", metavar="FILE.jsonl", required=True)
