"""What the verbs about workflows' runs, and about all work at once, take on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import Parser, add_wait, whole_number


def add_run_of_workflow(kinds: Any, home: argparse.ArgumentParser) -> None:
    """Add `run` to the verbs of `mission workflow`."""
    run = kinds.add_parser("run", parents=[home], help="run a saved workflow, and watch it")
    run.add_argument("name", metavar="NAME[@N]", help="the newest version without @N")
    run.add_argument("--version", metavar="N", type=whole_number, help="the same as @N")
    _add_input(run)
    run.add_argument("--json", action="store_true", help="print JSON")
    add_wait(run)


def add_fork(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `fork`."""
    fork = verbs.add_parser(
        "runs fork",
        parents=[home],
        help="begin a new run at a step of an old one, with other inputs",
    )
    fork.add_argument("run", metavar="RUN")
    fork.add_argument(
        "--from", dest="step", metavar="STEP", required=True, help="run again with what follows"
    )
    _add_input(fork)
    fork.add_argument("--json", action="store_true", help="print JSON")
    add_wait(fork)


def _add_input(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="may be repeated; lists, objects and numbers as JSON",
    )


def add_operating(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `up`, `stop`, `start` and `limit`."""
    up = verbs.add_parser(
        "up",
        parents=[home],
        help="carry out runs and schedules, and serve the console, until Ctrl-C",
    )
    up.add_argument(
        "--port",
        metavar="PORT",
        type=whole_number,
        help="where the console answers; 0 takes one that is free (default: 8700, or a free one)",
    )
    up.add_argument(
        "--address",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address of this machine that the console answers on (default: 127.0.0.1)",
    )
    up.add_argument(
        "--no-console", action="store_true", help="carry out work without a console in the browser"
    )
    up.add_argument(
        "--root",
        metavar="DIR",
        nargs="?",
        const="",
        help="serve all workspaces below this directory (default: MISSION_ROOT, else the "
        "platform's); `mission workspace create` makes them",
    )
    up.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    up.add_argument(
        "--workers",
        metavar="PORT",
        type=whole_number,
        help="accept workers of other machines there; 0 uses a port that is free",
    )
    up.add_argument(
        "--bind", metavar="ADDRESS", default="127.0.0.1", help="for workers (default: loopback)"
    )
    up.add_argument(
        "--lease", metavar="TIME", default="60s", help="that a worker may be silent (default: 60s)"
    )
    up.add_argument(
        "--heads-to",
        metavar="FILE|URL",
        help="send signed heads of the log there, as proof for `mission audit verify --heads`",
    )
    stop = verbs.add_parser(
        "engine halt", parents=[home], help="emergency stop: end all work, start nothing"
    )
    stop.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    start = verbs.add_parser("engine resume", parents=[home], help="resume after a halt, in stages")
    start.add_argument(
        "--stage",
        choices=("drain", "paused", "all"),
        required=True,
        help="drain: what has begun goes on to its end; paused: runs may be asked for and wait; "
        "all: everything",
    )
    start.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    for verb in (stop, start):
        verb.add_argument("--json", action="store_true", help="print JSON")
    _add_limit(verbs, home)


def _add_limit(verbs: Any, home: argparse.ArgumentParser) -> None:
    limit = verbs.add_parser("engine rate-limit", parents=[home], help="how often agents may start")
    kinds = limit.add_subparsers(dest="limit", metavar="VERB", required=True, parser_class=Parser)
    change = kinds.add_parser("set", parents=[home], help="bound the starts in any such time")
    remove = kinds.add_parser("remove", parents=[home], help="take a bound away")
    listing = kinds.add_parser("list", parents=[home], help="what holds now")
    for verb in (change, remove):
        verb.add_argument("kind", choices=("agent", "actor", "workspace"), metavar="WHAT")
        verb.add_argument("name", metavar="NAME", nargs="?", default="")
        verb.add_argument("--reason", metavar="TEXT", required=True, help="stored permanently")
    change.add_argument("--starts", metavar="N", type=whole_number, required=True)
    change.add_argument("--per", metavar="1m", default="1m", help="(default: 1m)")
    for verb in (change, remove, listing):
        verb.add_argument("--json", action="store_true", help="print JSON")
