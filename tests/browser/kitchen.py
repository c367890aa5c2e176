"""Serves a page with every macro in it: `python -m tests.browser.kitchen HANDLE`."""

import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, get

from missioncontrol.application.queries.shell import Shell
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.principal import Principal, permissions_of
from missioncontrol.interfaces.headers import with_security
from missioncontrol.interfaces.web import rendering
from missioncontrol.interfaces.web.assets import HANDLERS

TEMPLATE = Path(__file__).parents[1] / "console" / "kitchen.html"
COUNT = AgentCount({"active": 4, "idle": 7, "stopped": 1})
SHELL = Shell(184_211, 3, 0, 0, 7, COUNT, "all", 0.0, "", 11_420_000, 1_850_000, 25_000_000)
ALICE = Principal("user:alice", ("admin",), permissions_of(["admin"]), "password", "session-1")


@get("/", sync_to_thread=False)
def kitchen(request: Request[Any, Any, Any]) -> Response[str]:
    """Show every macro."""
    request.state.shell = SHELL
    found = rendering._templates().from_string(TEMPLATE.read_text("utf-8"))
    values = {**rendering._of_request(request), "title": "Kitchen", "area": "runs"}
    return rendering._answer(request, found.render(values), 200)


@get("/live", sync_to_thread=False)
def live() -> Response[bytes]:
    """Say nothing, and come back in an hour."""
    return Response(b"retry: 3600000\n\n", media_type="text/event-stream")


async def let_in(scope: Any, receive: Any, send: Any) -> None:
    """Admit every request as Alice, under the console's own policy."""

    async def pass_on(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = with_security(message["headers"], is_secure=False)
        await send(message)

    scope["user"] = ALICE
    scope.setdefault("state", {})["csrf"] = "0" * 64
    await APP(scope, receive, pass_on)


APP = Litestar([kitchen, live, *HANDLERS], openapi_config=None)

if __name__ == "__main__":
    config = uvicorn.Config(let_in, lifespan="off", log_level="error")
    listening = socket.socket(fileno=int(sys.argv[1]))
    uvicorn.Server(config).run(sockets=[listening])
