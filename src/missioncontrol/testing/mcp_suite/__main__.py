"""Serves the build over HTTP: `python -m missioncontrol.testing.mcp_suite HOME TOKEN`.

The suite knows of no tokens, so one is put on each request that comes without, as a proxy of its
user would. All else of a request, Host and Origin too, stands before the gate as it came.
"""

import asyncio
import signal
import sys
from pathlib import Path

from missioncontrol import __version__
from missioncontrol.adapters.home import Home
from missioncontrol.app.console_app import opened
from missioncontrol.interfaces.listeners import App, Receive, Scope, Send, listening
from missioncontrol.mcp.connection import HomeReach
from missioncontrol.mcp.transport import address, answered, answering
from missioncontrol.testing.mcp_suite.build import built


class Signed:
    """Puts a token on requests that come without."""

    def __init__(self, app: App, token: str) -> None:
        """`app` asks for one."""
        self._app = app
        self._header = (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, as ASGI says."""
        if not any(name == b"authorization" for name, _ in scope["headers"]):
            scope = {**scope, "headers": [*scope["headers"], self._header]}
        await self._app(scope, receive, send)


async def serve(home: Home, token: str) -> None:
    """Print the address, and answer until the process receives a signal to end."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    found = listening(0)
    with opened(home) as console:
        server = built(HomeReach(console, __version__, None), __version__)
        app = Signed(answering(home, console, server, found), token)

        def begun() -> None:
            sys.stderr.write(f"{address(found)}\n")
            sys.stderr.flush()

        await answered(app, server, found, begun, ended)


if __name__ == "__main__":
    asyncio.run(serve(Home(Path(sys.argv[1])), sys.argv[2]))
