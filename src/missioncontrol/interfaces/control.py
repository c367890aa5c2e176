"""How another process on this machine asks the engine that holds a home for something.

One JSON line each way over loopback. The port and a secret stand in a file of the home that only
its owner can read.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.authority import NotPermitted
from missioncontrol.domain.errors import (
    KINDS,
    MissionControlError,
    Rejected,
    Unavailable,
    kind_of,
)
from missioncontrol.domain.principal import Asking

LINE_BYTES_MAX = 8 * 1024 * 1024
CONNECTIONS_MAX = 32
"""At once that have not shown the secret yet. Any local user can open one, so the oldest gives way
to a new one: nobody may keep an emergency stop out by holding lines open."""

ANSWER_SECONDS_MAX = 10.0


class Ask(msgspec.Struct, frozen=True):
    """A request."""

    token: str
    verb: str
    arguments: dict[str, Any]
    actor: str
    asking: Asking | None = None  # set by what lets people sign in


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it; an empty code is a yes."""

    code: str = ""
    kind: str = ""  # which way of saying no it is, so that it is raised again as it was
    reason: str = ""
    hint: str = ""
    data: Any = None


Perform = Callable[[str, dict[str, Any], str, Asking | None], Awaitable[Any]]
"""Does (verb, arguments, actor, asking) and returns plain values, or raises a
`MissionControlError`."""

RAISED: Mapping[str, type[MissionControlError]] = {**KINDS, "not_permitted": NotPermitted}


class ControlServer:
    """Listens on loopback for as long as an engine holds its home."""

    def __init__(self, perform: Perform) -> None:
        """`perform` is awaited in the engine's own loop."""
        self.token = secrets.token_urlsafe(24)
        self._perform = perform
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.StreamWriter] = set()
        self._strangers: dict[asyncio.StreamWriter, None] = {}  # oldest first

    async def open(self) -> int:
        """Listen, and return the port.

        Raises:
            Unavailable: `control.unheard`, where this machine gives out no port.
        """
        try:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", 0, limit=LINE_BYTES_MAX
            )
        except OSError as error:
            raise Unavailable(
                "control.unheard",
                f"No other process can ask this engine for anything: {error}.",
                hint="Let it listen on 127.0.0.1.",
            ) from None
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
        self._let_in(writer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                line = await reader.readline()
                ask = self._understood(line)
                if isinstance(ask, Ask):
                    self._strangers.pop(writer, None)
                    answer = await self._answer(ask)
                else:
                    answer = ask
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # Whoever asked is gone, or never spoke our language.
        finally:
            self._serving.discard(writer)
            self._strangers.pop(writer, None)
            writer.close()

    def _let_in(self, writer: asyncio.StreamWriter) -> None:
        """Count a line that has not shown the secret; where there are many, the oldest ends."""
        self._strangers[writer] = None
        while len(self._strangers) > CONNECTIONS_MAX:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()

    def _understood(self, line: bytes) -> Ask | Answer:
        """Return what is asked, or the answer to what nobody here has to do."""
        try:
            ask = msgspec.json.decode(line, type=Ask)
        except (msgspec.DecodeError, RecursionError):
            return Answer("control.malformed", "rejected", "The request is malformed.")
        if not secrets.compare_digest(ask.token.encode(), self.token.encode()):
            return Answer(
                "control.forbidden",
                "unavailable",
                "The request does not know the secret of this home.",
            )
        return ask

    async def _answer(self, ask: Ask) -> Answer:
        try:
            return Answer(data=await self._perform(ask.verb, ask.arguments, ask.actor, ask.asking))
        except MissionControlError as error:
            kind = "not_permitted" if isinstance(error, NotPermitted) else kind_of(error)
            return Answer(error.code, kind, error.reason, error.hint)
        except Exception as error:  # noqa: BLE001 - the edge: who asks hears what became of it
            reason = f"{ask.verb[:40]} broke off: {type(error).__name__}: {str(error)[:200]}"
            hint = "Nothing of it may have been done; look first."
            return Answer("control.broken", "unavailable", reason, hint)


def refusal(answer: Answer) -> MissionControlError:
    """Return the answer no as it was raised where the engine is."""
    kind = RAISED.get(answer.kind, Rejected)
    return kind(answer.code, answer.reason, hint=answer.hint)


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
