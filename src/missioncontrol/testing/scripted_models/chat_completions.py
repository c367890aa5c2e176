"""Answers in the form of OpenAI's Chat Completions."""

from collections.abc import Iterator
from typing import Any

from missioncontrol.testing.scripted_models.script import (
    Event,
    Reply,
    Request,
    ToolCall,
    json_event,
    pieces,
)


def body(reply: Reply, request: Request, number: int) -> dict[str, Any]:
    """Return a whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if not reply.calls:
        message["content"] = reply.text
    else:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "finish_reason": _reason(reply)}
    frame = _frame(reply, request, number, "chat.completion")
    return {**frame, "choices": [choice], "usage": _usage(reply)}


def stream(reply: Reply, request: Request, number: int) -> Iterator[Event]:
    """Yield an answer in events."""
    frame = _frame(reply, request, number, "chat.completion.chunk")
    for delta in _deltas(reply):
        yield json_event({**frame, "choices": [_choice(delta)]})
    if reply.breaks_with:
        yield json_event({"error": {"message": reply.breaks_with, "type": "server_error"}})
        return
    yield json_event({**frame, "choices": [_choice({}, _reason(reply))]})
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield json_event({**frame, "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for piece in pieces(reply.text, reply.pieces):
        yield {"content": piece}
    for index, call in enumerate(reply.calls):
        begun = _call(call)
        begun["function"] = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, **begun}]}
        for piece in pieces(call.as_json, reply.pieces):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.as_json}
    return {"id": call.id, "type": "function", "function": function}


def _reason(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _frame(reply: Reply, request: Request, number: int, kind: str) -> dict[str, Any]:
    model = reply.model or request.model
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 0, "model": model}


def _usage(reply: Reply) -> dict[str, Any]:
    cached = {"cached_tokens": reply.cached_tokens}
    if reply.cache_write_tokens:
        cached["cache_write_tokens"] = reply.cache_write_tokens
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": cached,
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }
