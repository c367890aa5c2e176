"""Passes a request on to another server, and its answer back as it arrives."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.interfaces.gateway.forwarding import HOP_BY_HOP, OURS, passed_on
from missioncontrol.interfaces.listeners import Receive, Scope, Send

if TYPE_CHECKING:
    import httpx

BODY_BYTES_MAX = 32 * 1024 * 1024
CONNECT_SECONDS_MAX = 10.0

T = TypeVar("T")


def client() -> "httpx.AsyncClient":
    """Return what asks the other server: for as long as an answer takes."""
    import httpx

    timeout = httpx.Timeout(None, connect=CONNECT_SECONDS_MAX)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx.AsyncClient(timeout=timeout, limits=limits)


async def passed(
    asking: "httpx.AsyncClient",
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    url: str,
    headers: Mapping[str, str],
) -> None:
    """Ask `url` what was asked here, with `headers` instead of those that are ours.

    Raises:
        Rejected: `gateway.too_large`.
        Unavailable: `gateway.unreachable`.
        ConnectionError: the answer broke off, or the client no longer waits for it.
    """
    import httpx

    body = await _body(receive)
    sent = {**_texts(passed_on(scope["headers"], HOP_BY_HOP | OURS)), **headers}
    sent["accept-encoding"] = "identity"
    query = scope["query_string"].decode("latin-1")
    target = f"{url}?{query}" if query else url
    try:
        async with asking.stream(scope["method"], target, headers=sent, content=body) as answer:
            await while_awaited(receive, _answer(answer, send))
    except httpx.ConnectError as error:
        reason = f"The gateway can't be reached: {str(error).rstrip('.')}."
        raise Unavailable("gateway.unreachable", reason) from None
    except httpx.HTTPError as error:
        raise ConnectionError(str(error)) from None


async def _answer(answer: "httpx.Response", send: Send) -> None:
    heads = passed_on(((name.lower(), value) for name, value in answer.headers.raw), HOP_BY_HOP)
    await send({"type": "http.response.start", "status": answer.status_code, "headers": heads})
    async for part in answer.aiter_raw():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def while_awaited(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result, or cancel it when the client has left.

    Raises:
        ConnectionError: the client no longer waits for it.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ConnectionError("The client no longer waits for the answer.")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("The caller left.")
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            reason = f"A call has at most {BODY_BYTES_MAX:,} bytes."
            raise Rejected("gateway.too_large", reason)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _texts(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers of a tool's call; those of the worker itself are not passed on."""
    texts = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return {name: value for name, value in texts if not name.startswith("x-mission-")}
