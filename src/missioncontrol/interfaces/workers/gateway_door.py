"""The gateway of a server as tools of a worker see it: on loopback, by a key of this machine."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.interfaces.listeners import Receive, Scope, Send, listening, server
from missioncontrol.interfaces.workers.proxy import client, passed
from missioncontrol.interfaces.workers.refusing import send_tool_refusal
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.ports.gateway import Access

if TYPE_CHECKING:
    import httpx
    import uvicorn

GATEWAY_PATH = "/v1/gateway"


class GatewayDoor:
    """Keeps the promise of `ports.gateway.Gateway`: what is called here is called at the server.

    The server lends a key of its gateway to each attempt, and keeps it; a key of this door is worth
    nothing elsewhere.
    """

    def __init__(self, url: str, token: str) -> None:
        """`url` and `token` are those by which the worker reaches its server."""
        self.port = 0
        self._url = url.rstrip("/")
        self._token = token
        self._lent: dict[str, dict[str, str]] = {}
        self._calls: dict[str, set[asyncio.Task[None]]] = {}
        self._asking: httpx.AsyncClient | None = None
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen on a port that is free."""
        socket = listening(0)
        self.port = socket.getsockname()[1]
        self._asking = client()
        self._server = server(self._serve)
        self._serving = asyncio.create_task(self._server.serve(sockets=[socket]), name="gateway")

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._asking is not None:
            await self._asking.aclose()

    @contextmanager
    def access(
        self, assignment: Assignment, line: Line, *, models: tuple[str, ...] = ()
    ) -> Iterator[Access]:
        """See `Gateway.access`."""
        del line  # The server has its own end of it, and counts there.
        if not self.port:
            raise Unavailable("gateway.not_open", "The way to the gateway is not open.")
        key = secrets.token_urlsafe(32)
        self._lent[key] = {
            "authorization": f"Bearer {self._token}",
            "x-mission-run": quote(assignment.run, safe=""),
            "x-mission-step": quote(assignment.step, safe=""),
            "x-mission-fence": str(assignment.fence),
            "x-mission-models": quote("\n".join(models), safe=""),
        }
        try:
            yield Access(f"http://127.0.0.1:{self.port}", key)
        finally:
            del self._lent[key]
            for call in self._calls.pop(key, ()):
                call.cancel()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = asyncio.ensure_future(self._pass_on(scope, receive, send))
        key = _key_in(scope)
        if key in self._lent:
            self._calls.setdefault(key, set()).add(call)
        try:
            await call
        except MissionControlError as no:
            await send_tool_refusal(send, 502, no)
        except (ConnectionError, asyncio.CancelledError):
            return  # The client has left, the line broke, or the attempt is over.
        finally:
            call.cancel()
            self._calls.get(key, set()).discard(call)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._lent.get(_key_in(scope))
        if headers is None or self._asking is None:
            void = Unavailable("key.void", "The attempt that this key was lent to is over.")
            await send_tool_refusal(send, 401, void)
            return
        path = scope["raw_path"].decode("latin-1")
        url = f"{self._url}{GATEWAY_PATH}{path}"
        await passed(self._asking, scope, receive, send, url=url, headers=headers)


def _key_in(scope: Scope) -> str:
    """Return the key that a tool comes with, as either API has it."""
    headers = dict(scope["headers"])
    kind, _, key = headers.get(b"authorization", b"").partition(b" ")
    found: bytes = key if kind.lower() == b"bearer" else headers.get(b"x-api-key", b"")
    return found.decode("latin-1").strip()
