"""Arguments of the `mission schedule` commands that are written by hand."""

import argparse
from typing import Any

from missioncontrol.cli.parser import add_noun, whole_number

MISFIRE = (
    "which slots run that nothing was here to start: none (skip, the default), only the newest "
    "(latest), or the newest --catch-up of them, one after the other (all)"
)
OVERLAP = (
    "what a slot does while a run of the schedule has not ended, also one that waits for a "
    "person: skip (the default), queue (one slot), cancel that run, or allow both"
)


def add_schedule(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `schedule` to `verbs`; each of its own verbs takes what `home` takes."""
    add_noun(verbs, "schedule", home, "start workflows at set times", _add_by_hand)


def _add_by_hand(kinds: Any, home: argparse.ArgumentParser) -> None:
    _add_add(kinds, home)
    run = kinds.add_parser("run", parents=[home], help="start a run of it now")
    run.add_argument("--force", action="store_true", help="also beside a run that has not ended")
    run.add_argument("name", metavar="NAME")
    run.add_argument("--reason", metavar="TEXT", default="", help="why; stored in the log")
    run.add_argument("--json", action="store_true", help="print JSON")


def _add_add(kinds: Any, home: argparse.ArgumentParser) -> None:
    add = kinds.add_parser("add", parents=[home], help="start a workflow by the clock")
    add.add_argument("name", metavar="NAME", help="a-z, 0-9 and hyphens")
    add.add_argument(
        "--workflow", metavar="W[@N]", required=True, help="saved; the newest without @N"
    )
    add.add_argument(
        "--cron",
        metavar="EXPR",
        required=True,
        help="minute, hour, day of month, month and day of week: '30 2 * * *'; or @daily",
    )
    add.add_argument("--timezone", metavar="AREA/CITY", default="UTC", help="(default: UTC)")
    add.add_argument(
        "--input", metavar="NAME=VALUE", action="append", default=[], help="may be repeated"
    )
    add.add_argument("--misfire", choices=("skip", "latest", "all"), default="skip", help=MISFIRE)
    add.add_argument(
        "--catch-up", metavar="N", type=whole_number, help="with all: 1 to 100 (default: 10)"
    )
    add.add_argument("--window", metavar="6h", help="missed slots older than this never run")
    add.add_argument(
        "--overlap", choices=("skip", "queue", "cancel", "allow"), default="skip", help=OVERLAP
    )
    add.add_argument(
        "--jitter",
        metavar="30s",
        help="each slot waits up to this long, always the same for one slot",
    )
    add.add_argument("--reason", metavar="TEXT", default="", help="why; stored in the log")
    add.add_argument("--json", action="store_true", help="print JSON")
