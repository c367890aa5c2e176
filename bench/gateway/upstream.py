"""A scripted upstream that does next to nothing: it writes answers that were made beforehand.

Run as `python -m bench.gateway.upstream`; it prints its port. A request for the model `long` gets a
stream of LONG_BYTES.
"""

import asyncio
import json
from collections.abc import Iterator

EVENTS = 40
LONG_BYTES = 200 * 1024 * 1024
USAGE = {"prompt_tokens": 50, "completion_tokens": EVENTS, "total_tokens": 50 + EVENTS}


def _chunk(**more: object) -> bytes:
    body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _words(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return _chunk(choices=[choice])


def _framed(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


LAST = _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
END = (*map(_framed, (LAST, _chunk(choices=[], usage=USAGE), b"data: [DONE]\n\n")), b"0\r\n\r\n")
SHORT = (*(_framed(_words(f"word {number} ")) for number in range(EVENTS)), *END)
LONG_PIECE = _framed(_words("word " * 200) * 50)
WHOLE = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "word " * EVENTS},
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }
).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
STREAM_HEAD = HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE_ANSWER = HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(WHOLE), WHOLE)


class Upstream(asyncio.Protocol):
    """One connection. Every event of a stream is written by itself, as models do it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""
        self._pieces: Iterator[bytes] = iter(())
        self._may_write = True

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._received = b""
        if b'"stream":true' not in body.replace(b" ", b""):
            self._transport.write(WHOLE_ANSWER)
            return
        self._transport.write(STREAM_HEAD)
        self._pieces = _long() if b'"long"' in body else iter(SHORT)
        self._go_on()

    def _go_on(self) -> None:
        piece = next(self._pieces, None)
        if piece is not None and not self._transport.is_closing():
            self._transport.write(piece)
            if self._may_write:
                asyncio.get_running_loop().call_soon(self._go_on)

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._go_on()


def _long() -> Iterator[bytes]:
    for _ in range(LONG_BYTES // len(LONG_PIECE)):
        yield LONG_PIECE
    yield from END


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def main() -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
