"""How another process on this machine asks the engine that holds a home for something.

One JSON line each way over loopback. The port and a secret stand in a file of the home that only
its owner can read.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable

import msgspec

from missioncontrol.domain.errors import MissionControlError, Unavailable

LINE_BYTES_MAX = 65_536
CONNECTIONS_MAX = 32
"""At once: any local user can open one, and only who knows the secret is answered."""

ANSWER_SECONDS_MAX = 10.0


class Ask(msgspec.Struct, frozen=True):
    """A request."""

    token: str
    verb: str
    run: str
    reason: str
    actor: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it; an empty code is a yes."""

    code: str = ""
    reason: str = ""
    hint: str = ""


Cancel = Callable[[str, str, str], Awaitable[None]]
"""Cancels (run, reason, actor), or raises a `MissionControlError`."""


class ControlServer:
    """Listens on loopback for as long as an engine holds its home."""

    def __init__(self, cancel: Cancel) -> None:
        """`cancel` is awaited in the engine's own loop."""
        self.token = secrets.token_urlsafe(24)
        self._cancel = cancel
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.StreamWriter] = set()

    async def open(self) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            for writer in self._serving:
                writer.transport.abort()  # From 3.12 on, `wait_closed` waits for all of them.
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(writer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                if len(self._serving) > CONNECTIONS_MAX:
                    return
                line = await reader.readline()
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # Whoever asked is gone, or never spoke our language.
        finally:
            self._serving.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            ask = msgspec.json.decode(line, type=Ask)
        except msgspec.DecodeError:
            return Answer("control.malformed", "The request is malformed.")
        if not secrets.compare_digest(ask.token.encode(), self.token.encode()):
            return Answer("control.forbidden", "The request does not know the secret of this home.")
        if ask.verb != "cancel":
            return Answer("control.unknown_verb", f"The engine does not know {ask.verb!r}.")
        try:
            await self._cancel(ask.run, ask.reason, ask.actor)
        except MissionControlError as error:
            return Answer(error.code, error.reason, error.hint)
        return Answer()


def ask_engine(port: int, ask: Ask) -> Answer:
    """Ask the engine that listens on `port`.

    Raises:
        Unavailable: `control.silent`.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX) as line:
            line.sendall(msgspec.json.encode(ask) + b"\n")
            with line.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(LINE_BYTES_MAX), type=Answer)
    except (OSError, msgspec.DecodeError) as error:
        raise Unavailable(
            "control.silent",
            f"The engine that holds this home does not answer: {error}.",
            hint="Try again; if it hangs, end its process and resume the run.",
        ) from None
