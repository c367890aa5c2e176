"""The protocol of our servers: HTTP/1.1 as uvicorn speaks it, with a bound on heads of requests.

Neither uvicorn nor its parser has one, so whoever reaches a port could fill the memory, or hold
connections open, before anybody looks at what is asked.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 128 * 1024
"""Of a request, all that is no body: its line, its headers, and what stands between its chunks."""

HEAD_SECONDS_MAX = 30.0
"""In which a head must have come, from the first byte of it or from when the line was opened."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 25\r\nconnection: close\r\n\r\n"
    b"The request is too large."
)


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
            self._refuse()

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        if self._due is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Wait no more; a body has bounds of its own."""
        self._have_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Don't count a body."""
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew."""
        self._beside = 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._due = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def _have_head(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _refuse(self) -> None:
        """End the connection, with a word where no answer has begun on it."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_TOO_LARGE)
        self.transport.close()
