"""What `mission mcp` takes on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import whole_number


def add_mcp(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `mcp` to `verbs`; it takes what `home` takes."""
    top = verbs.add_parser(
        "mcp",
        parents=[home],
        help="serve coding agents and other MCP clients",
        epilog="Uses standard input and output, as the user who starts it. Runs begin in the "
        "engine of `mission up`, and go on there when this ends.",
    )
    top.add_argument(
        "--http",
        metavar="PORT",
        type=whole_number,
        help="serve over HTTP on 127.0.0.1 instead, to programs with a token; 0: a free port",
    )
