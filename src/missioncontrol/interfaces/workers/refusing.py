"""Error responses to workers and their tools."""

from typing import Any

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.listeners import Send


async def send_json(send: Send, answer: Any, status: int = 200) -> None:
    """Answer with JSON."""
    body = msgspec.json.encode(answer)
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, status: int, no: MissionControlError) -> None:
    """Refuse what a worker asks."""
    await send_json(send, {"code": no.code, "reason": no.reason, "hint": no.hint}, status)


async def send_tool_refusal(send: Send, status: int, no: MissionControlError) -> None:
    """Refuse what a tool asks of a model, in the words of either API."""
    text = f"{no.reason} {no.hint}".rstrip()
    error = {"type": no.code, "code": no.code, "message": text}
    await send_json(send, {"type": "error", "error": error}, status)
