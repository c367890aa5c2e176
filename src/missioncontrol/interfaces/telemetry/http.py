"""Requests and answers of a small server on loopback."""

import asyncio
from typing import TYPE_CHECKING

from missioncontrol.interfaces.listeners import App, Receive, Scope, Send, listening, server

if TYPE_CHECKING:
    import uvicorn

Headers = dict[bytes, bytes]
LOCAL = ("127.0.0.1", "localhost", "[::1]")


class TooLarge(Exception):
    """A body is larger than it may be."""


class Answer:
    """What is answered to one request."""

    def __init__(
        self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None
    ) -> None:
        """`headers` come beside those that every answer has."""
        self.status = status
        self.body = body
        self.headers = {
            "content-type": media_type,
            "content-length": str(len(body)),
            **(headers or {}),
        }

    async def give(self, send: Send) -> None:
        """Send it."""
        head = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.body})


class LoopbackServer:
    """Serves `app` on 127.0.0.1, in the loop in which `open` is awaited."""

    def __init__(self, app: App, *, name: str) -> None:
        """Nothing listens yet; `name` is that of its task."""
        self._app = app
        self._name = name
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = 0

    async def open(self, port: int = 0) -> int:
        """Listen, and return the port; 0 takes one that is free.

        Raises:
            OSError: the port is in use.
        """
        waiting = listening(port)
        self.port = waiting.getsockname()[1]
        self._server = server(self._app)
        serving = self._server.serve(sockets=[waiting])
        self._serving = asyncio.create_task(serving, name=self._name)
        return self.port

    async def close(self) -> None:
        """Answer what was asked, and stop listening."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self.port = 0


def headers_of(scope: Scope) -> Headers:
    """Return the headers of a request, by their names in small letters."""
    return dict(scope["headers"])


def bearer(headers: Headers) -> str:
    """Return the key that a request comes with; empty where it has none.

    Exporters read it from a variable in which a blank is `%20`, and some send it as it stands.
    """
    header = headers.get(b"authorization", b"")
    kind, _, key = header.replace(b"%20", b" ", 1).partition(b" ")
    return key.decode("latin-1").strip() if kind.lower() == b"bearer" else ""


def media_type_of(headers: Headers) -> str:
    """Return the declared type of a request's body, without its parameters."""
    header = headers.get(b"content-type", b"").decode("latin-1")
    return header.partition(";")[0].strip().lower()


def is_local_host(headers: Headers) -> bool:
    """Whether the client addresses us by a loopback name.

    A page in a browser may have a name of its own point to us, to read what we answer.
    """
    host = headers.get(b"host", b"").decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host) in LOCAL


async def body_of(receive: Receive, bytes_max: int) -> bytes:
    """Return the body of a request.

    Raises:
        TooLarge: it has more bytes than that.
        ConnectionError: the client left in the middle.
    """
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > bytes_max:
            raise TooLarge
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)
