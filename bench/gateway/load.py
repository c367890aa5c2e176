"""Calls an endpoint as fast as it answers, over bare sockets, so that it takes little itself."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator

from bench.worker import Answer

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say a word."}]}
END = b"0\r\n\r\n"


def request(port: int, key: str, *, stream: bool, model: str = "gpt-4o") -> bytes:
    """Return a chat completion as it goes over the line."""
    body = json.dumps({**BODY, "model": model, "stream": stream, "max_tokens": 100_000_000})
    if model != "long":
        body = body.replace("100000000", "200")
    return (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Caller:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> "Caller":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def call(self, sent: bytes) -> int:
        """Ask, read the answer to its end, and return its bytes."""
        self._writer.write(sent)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head!r} {await self._reader.read(2_000)!r}")
        lines = head.lower().split(b"\r\n")
        for line in lines:
            if line.startswith(b"content-length:"):
                length = int(line[15:])
                await self._reader.readexactly(length)
                return length
        return await self._stream()

    async def _stream(self) -> int:
        size, end = 0, b""
        while not end.endswith(END):
            piece = await self._reader.read(1 << 18)
            if not piece:
                raise RuntimeError("The answer broke off.")
            size += len(piece)
            end = (end + piece)[-len(END) :]
        return size

    def close(self) -> None:
        """Close the line."""
        self._writer.close()


async def one_by_one(port: int, key: str, count: int, *, stream: bool = False) -> Answer:
    """Call one after the other; `samples` are seconds."""
    caller = await Caller(port).open()
    sent, samples = request(port, key, stream=stream), []
    begun = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        await caller.call(sent)
        samples.append(time.perf_counter() - before)
    caller.close()
    return Answer(time.perf_counter() - begun, count, samples=samples)


async def together(port: int, key: str, count: int, at_once: int) -> Answer:
    """Call `count` streams, `at_once` at a time."""
    callers = [await Caller(port).open() for _ in range(at_once)]
    todo: Iterator[int] = iter(range(count))
    sent = request(port, key, stream=True)

    async def work(caller: Caller) -> None:
        for _ in todo:
            await caller.call(sent)

    begun = time.perf_counter()
    await asyncio.gather(*map(work, callers))
    seconds = time.perf_counter() - begun
    for caller in callers:
        caller.close()
    return Answer(seconds, count)


async def long_stream(port: int, key: str) -> Answer:
    """Read one very long stream; `size` is its bytes."""
    caller = await Caller(port).open()
    begun = time.perf_counter()
    size = await caller.call(request(port, key, stream=True, model="long"))
    caller.close()
    return Answer(time.perf_counter() - begun, 1, size=size)


def middle(answers: list[Answer]) -> float:
    """Return the median over all samples, in milliseconds."""
    return statistics.median(sample for answer in answers for sample in answer.samples) * 1_000
