"""A home whose MCP server is reached over HTTP, and requests as they stand on the line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.mcp.tasks import IDENTIFIER
from tests.cli.command import ARGV, mission
from tests.mcp_server.house import GREETING, saved, up
from tests.workers.house import Talker

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
VERSION = "2026-07-28"
BOTH = "application/json, text/event-stream"


class House:
    """A home whose MCP server is reached over HTTP."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        saved(self.home, GREETING)
        up(self.home)
        self.server = Talker([*ARGV, "mcp", "--http", "0"], self.home)
        self.url = self.server.until(r"served at (http://\S+) ")[1]

    def token(self, *scopes: str) -> str:
        named = [part for scope in scopes for part in ("--scope", scope)]
        made = mission(self.home, "token", "new", "-".join(scopes), *named)
        assert made.returncode == 0, made.stderr
        return made.stdout.decode().strip()

    def post(self, body: Any = INITIALIZE, **headers: str) -> httpx.Response:
        sent = {"accept": BOTH, **{name.replace("_", "-"): text for name, text in headers.items()}}
        return httpx.post(self.url, json=body, headers=sent, trust_env=False)

    def ask(
        self, token: str, method: str, params: Mapping[str, Any], *, takes_tasks: bool = True
    ) -> dict[str, Any]:
        """Ask as a client of 2026-07-28 does, which names what it asks about in a header too."""
        able: dict[str, Any] = {"extensions": {IDENTIFIER: {}}} if takes_tasks else {}
        meta = {
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientCapabilities": able,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        about = str(params.get("name") or params["taskId"])
        headers = {"mcp_protocol_version": VERSION, "mcp_method": method, "mcp_name": about}
        answered = self.post(body, authorization=f"Bearer {token}", **headers)
        found: dict[str, Any] = _message(answered)
        return found


def _message(answered: httpx.Response) -> Any:
    """Return what was answered, alone or as the last event of a stream."""
    if not answered.headers["content-type"].startswith("text/event-stream"):
        return answered.json()
    lines = [line for line in answered.text.splitlines() if line.startswith("data: ")]
    return httpx.Response(200, text=lines[-1].removeprefix("data: ")).json()
