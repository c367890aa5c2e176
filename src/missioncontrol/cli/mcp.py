"""`mission mcp`: the MCP server of a home, for the client that starts it or over HTTP."""

import argparse
import asyncio
import os

from missioncontrol import __version__
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.identity import IN_ATTEMPT, Identity
from missioncontrol.cli.open_home import refuse_server, server_of
from missioncontrol.cli.output import note
from missioncontrol.cli.places import home_of
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.extras import require_extra

PORT_MAX = 65_535


def mcp(arguments: argparse.Namespace) -> int:
    """Serve until the client closes its end, or Ctrl-C."""
    require_extra("agents", "The MCP server", "mcp", code="mcp.not_installed")
    if arguments.http is not None:
        return _over_http(arguments)
    from missioncontrol.mcp.connection import Terminal
    from missioncontrol.mcp.transport import serve_home, serve_server

    url, is_at_work = server_of(arguments), bool(os.environ.get(IN_ATTEMPT))
    if url:
        asyncio.run(
            serve_server(url, _token(url), Terminal("", is_at_work=is_at_work), __version__)
        )
        return SUCCEEDED
    who = _who(arguments)
    at = Terminal(who.actor, who.on_behalf, is_at_work=is_at_work)
    asyncio.run(serve_home(home_of(arguments), at, __version__))
    return SUCCEEDED


def _who(arguments: argparse.Namespace) -> Identity:
    from missioncontrol.cli.desk import Desk

    desk = Desk(arguments, os.environ)
    try:
        return desk.who
    finally:
        desk.close()


def _token(url: str) -> str:
    """Return the token of the user; a wrong address and a missing token are reported at once.

    Raises:
        Rejected: `server.bad_url` or `server.no_token`.
    """
    from missioncontrol.cli.server import TOKEN, line_to

    line_to(url).close()
    return os.environ[TOKEN].strip()


def _over_http(arguments: argparse.Namespace) -> int:
    from missioncontrol.interfaces.listeners import listening
    from missioncontrol.mcp.transport import serve_http

    refuse_server(arguments)
    home, port = home_of(arguments), arguments.http
    if not 0 <= port <= PORT_MAX:
        raise Rejected("mcp.bad_port", f"--http is {port}; it must be 0 to {PORT_MAX:,}.")
    try:
        found = listening(port)
    except OSError as error:
        raise Unavailable(
            "mcp.port_taken",
            f"The server can't listen on 127.0.0.1 port {port}: {error.strerror or error}.",
            hint="Name another port; 0 takes one that is free.",
        ) from None

    def begun(url: str) -> None:
        note(f"MCP is served at {url} to programs with a token; Ctrl-C ends it.\n")

    asyncio.run(serve_http(home, found, __version__, begun))
    return SUCCEEDED
