"""How the server is served: on the pipes of a client that started it, or over HTTP on loopback."""

import asyncio
import signal
import socket
from collections.abc import Callable

from mcp.server.transport_security import TransportSecuritySettings

from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.home import Home
from missioncontrol.app.console_app import opened
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.listeners import App, server
from missioncontrol.interfaces.sign_in.gate import Gate
from missioncontrol.mcp.catalogue import whole
from missioncontrol.mcp.connection import HomeReach, ServerReach, Terminal, TerminalLine, TokenLine
from missioncontrol.mcp.server import Server
from missioncontrol.mcp.token_gate import Door

PATH = "/mcp"
SESSIONS_MAX = 256
IDLE_SECONDS_MAX = 1_800.0
BODY_BYTES_MAX = 1024 * 1024


async def serve_home(home: Home, who: Terminal, version: str) -> None:
    """Serve the user of the terminal on standard input and output, until input ends.

    Raises:
        NotFound: `home.empty`.
    """
    with opened(home) as console:
        console.line = TerminalLine(home.holder, who)
        await whole(HomeReach(console, version, who), version).run_stdio_async()


async def serve_server(url: str, token: str, who: Terminal, version: str) -> None:
    """Speak on standard input and output for a server elsewhere, until input ends."""
    await whole(ServerReach(url, token, who), version).run_stdio_async()


async def serve_http(
    home: Home, listening: socket.socket, version: str, begun: Callable[[str], None]
) -> None:
    """Answer on a socket of loopback until the process receives a signal to end.

    Raises:
        NotFound: `home.empty`.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    with opened(home) as console:
        console.line = TokenLine(home.holder)
        speaking = whole(HomeReach(console, version, None), version)
        app = answering(home, console, speaking, listening)
        await answered(app, speaking, listening, lambda: begun(address(listening)), ended)


def answering(home: Home, console: Console, speaking: Server, listening: socket.socket) -> App:
    """Return what answers for `speaking` on a socket, behind the gate of the console."""
    app: App = speaking.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=BODY_BYTES_MAX,
        session_idle_timeout=IDLE_SECONDS_MAX,
        max_sessions=SESSIONS_MAX,
        transport_security=_for_us(listening.getsockname()[1]),
    )
    return Gate(Door(app), console.people, console_settings(home.root / "console.toml"))


async def answered(
    app: App,
    speaking: Server,
    listening: socket.socket,
    begun: Callable[[], None],
    ended: asyncio.Event,
) -> None:
    """Answer on a socket until `ended` is set."""
    serving = server(app)
    async with speaking.session_manager.run():
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        begun()
        await asyncio.wait(
            {task, asyncio.ensure_future(ended.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        serving.should_exit = True
    await task


def address(listening: socket.socket) -> str:
    """Return the address that clients of a socket use."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}"


def _for_us(port: int) -> TransportSecuritySettings:
    """Return by which names the server is reached: those of loopback alone.

    The gate also admits names of `console.toml`, which a proxy of the console may have;
    nothing stands in front of this server.
    """
    names = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return TransportSecuritySettings(
        allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
    )
