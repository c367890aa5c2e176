"""The protocol of our servers: HTTP/1.1 as uvicorn speaks it, with a bound on heads of requests.

Neither uvicorn nor its parser has one, so any client of a port could fill the memory, or hold
connections open, before anybody looks at what is asked.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from missioncontrol.interfaces.headers import with_security

HEAD_BYTES_MAX = 128 * 1024
"""Of a request, all that is no body: its line, its headers, and what stands between its chunks."""

HEAD_SECONDS_MAX = 30.0
"""In which a head must have come, from the first byte of it or from when the line was opened."""


def _answer(status: str, says: bytes) -> bytes:
    """Return an answer to what never reaches an application; it carries what all answers do."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(says)).encode()),
        (b"connection", b"close"),
    ]
    lines = [b"%b: %b" % each for each in with_security(headers, is_secure=False)]
    return b"\r\n".join([f"HTTP/1.1 {status}".encode(), *lines, b"", says])


_TOO_LARGE = _answer("431 Request Header Fields Too Large", b"The request is too large.")
_MALFORMED = _answer("400 Bad Request", b"This is no request that HTTP knows.")


class BoundedHeads(HttpToolsProtocol):
    """One connection; it ends where a head is too long, or does not come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*args, **kwargs)
        self._beside = 0  # bytes of the request that are no body
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what is no body; the parser says what is."""
        self._beside += len(data)
        super().data_received(data)
        if self._beside > HEAD_BYTES_MAX:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        if self._due is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header without the blanks around its value, which are no part of it (RFC 9110)."""
        super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Wait no more; a body has bounds of its own."""
        self._have_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Don't count a body."""
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Start the count again."""
        self._beside = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that it is no request, and end the connection."""
        del msg
        self._refuse(_MALFORMED)

    def _await_head(self) -> None:
        self._due = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def _have_head(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _refuse(self, answer: bytes) -> None:
        """End the connection, with a word where no answer has begun on it."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(answer)
        self.transport.close()
