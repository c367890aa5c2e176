"""Answers in the form of Anthropic's Messages."""

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
    blocks = [block for block, _, _ in _blocks(reply)]
    usage = {**_input(reply), "output_tokens": reply.output_tokens}
    return {
        **_frame(reply, request, number),
        "content": blocks,
        "stop_reason": _reason(reply),
        "usage": usage,
    }


def stream(reply: Reply, request: Request, number: int) -> Iterator[Event]:
    """Yield an answer in events."""
    for data in _events(reply, request, number):
        yield json_event(data, data["type"])


def _events(reply: Reply, request: Request, number: int) -> Iterator[dict[str, Any]]:
    # The output is not known yet when a stream begins: the real service says 1 here.
    usage = {**_input(reply), "output_tokens": 1}
    begun = {**_frame(reply, request, number), "stop_reason": None, "usage": usage}
    yield {"type": "message_start", "message": begun}
    for index, (block, field, text) in enumerate(_blocks(reply)):
        empty = {**block, field: {} if field == "input" else ""}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        if index == 0:
            yield {"type": "ping"}
        for piece in pieces(text, reply.pieces):
            delta = {"type": _DELTAS[field][0], _DELTAS[field][1]: piece}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        if field == "thinking":
            signed = {"type": "signature_delta", "signature": "scripted"}
            yield {"type": "content_block_delta", "index": index, "delta": signed}
        yield {"type": "content_block_stop", "index": index}
    if reply.breaks_with:
        error = {"type": reply.code or "api_error", "message": reply.breaks_with}
        yield {"type": "error", "error": error}
        return
    ended = {"stop_reason": _reason(reply), "stop_sequence": None}
    counted = {**_input(reply), "output_tokens": reply.output_tokens}
    yield {"type": "message_delta", "delta": ended, "usage": counted}
    yield {"type": "message_stop"}


_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "input": ("input_json_delta", "partial_json"),
}


def _blocks(reply: Reply) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield blocks of content, each with the field that is streamed and its text."""
    if reply.thinking:
        block = {"type": "thinking", "thinking": reply.thinking, "signature": "scripted"}
        yield block, "thinking", reply.thinking
    if reply.text or not (reply.calls or reply.thinking):
        yield {"type": "text", "text": reply.text}, "text", reply.text
    for call in reply.calls:
        yield _call(call), "input", call.as_json


def _call(call: ToolCall) -> dict[str, Any]:
    number = call.id.removeprefix("call_")
    return {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": call.name,
        "input": call.arguments if isinstance(call.arguments, dict) else {"input": call.arguments},
    }


def _reason(reply: Reply) -> str:
    return "tool_use" if reply.calls else "end_turn"


def _frame(reply: Reply, request: Request, number: int) -> dict[str, Any]:
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or request.model,
        "content": [],
        "stop_sequence": None,
    }


def _input(reply: Reply) -> dict[str, Any]:
    """Return what was counted on the way in; here tokens of the cache are no `input_tokens`."""
    return {
        "input_tokens": reply.input_tokens - reply.cached_tokens - reply.cache_write_tokens,
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation_input_tokens": reply.cache_write_tokens,
    }
