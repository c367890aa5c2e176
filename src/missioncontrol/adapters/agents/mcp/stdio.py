"""The pipes of a program as a transport of the Model Context Protocol."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from missioncontrol.adapters.agents.kind_support import BoundedLog
from missioncontrol.adapters.processes import LINE_BYTES_MAX, Program
from missioncontrol.ports.agent import AttemptFailed

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

LAST_WORDS_SECONDS = 0.5


@asynccontextmanager
async def stdio_transport(program: Program, notes: BoundedLog) -> "AsyncIterator[TransportStreams]":
    """Carry messages, one a line, between a session and a program that is at work.

    What the program writes that is no message, and what it writes to standard error, is output.
    """
    import anyio

    to_session, heard = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
    to_program, said = anyio.create_memory_object_stream["SessionMessage"](0)
    is_silent = asyncio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read_messages, program, to_session, notes, is_silent)
        tasks.start_soon(_write_messages, program, said)
        tasks.start_soon(_read_stderr, program, notes, is_silent)
        try:
            yield heard, to_program
        finally:
            tasks.cancel_scope.cancel()
            for stream in (heard, to_program):
                await stream.aclose()


async def _read_messages(
    program: Program,
    session: "MemoryObjectSendStream[SessionMessage | Exception]",
    notes: BoundedLog,
    is_silent: asyncio.Event,
) -> None:
    """Pass on what the program says; its end is the end of the stream."""
    import anyio
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    stdout = program.process.stdout
    async with session:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            while line := await _read_line(stdout):
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    notes.log("warning", line.decode("utf-8", "replace").rstrip())
                else:
                    await session.send(SessionMessage(message))
            # Why it ended is often the last that it writes, on the other pipe.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await is_silent.wait()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """Return the next line; nothing where it ended.

    Raises:
        AttemptFailed: `mcp.too_much`.
    """
    try:
        return await stream.readline()
    except ValueError:
        raise AttemptFailed(
            "mcp.too_much",
            f"The server says more than {LINE_BYTES_MAX:,} bytes in one line.",
            hint="Let the tool hand back less, or where it lies.",
            retryable=False,
        ) from None


async def _write_messages(
    program: Program, said: "MemoryObjectReceiveStream[SessionMessage]"
) -> None:
    stdin = program.process.stdin
    async with said:
        with suppress(ConnectionError):
            async for each in said:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                stdin.write(text.encode() + b"\n")
                await stdin.drain()


async def _read_stderr(program: Program, notes: BoundedLog, is_silent: asyncio.Event) -> None:
    stderr = program.process.stderr
    while line := await _read_line(stderr):
        notes.log("info", line.decode("utf-8", "replace").rstrip())
    is_silent.set()
