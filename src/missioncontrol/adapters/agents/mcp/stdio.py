"""The stdio transport of the Model Context Protocol, over the pipes of our own process."""

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
    """Yield streams that exchange messages with a running program, one a line.

    Other lines of the program, and its standard error, go to `notes`.
    """
    import anyio

    to_session, received = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
    to_program, outgoing = anyio.create_memory_object_stream["SessionMessage"](0)
    stderr_ended = asyncio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read_messages, program, to_session, notes, stderr_ended)
        tasks.start_soon(_write_messages, program, outgoing)
        tasks.start_soon(_read_stderr, program, notes, stderr_ended)
        try:
            yield received, to_program
        finally:
            tasks.cancel_scope.cancel()
            for stream in (received, to_program):
                await stream.aclose()


async def _read_messages(
    program: Program,
    session: "MemoryObjectSendStream[SessionMessage | Exception]",
    notes: BoundedLog,
    stderr_ended: asyncio.Event,
) -> None:
    """Send messages of the program to the session until its output ends."""
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
            # The reason for an exit often comes last, on standard error.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await stderr_ended.wait()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """Return the next line, empty at the end.

    Raises:
        AttemptFailed: `mcp.too_much`.
    """
    try:
        return await stream.readline()
    except ValueError:
        raise AttemptFailed(
            "mcp.too_much",
            f"The server wrote more than {LINE_BYTES_MAX:,} bytes in one line.",
            hint="Have the tool return less, or the location of the data.",
            retryable=False,
        ) from None


async def _write_messages(
    program: Program, outgoing: "MemoryObjectReceiveStream[SessionMessage]"
) -> None:
    stdin = program.process.stdin
    async with outgoing:
        with suppress(ConnectionError):
            async for each in outgoing:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                stdin.write(text.encode() + b"\n")
                await stdin.drain()


async def _read_stderr(program: Program, notes: BoundedLog, stderr_ended: asyncio.Event) -> None:
    stderr = program.process.stderr
    while line := await _read_line(stderr):
        notes.log("info", line.decode("utf-8", "replace").rstrip())
    stderr_ended.set()
