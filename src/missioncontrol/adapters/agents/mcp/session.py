"""A session with an MCP server, over the pipes of a program or over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missioncontrol.adapters.agents.attempt_process import (
    attempt_variables,
    run_program,
    scratch_directory,
    with_telemetry,
)
from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.http.limits import (
    ANSWER_BYTES_MAX,
    address_of,
    bounded,
    refuse_open_secret,
)
from missioncontrol.adapters.agents.kind_support import (
    CLIENT_INFO,
    BoundedLog,
    fill_template,
    one_line,
    program_environment,
    require_package,
    root_cause,
    silence_loggers,
)
from missioncontrol.adapters.agents.mcp.settings import Server
from missioncontrol.adapters.agents.mcp.stdio import stdio_transport
from missioncontrol.domain.trace import trace_headers
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop

if TYPE_CHECKING:
    import httpx2
    from mcp import Client
    from mcp_types import Tool

PAGES_MAX = 20
TOOLS_MAX = 2_000
FINAL = frozenset({-32600, -32601, -32602})
"""Errors of the protocol that are not retryable."""


@asynccontextmanager
async def open_session(
    server: Server, workshop: Workshop, assignment: Assignment, line: Line, **callbacks: Any
) -> "AsyncIterator[Client]":
    """Yield a session; a server that is a program ends with it.

    Raises:
        AttemptFailed: `mcp.not_installed`, `mcp.lost`, `mcp.late`, `mcp.refused`, `mcp.too_much`,
            or as the transport.
    """
    _require_extra()
    from mcp import Client
    from mcp_types import Implementation

    notes = BoundedLog(line)
    with _translate_errors(server, notes, workshop.scrub):
        async with AsyncExitStack() as stack:
            transport = await _transport(stack, server, workshop, assignment, line, notes)
            ours = Implementation(name=CLIENT_INFO[0], version=CLIENT_INFO[1])
            client = Client(
                transport, client_info=ours, cache=None, mode=server.handshake, **callbacks
            )
            async with asyncio.timeout(server.connect_seconds_max):
                await stack.enter_async_context(client)
            yield client


async def find_tool(client: "Client", name: str) -> "Tool":
    """Return the server's description of a tool.

    Raises:
        AttemptFailed: `mcp.no_tool`.
    """
    known: list[str] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools[:TOOLS_MAX]:
            if tool.name == name:
                return tool
            known.append(tool.name)
        cursor = page.next_cursor
        if not cursor:
            break
    raise AttemptFailed(
        "mcp.no_tool",
        f"The server has no tool {name!r}.",
        hint=f"It has: {', '.join(sorted(set(known))[:50]) or 'none'}.",
        retryable=False,
    )


def trace_meta(assignment: Assignment) -> Any:
    """Return the `_meta` of a request, with the span that calls the tool."""
    return trace_headers(assignment)


async def _transport(
    stack: AsyncExitStack,
    server: Server,
    workshop: Workshop,
    assignment: Assignment,
    line: Line,
    notes: BoundedLog,
) -> Any:
    environment = program_environment(workshop)
    if server.url:
        return await _over_http(stack, server, environment, trace_headers(assignment))
    scratch = await stack.enter_async_context(scratch_directory(workshop.scratch, assignment))
    program = await stack.enter_async_context(
        run_program(
            server.argv,
            cwd=Path(server.cwd) if server.cwd else scratch,
            environment={
                **with_telemetry(assignment, workshop.telemetry, environment),
                **attempt_variables(assignment),
            },
            line=line,
            rules=workshop.sandbox.rules(
                own=(scratch,),
                writes=(*([server.cwd] if server.cwd else []), *server.writes),
                ports=None if server.network else (),
                unix_sockets=server.sockets,
            ),
        )
    )
    return stdio_transport(program, notes)


async def _over_http(
    stack: AsyncExitStack, server: Server, environment: Mapping[str, str], trace: Mapping[str, str]
) -> Any:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    headers = {
        name: fill_template(
            value, environment, code="mcp.no_variable", place=f"The header {name!r}"
        )
        for name, value in server.headers.items()
    }
    if headers != server.headers:
        await refuse_open_secret(server.url, private=server.private, code="mcp.insecure")
    client = await stack.enter_async_context(
        httpx2.AsyncClient(
            headers={**trace, **headers},
            transport=_held_to_addresses(private=server.private),
            timeout=httpx2.Timeout(server.connect_seconds_max, read=None),
            trust_env=False,
        )
    )
    return streamable_http_client(server.url, http_client=client)


def _held_to_addresses(*, private: bool) -> "httpx2.AsyncHTTPTransport":
    """Return a transport that connects only to checked addresses, and bounds responses."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, whole: httpx2.AsyncByteStream, url: str) -> None:
            self.whole = whole
            self.url = url

        async def __aiter__(self) -> AsyncIterator[bytes]:
            most, code = ANSWER_BYTES_MAX, "mcp.too_much"
            async for chunk in bounded(self.whole, url=self.url, bytes_max=most, code=code):
                yield chunk

        async def aclose(self) -> None:
            await self.whole.aclose()

    class Held(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            host = request.url.host
            port = request.url.port or (443 if request.url.scheme == "https" else 80)
            address = await address_of(host, port, private=private)
            request.url = request.url.copy_with(host=address)
            if request.url.scheme == "https":
                request.extensions = {**request.extensions, "sni_hostname": host}
            url = str(request.url.copy_with(host=host))
            answer = await super().handle_async_request(request)
            assert isinstance(answer.stream, httpx2.AsyncByteStream)
            answer.stream = Bounded(answer.stream, url)
            return answer

    return Held()


@contextmanager
def _translate_errors(server: Server, notes: BoundedLog, scrub: Scrub) -> Iterator[None]:
    """Turn exceptions of the library, which may come in groups, into `AttemptFailed`."""
    from mcp import MCPError

    where = server.url or server.argv[0]
    try:
        yield
    except TimeoutError:
        raise _late(where, server.connect_seconds_max) from None
    except Exception as error:
        cause = root_cause(error)
        match cause:
            case AttemptFailed():
                raise cause from None
            case TimeoutError():
                raise _late(where, server.connect_seconds_max) from None
            case MCPError():
                raise _refusal(cause, where, one_line(notes.last_line, scrub)) from None
            case _ if isinstance(error, BaseExceptionGroup) or _is_of_http(cause):
                words = one_line(str(cause) or type(cause).__name__, scrub)
                reason = f"The session with {where} broke off: {words}."
                is_trusted = "CERTIFICATE_VERIFY_FAILED" not in words
                hint = f"Check {where}." if is_trusted else "Correct its certificate."
                raise AttemptFailed("mcp.lost", reason, hint=hint) from None
        raise


def _refusal(error: Any, where: str, last: str) -> AttemptFailed:
    """Return an error of the protocol as a failure; `last_line` is the server's last output."""
    from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT

    words = " ".join(str(error.message).split())
    if error.code == CONNECTION_CLOSED:
        output = f"Its last line: {last}" if last else "It wrote nothing."
        reason = f"The server {where} ended in the middle of the session. {output}"
        return AttemptFailed("mcp.lost", reason, hint="Run it in a terminal to see what it needs.")
    if error.code == REQUEST_TIMEOUT:
        reason = f"The server {where} did not answer in time: {words}."
        return AttemptFailed("mcp.late", reason, hint="Raise `seconds_max` in the settings.")
    return AttemptFailed(
        "mcp.refused",
        f"The server {where} refuses the request (error {error.code}): {words}.",
        hint="Compare the declared inputs with what the tool takes: `mission agent test`.",
        retryable=error.code not in FINAL,
    )


def _is_of_http(error: BaseException) -> bool:
    import httpx2

    return isinstance(error, httpx2.HTTPError | ConnectionError)


def _late(where: str, seconds: float) -> AttemptFailed:
    return AttemptFailed(
        "mcp.late",
        f"The server {where} did not answer within {seconds:g} s.",
        hint="Raise `connect_seconds_max`, or check the server.",
    )


def _require_extra() -> None:
    silence_loggers("mcp", "client")
    require_package("mcp", "mcp.not_installed", "An MCP server")
