"""The entry of the server over HTTP: only programs with a token of the home may use it.

Host, Origin, sizes, rates and tokens are the gate's, as for the API.
"""

from typing import Any

import msgspec
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.listeners import App, Receive, Scope, Send
from missioncontrol.interfaces.problems import MEDIA_TYPE, problem_of
from missioncontrol.interfaces.sign_in.guard import NotSignedIn
from missioncontrol.mcp.connection import PRINCIPAL, UNSENT


class Door:
    """Stands between the gate and the server."""

    def __init__(self, app: App) -> None:
        """`app` is the server. A session of it belongs to the token that began it."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI says."""
        principal: Principal | None = scope["user"]
        if principal is None or principal.way != "token":
            await _refuse(scope, send)
            return
        known = AccessToken(
            token=UNSENT,
            client_id=principal.credential,
            scopes=sorted(principal.permissions),
            subject=principal.actor,
        )
        state = {**scope["state"], PRINCIPAL: principal}
        await self._app({**scope, "user": AuthenticatedUser(known), "state": state}, receive, send)


async def _refuse(scope: Scope, send: Send) -> None:
    refusal = NotSignedIn(
        "sign_in.needed",
        "A token of this home is needed.",
        hint="`mission user token new NAME` makes one; send it as `Authorization: Bearer …`.",
    )
    body = msgspec.json.encode(problem_of(refusal, scope["state"]["request_id"]))
    headers: list[Any] = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
