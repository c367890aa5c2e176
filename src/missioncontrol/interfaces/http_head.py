"""HEAD for everything that takes GET: the same answer, without what is in it."""

from collections.abc import Awaitable, Callable
from typing import Any

from missioncontrol.interfaces.listeners import Receive, Scope, Send

SPENT = "/sign-in/"
"""Prefixes of addresses that act once when they are followed: HEAD must not act there."""


class Heads:
    """Stands before an application that knows nothing of HEAD."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        """`app` answers GET in its place; what it needs permission for stays as it is."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, as ASGI says."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"].startswith(SPENT):
            await self._app(scope, receive, send)
            return
        answer = _Headless(receive, send)
        await self._app({**scope, "method": "GET"}, answer.receive, answer.send)


class _Headless:
    """An answer whose body is not sent; a streaming application sees the client disconnect."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._has_ended = False

    async def receive(self) -> Any:
        return {"type": "http.disconnect"} if self._has_ended else await self._receive()

    async def send(self, message: Any) -> None:
        if self._has_ended:
            return
        await self._send(message)
        if message["type"] == "http.response.start":
            self._has_ended = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
