"""Error responses to workers and their tools."""

from typing import Any

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.serving import Send


async def say(send: Send, answer: Any, status: int = 200) -> None:
    """Answer with JSON."""
    body = msgspec.json.encode(answer)
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def say_no(send: Send, status: int, no: MissionControlError) -> None:
    """Refuse what a worker asks."""
    await say(send, {"code": no.code, "reason": no.reason, "hint": no.hint}, status)


async def say_no_to_a_tool(send: Send, status: int, no: MissionControlError) -> None:
    """Refuse what a tool asks of a model, in the words of either API."""
    text = f"{no.reason} {no.hint}".rstrip()
    error = {"type": no.code, "code": no.code, "message": text}
    await say(send, {"type": "error", "error": error}, status)
