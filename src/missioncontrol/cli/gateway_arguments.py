"""What `mission gateway` takes on the command line."""

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias

from missioncontrol.cli.parser import Parser

Number: TypeAlias = Callable[[str], int]


def add_gateway(verbs: Any, home: argparse.ArgumentParser, whole_number: Number) -> None:
    """Add `gateway` to `verbs`; each of its own verbs takes what `home` takes."""
    top: Parser = verbs.add_parser(
        "gateway", parents=[home], help="proxy calls of models, metered and under every cap"
    )
    top.add_argument("--port", metavar="N", type=whole_number, help="on loopback (default: file)")
    top.fill_later(lambda: _add_verbs(top, home, whole_number))


def _add_verbs(top: Parser, home: argparse.ArgumentParser, whole_number: Number) -> None:
    from missioncontrol.surfaces.cli import add_verbs

    kinds: Any = top.add_subparsers(dest="gateway", metavar="VERB", parser_class=type(top))
    add_verbs(kinds, home, "gateway_key", whole_number)
    calls = kinds.add_parser("calls", parents=[home], help="model calls, newest first")
    for name, metavar, text in (
        ("run", "RUN", "of this run"),
        ("step", "STEP", "of this step"),
        ("agent", "A", "of this agent"),
        ("model", "M", "of this model"),
    ):
        calls.add_argument(f"--{name}", metavar=metavar, default="", help=text)
    calls.add_argument("--limit", metavar="N", type=whole_number, default=20)
    call = kinds.add_parser("call", parents=[home], help="all of one: prompt, answer, tools")
    call.add_argument("number", metavar="N", type=whole_number, help="as `calls` lists it")
    for verb in (calls, call):
        verb.add_argument("--json", action="store_true", help="print JSON")
