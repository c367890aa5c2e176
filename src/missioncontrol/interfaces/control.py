"""How another process on this machine asks the engine that holds a home for something.

One JSON line each way over a Unix socket. Its path and a secret stand in a file of the home that
only its owner can read. The system says which process asks, so that what it says of itself is no
more than a claim; see `application.callers`.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
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
from missioncontrol.interfaces.local_socket import peer_pid, remove_socket

LINE_BYTES_MAX = 8 * 1024 * 1024
CONNECTIONS_MAX = 32
"""At once that have not shown the secret yet. Any local user can open one, so the oldest gives way
to a new one: lines that a user holds open must not block an emergency stop."""

ANSWER_SECONDS_MAX = 10.0


class Ask(msgspec.Struct, frozen=True):
    """A request."""

    token: str
    verb: str
    arguments: dict[str, Any]
    actor: str
    asking: Asking | None = None  # set by the server that signs people in
    bearer: str = ""  # the token that a program signed in with, where that is not the console


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it; an empty code is a yes."""

    code: str = ""
    kind: str = ""  # which way of saying no it is, so that it is raised again as it was
    reason: str = ""
    hint: str = ""
    data: Any = None


Perform = Callable[[int, str, dict[str, Any], str, Asking | None, str], Awaitable[Any]]
"""Does what a process asks (pid, verb, arguments, actor, asking, bearer) and returns plain values,
or raises a `MissionControlError`."""

RAISED: Mapping[str, type[MissionControlError]] = {**KINDS, "not_permitted": NotPermitted}


class ControlServer:
    """Listens on a Unix socket for as long as an engine holds its home."""

    def __init__(self, perform: Perform) -> None:
        """`perform` is awaited in the engine's own loop."""
        self.token = secrets.token_urlsafe(24)
        self._perform = perform
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._serving: set[asyncio.StreamWriter] = set()
        self._strangers: dict[asyncio.StreamWriter, None] = {}  # oldest first

    async def open(self, path: Path) -> None:
        """Listen at `path`, in place of an engine that left its socket there.

        Raises:
            Unavailable: `control.unheard`, where no socket can be made there.
        """
        try:
            listening = _bound(path)
            self._server = await asyncio.start_unix_server(
                self._serve, sock=listening, limit=LINE_BYTES_MAX
            )
        except OSError as error:
            raise Unavailable(
                "control.unheard",
                f"No other process can ask this engine for anything: {path}: {error.strerror}.",
                hint="Use a home on a local file system that knows Unix sockets.",
            ) from None
        self._path = path

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            for writer in self._serving:
                writer.transport.abort()  # From 3.12 on, `wait_closed` waits for all of them.
            await self._server.wait_closed()
        if self._path is not None:
            remove_socket(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(writer)
        self._admit(writer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                line = await reader.readline()
                ask = self._understood(line)
                if isinstance(ask, Ask):
                    self._strangers.pop(writer, None)
                    answer = await self._answer(peer_pid(writer.get_extra_info("socket")), ask)
                else:
                    answer = ask
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # The client is gone, or never spoke our protocol.
        finally:
            self._serving.discard(writer)
            self._strangers.pop(writer, None)
            writer.close()

    def _admit(self, writer: asyncio.StreamWriter) -> None:
        """Count a line that has not shown the secret; where there are many, the oldest ends."""
        self._strangers[writer] = None
        while len(self._strangers) > CONNECTIONS_MAX:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()

    def _understood(self, line: bytes) -> Ask | Answer:
        """Return the command, or the answer to a request that needs no work."""
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

    async def _answer(self, pid: int, ask: Ask) -> Answer:
        try:
            asked = (ask.verb, ask.arguments, ask.actor, ask.asking, ask.bearer)
            data = await self._perform(pid, *asked)
            return Answer(data=data)
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


def _bound(path: Path) -> socket.socket:
    """Return a socket that only the owner of the home can open, not listening yet."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(os.fsencode(path))
        path.chmod(0o600)
    except OSError:
        bound.close()
        raise
    return bound


def ask_engine(path: str, ask: Ask) -> Answer:
    """Ask the engine that listens at `path`.

    Raises:
        Unavailable: `control.silent`.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_SECONDS_MAX)
            line.connect(path)
            line.sendall(msgspec.json.encode(ask) + b"\n")
            with line.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(LINE_BYTES_MAX), type=Answer)
    except (OSError, msgspec.DecodeError) as error:
        raise Unavailable(
            "control.silent",
            f"The engine that holds this home does not answer: {error}.",
            hint="Try again; if it hangs, end its process and resume the run.",
        ) from None
