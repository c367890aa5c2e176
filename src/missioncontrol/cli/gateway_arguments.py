"""What `mission gateway` takes on the command line."""

import argparse
from collections.abc import Callable
from typing import Any


def add_gateway(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `gateway` to `verbs`; each of its own verbs takes what `home` takes."""
    top = verbs.add_parser(
        "gateway", parents=[home], help="proxy calls of models, metered and under every cap"
    )
    top.add_argument("--port", metavar="N", type=whole_number, help="on loopback (default: file)")
    kinds = top.add_subparsers(dest="gateway", metavar="VERB", parser_class=type(top))
    issue = kinds.add_parser("issue", parents=[home], help="a key; it is shown this once")
    issue.add_argument("name", metavar="NAME", help="by which the key is known, as laptop")
    issue.add_argument("--agent", metavar="A", default="", help="on whose account calls go")
    issue.add_argument("--run", metavar="RUN", default="", help="likewise")
    issue.add_argument(
        "--model", metavar="M", action="append", default=[], help="may be called; repeatable"
    )
    issue.add_argument("--expires", metavar="TIME", help="such as 8h (default: when revoked)")
    issue.add_argument("--calls-per-minute", metavar="N", type=whole_number, default=0)
    revoke = kinds.add_parser("revoke", parents=[home], help="make a key void")
    revoke.add_argument("name", metavar="NAME")
    revoke.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    keys = kinds.add_parser("keys", parents=[home], help="all that hold")
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
    for verb in (issue, revoke, keys, calls, call):
        verb.add_argument("--json", action="store_true", help="print JSON")
