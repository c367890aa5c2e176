"""Which home a command line means, a directory or a server, and how it is opened for reading."""

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from missioncontrol.cli.places import home_of
from missioncontrol.domain.errors import Rejected

if TYPE_CHECKING:
    from missioncontrol.app.read_context import ReadContext
    from missioncontrol.cli.server import ServerReading

SERVER = "MISSION_SERVER"

AnyReading: TypeAlias = "ReadContext | ServerReading"
"""A home opened for reading; both say the same."""


def server_of(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the server that a command line means; "" where it means a directory.

    Raises:
        Rejected: `server.or_home`.
    """
    named: str = getattr(arguments, "server", "") or ""
    if named and getattr(arguments, "home", ""):
        raise Rejected(
            "server.or_home",
            "--server and --home name two places.",
            hint="Leave one of them out.",
        )
    chosen = "" if getattr(arguments, "home", "") else environment.get(SERVER, "")
    return named or chosen


def opened(arguments: argparse.Namespace) -> AnyReading:
    """Open the home that a command line means for reading.

    Raises:
        NotFound: `home.empty`.
        Rejected: `server.or_home`, `server.bad_url` or `server.no_token`.
    """
    url = server_of(arguments)
    if url:
        from missioncontrol.cli.server import ServerReading, line_to

        return ServerReading(line_to(url))
    from missioncontrol.app.read_context import ReadContext

    return ReadContext(home_of(arguments))


def refuse_server(arguments: argparse.Namespace) -> None:
    """Refuse what is done where the home is.

    Raises:
        Rejected: `server.not_here`.
    """
    url = server_of(arguments)
    if url:
        raise not_here(url)


def not_here(url: str) -> Rejected:
    """Say that something is done in a directory of this machine only."""
    return Rejected(
        "server.not_here",
        f"This works on a directory of this machine, not on {url}.",
        hint="Leave --server and MISSION_SERVER out, or type it where the home is.",
    )
