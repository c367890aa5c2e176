"""Answers workers over HTTP: a token identifies them, all else is the workforce's."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import msgspec

from missioncontrol.domain.errors import (
    Conflict,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.interfaces.listeners import LOOPBACK, Receive, Scope, Send, listening, server
from missioncontrol.interfaces.workers.gateway_door import GATEWAY_PATH
from missioncontrol.interfaces.workers.proxy import client, passed, while_awaited
from missioncontrol.interfaces.workers.refusing import send_json, send_refusal, send_tool_refusal
from missioncontrol.ports.workers import (
    BODY_BYTES_MAX,
    Introduction,
    Lease,
    Poll,
    Report,
    Workforce,
)

if TYPE_CHECKING:
    import httpx
    import uvicorn

PORTION = 1024 * 1024
REQUESTS_MAX = 4_096
"""At once that have not shown a token yet, or are being answered."""

_ARTIFACT = re.compile(r"/v1/artifacts/([0-9a-f]{64})")
_STATUS: tuple[tuple[type[MissionControlError], int], ...] = (
    (Conflict, 409),
    (NotFound, 404),
    (Unavailable, 503),
    (Rejected, 400),
)


class Forbidden(MissionControlError):
    """The token is not one of ours."""


class WorkerServer:
    """Accepts workers, in the loop in which `open` is awaited.

    It speaks plain HTTP and listens on loopback unless another address is set. Between machines
    that do not trust the network between them, a proxy in front speaks TLS.
    """

    def __init__(self, force: Workforce, who: Callable[[str], str]) -> None:
        """`who` returns the name of the worker with that token, or an empty text."""
        self.url = ""
        self._force = force
        self._who = who
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._at_once = 0
        self._asking: httpx.AsyncClient | None = None

    async def open(self, port: int = 0, host: str = LOOPBACK) -> int:
        """Listen, and return the port; 0 takes one that is free.

        Raises:
            Unavailable: `worker.unheard`.
        """
        try:
            socket = listening(port, host)
        except OSError as error:
            raise Unavailable(
                "worker.unheard",
                f"No worker can connect at {host}:{port}: {error.strerror or error}.",
                hint="Choose another port with --workers, or another address with --bind.",
            ) from None
        port = socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server = server(self._serve)
        self._serving = asyncio.create_task(self._server.serve(sockets=[socket]), name="workers")
        return port

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._asking is not None:
            await self._asking.aclose()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._at_once += 1
        try:
            if self._at_once > REQUESTS_MAX:
                raise Unavailable("worker.busy", "Too many requests at once.", hint="Try again.")
            await self._answer(scope, receive, send)
        except Forbidden as no:
            await send_refusal(send, 401, no)
        except MissionControlError as no:
            status = next((status for kind, status in _STATUS if isinstance(no, kind)), 500)
            await send_refusal(send, status, no)
        except ConnectionError:
            return  # The client has left.
        except Exception as error:  # noqa: BLE001 - the edge: who asks hears that it went wrong
            reason = f"The server broke off: {type(error).__name__}."
            await send_refusal(send, 500, Unavailable("worker.broken", reason))
        finally:
            self._at_once -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self._name_of(scope)
        method, path = scope["method"], scope["path"]
        artifact = _ARTIFACT.fullmatch(path)
        if path.startswith(f"{GATEWAY_PATH}/"):
            await self._proxy_call(name, scope, receive, send)
            return
        match method:
            case "PUT" if artifact:
                lease = _lease_in(scope)
                await self._force.take_artifact(name, lease, artifact[1], _parts(receive))
                await send_json(send, {})
            case "GET" if artifact:
                await _send_file(send, self._force.artifact(name, _lease_in(scope), artifact[1]))
            case "POST" if path in _FORMS:
                ask = _read(await _body(receive), _FORMS[path])
                # A worker that has gone does not count as present because its question is open.
                await send_json(send, await while_awaited(receive, self._do(name, ask)))
            case _:
                raise NotFound("worker.no_such_endpoint", f"There is nothing at {path[:100]!r}.")

    async def _proxy_call(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a model call of a worker's tool, on the account of its attempt."""
        try:
            lease, models = _lent_in(scope)
            access = self._force.access(name, lease, models)
            if self._asking is None:
                self._asking = client()
            path = scope["raw_path"].decode("latin-1").removeprefix(GATEWAY_PATH)
            headers = {"authorization": f"Bearer {access.key}"}
            url = f"{access.url}{path}"
            await passed(self._asking, scope, receive, send, url=url, headers=headers)
        except MissionControlError as no:
            status = next((status for kind, status in _STATUS if isinstance(no, kind)), 500)
            await send_tool_refusal(send, status, no)

    async def _do(self, name: str, ask: Any) -> Any:
        if isinstance(ask, Introduction):
            if ask.name != name:
                raise Forbidden("worker.forbidden", f"The token is not that of {ask.name!r}.")
            return await self._force.register(ask)
        if isinstance(ask, Poll):
            return await self._force.poll(name, ask)
        return await self._force.report(name, ask)

    def _name_of(self, scope: Scope) -> str:
        found = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        kind, _, token = found.partition(" ")
        name = self._who(token.strip()) if kind.lower() == "bearer" else ""
        if not name:
            raise Forbidden(
                "worker.forbidden",
                "The token is not known here.",
                hint="`mission worker token NAME` beside the server makes one.",
            )
        return name


_FORMS: dict[str, Any] = {"/v1/register": Introduction, "/v1/poll": Poll, "/v1/report": Report}


def _read(body: bytes, form: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Rejected("worker.malformed", f"The request is malformed: {error}.") from None


def _lease_in(scope: Scope) -> Lease:
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        return Lease(asked["run"][0], asked["step"][0], int(asked["fence"][0]))
    except (KeyError, ValueError):
        reason = "An artifact is asked for with run, step and fence."
        raise Rejected("worker.malformed", reason) from None


def _lent_in(scope: Scope) -> tuple[Lease, tuple[str, ...]]:
    """Return for which attempt a tool calls a model, and which ones it may call."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        run, step = unquote(headers["x-mission-run"]), unquote(headers["x-mission-step"])
        lease = Lease(run, step, int(headers["x-mission-fence"]))
    except (KeyError, ValueError):
        reason = "A model is called for an attempt: with its run, step and fence."
        raise Rejected("worker.malformed", reason) from None
    return lease, tuple(unquote(headers.get("x-mission-models", "")).split())


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of a request as it comes.

    Raises:
        ConnectionError: the caller left in the middle.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    async for part in _parts(receive):
        size += len(part)
        if size > BODY_BYTES_MAX:
            reason = f"A request has at most {BODY_BYTES_MAX:,} bytes."
            raise Rejected("worker.too_large", reason)
        parts.append(part)
    return b"".join(parts)


async def _send_file(send: Send, path: Path) -> None:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(size).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        while part := file.read(PORTION):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
