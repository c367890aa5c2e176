"""Says no in the words of each API, so that the tool shows it to its user."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

import msgspec

Api = Literal["openai", "anthropic"]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
"""How an answer goes out: ASGI's `send`."""

OPENAI = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
}
ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


class Refusal(Exception):
    """Raised where a call goes no further; becomes an answer of the API that was called."""

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        *,
        hint: str = "",
        retry_seconds: float | None = None,
    ) -> None:
        """`retry_seconds` says when it may be tried again; without it, it should not be."""
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason
        self.hint = hint
        self.retry_seconds = retry_seconds

    @property
    def is_lasting(self) -> bool:
        """Whether another try would end the same way, until a person changes something."""
        return self.retry_seconds is None

    @property
    def message(self) -> str:
        """What the user reads."""
        return f"{self.reason} {self.hint}".rstrip()

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that keep clients from trying again and again.

        The official libraries of both providers obey `x-should-retry`.
        """
        if self.retry_seconds is None:
            return [(b"x-should-retry", b"false")]
        seconds = str(max(1, round(self.retry_seconds))).encode()
        return [(b"retry-after", seconds)]


def error_body(api: Api, refusal: Refusal) -> bytes:
    """Return the body of an answer that says no."""
    if api == "anthropic":
        return msgspec.json.encode({"type": "error", "error": _anthropic(refusal)})
    return msgspec.json.encode({"error": _openai(refusal)})


def chat_event(refusal: Refusal) -> bytes:
    """Return the event that ends a stream of Chat Completions."""
    return _event({"error": _openai(refusal)})


def messages_event(refusal: Refusal) -> bytes:
    """Return the event that ends a stream of Messages."""
    return _event({"type": "error", "error": _anthropic(refusal)}, name="error")


def responses_event(refusal: Refusal, *, first: bytes, number: int) -> bytes:
    """Return the event that ends a stream of Responses.

    `first` is the response as it began, which now has failed; `number` is that of the last event.
    """
    response = _response(first) | {
        "status": "failed",
        "error": {"code": refusal.code, "message": refusal.message},
    }
    event = {"type": "response.failed", "sequence_number": number + 1, "response": response}
    return _event(event, name="response.failed")


def _response(first: bytes) -> dict[str, Any]:
    bare: dict[str, Any] = {"id": "", "object": "response", "created_at": 0, "output": []}
    if not first:
        return bare
    return bare | msgspec.json.decode(first, type=dict[str, msgspec.Raw])


def _openai(refusal: Refusal) -> dict[str, Any]:
    return {
        "message": refusal.message,
        "type": OPENAI.get(refusal.status, "server_error"),
        "param": None,
        "code": refusal.code,
    }


def _anthropic(refusal: Refusal) -> dict[str, Any]:
    kind = ANTHROPIC.get(refusal.status, "api_error")
    return {"type": kind, "message": refusal.message}


def _event(data: dict[str, Any], *, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


async def send_refusal(send: Send, api: Api, refusal: Refusal) -> None:
    """Answer with an error of the API that was called."""
    body = error_body(api, refusal)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *refusal.headers(),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
