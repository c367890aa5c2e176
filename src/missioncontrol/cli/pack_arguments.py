"""What `mission runs pack` takes on the command line."""

import argparse
from typing import Any


def add_pack(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `pack`."""
    pack = verbs.add_parser(
        "runs pack",
        parents=[home],
        help="what Codex, Claude Code or a person needs to do one task of a mission",
        description="Prints the execution pack of a mission's run, or of one of its tasks.",
    )
    pack.add_argument("run", metavar="RUN")
    pack.add_argument("task", metavar="TASK", nargs="?", default="", help="the key of a task")
    pack.add_argument("--list", action="store_true", help="name the tasks that have a pack")
    pack.add_argument("--output", metavar="PATH", help="write it there, such as AGENTS.md")
    pack.add_argument("--json", action="store_true", help="print JSON")
