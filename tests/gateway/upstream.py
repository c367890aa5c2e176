"""A scripted upstream that writes its bytes in whatever pieces a test wants, and a raw client."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Script(msgspec.Struct):
    """What the upstream writes after a request."""

    chunks: Sequence[bytes] = ()
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = {}
    pause: float = 0.0  # seconds between chunks
    hold_after: int = -1  # after so many chunks it says nothing more and keeps the line open
    drops: bool = False  # closes the line without an end
    silent: bool = False  # never answers at all


class Seen(msgspec.Struct):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedUpstream:
    """Answers each request with the next script; the last one is repeated."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.seen: list[Seen] = []
        self.closed_early = 0  # lines that the other side closed in the middle of an answer
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed_early += 1
            self.closed.set()
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.seen.append(Seen(method, target, headers, body))
        self.asked.set()
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if script.silent:
            await reader.read()
            raise ConnectionResetError
        return await self._write(script, reader, writer)

    async def _write(
        self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(f"HTTP/1.1 {script.status} Said\r\n".encode())
        writer.write(f"Content-Type: {script.content_type}\r\n".encode())
        for name, value in script.headers.items():
            writer.write(f"{name}: {value}\r\n".encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        for number, chunk in enumerate(script.chunks):
            if number == script.hold_after:
                await writer.drain()
                await reader.read()
                raise ConnectionResetError
            if chunk:
                writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                await writer.drain()
            await asyncio.sleep(script.pause)
        if script.drops:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[ScriptedUpstream]:
    upstream = ScriptedUpstream(*scripts)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()


class Reply(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawCall:
    """An HTTP request over a bare socket; nothing is hidden of what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def head(self) -> "RawCall":
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name:
                self.headers[name.lower()] = value.strip()
        return self

    async def piece(self) -> bytes:
        """Return the next chunk; empty at the end."""
        size = int((await self.reader.readline()).strip() or b"0", 16)
        piece = await self.reader.readexactly(size)
        await self.reader.readline()
        return piece

    async def rest(self) -> bytes:
        """Read to the end of the answer, and close the line."""
        if "content-length" in self.headers:
            content = await self.reader.readexactly(int(self.headers["content-length"]))
        else:
            content = b""
            while piece := await self.piece():
                content += piece
        self.close()
        return content

    async def reply(self) -> Reply:
        await self.head()
        return Reply(self.status, self.headers, await self.rest())

    def close(self) -> None:
        self.writer.close()


async def ask(
    port: int,
    path: str,
    body: Any = None,
    *,
    key: str = "",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> RawCall:
    """Send a request and return the call; its answer is not awaited yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n"
    writer.write(f"{head}{lines}\r\n".encode() + content)
    return RawCall(reader, writer)
