"""Heads of requests: who reaches a port can neither fill the memory nor hold lines open."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from missioncontrol.interfaces import request_heads
from missioncontrol.interfaces.headers import POLICY
from missioncontrol.interfaces.listeners import listening, server
from missioncontrol.interfaces.request_heads import HEAD_BYTES_MAX

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"

Story = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _counting(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of bytes of the body."""
    count, more = 0, True
    while more:
        message = await receive()
        count += len(message.get("body", b""))
        more = message.get("more_body", False)
    content = str(count).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _echoing(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the value of a header, between brackets."""
    del receive
    content = b"[%b]" % dict(scope["headers"])[b"x-said"]
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def with_line(story: Story, app: Any = _counting) -> None:
    async def run_story() -> None:
        where = listening(0)
        serving = server(app)
        task = asyncio.create_task(serving.serve(sockets=[where]))
        reader, writer = await asyncio.open_connection(*where.getsockname())
        try:
            await story(reader, writer)
        finally:
            writer.close()
            serving.should_exit = True
            await task

    asyncio.run(asyncio.wait_for(run_story(), 60))


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


@pytest.mark.parametrize("sent", [b"garbage\r\n\r\n", GET + b"cookie: " + b"a" * HEAD_BYTES_MAX])
def test_what_reaches_no_application_is_answered_with_the_headers_of_all_answers(
    sent: bytes,
) -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        assert b"content-security-policy: " + POLICY.encode() in head
        assert b"x-content-type-options: nosniff" in head

    with_line(story)


def test_a_head_that_never_ends_ends_the_connection() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"cookie: " + b"a" * HEAD_BYTES_MAX)
        assert (await _answer(reader))[0] == 431
        assert await reader.read() == b""

    with_line(story)


def test_many_small_headers_are_as_bad_as_a_long_one() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"cookie: a=b\r\n" * (HEAD_BYTES_MAX // 10))
        assert (await _answer(reader))[0] == 431

    with_line(story)


def test_trailers_without_end_end_the_connection() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(POST + b"1\r\na\r\n0\r\nx: " + b"a" * HEAD_BYTES_MAX)
        assert await reader.read() == b""

    with_line(story)


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_heads, "HEAD_SECONDS_MAX", 0.1)

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET)
        assert await reader.read() == b""

    with_line(story)


def test_bodies_and_requests_one_after_the_other_are_not_counted() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        part = b"%x\r\n" % HEAD_BYTES_MAX + b"a" * HEAD_BYTES_MAX + b"\r\n"
        for _ in range(3):
            writer.write(POST + part * 3 + b"0\r\n\r\n")
            assert await _answer(reader) == (200, str(3 * HEAD_BYTES_MAX).encode())
        for _ in range(20):
            writer.write(GET + b"cookie: " + b"a" * (HEAD_BYTES_MAX // 10) + b"\r\n\r\n")
            assert await _answer(reader) == (200, b"0")

    with_line(story)


@pytest.mark.parametrize("sent", [b"a  b", b"  a  b", b"a  b \t ", b" \ta  b  "])
def test_blanks_around_a_value_are_no_part_of_it(sent: bytes) -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"x-said:" + sent + b"\r\n\r\n")
        assert await _answer(reader) == (200, b"[a  b]")

    with_line(story, _echoing)
