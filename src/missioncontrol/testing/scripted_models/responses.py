"""Answers in the form of OpenAI's Responses."""

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
    items = [item for item, _ in _items(reply, number)]
    frame = _frame(reply, request, number, "completed")
    return {**frame, "output": items, "usage": _usage(reply)}


def stream(reply: Reply, request: Request, number: int) -> Iterator[Event]:
    """Yield an answer in events."""
    for sequence, (name, data) in enumerate(_events(reply, request, number)):
        yield json_event({"type": name, "sequence_number": sequence, **data}, name)


def _events(reply: Reply, request: Request, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    begun = _frame(reply, request, number, "in_progress")
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    done = []
    for index, (item, text) in enumerate(_items(reply, number)):
        yield from _item_events(item, text, index, reply.pieces)
        done.append(item)
    if reply.breaks_with:
        error = {"code": reply.code or "server_error", "message": reply.breaks_with}
        failed = _frame(reply, request, number, "failed")
        yield "response.failed", {"response": {**failed, "output": done, "error": error}}
        return
    whole = _frame(reply, request, number, "completed")
    ended = {**whole, "output": done, "usage": _usage(reply)}
    yield "response.completed", {"response": ended}


def _item_events(
    item: dict[str, Any], text: str, index: int, count: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield how one item of the output comes to be."""
    place: dict[str, Any] = {"item_id": item["id"], "output_index": index}
    yield "response.output_item.added", {"output_index": index, "item": _empty_item(item)}
    kind = item["type"]
    if kind == "message":
        place["content_index"] = 0
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield "response.content_part.added", {**place, "part": empty}
    elif kind == "reasoning":
        place["summary_index"] = 0
        part = {"type": "summary_text", "text": ""}
        yield "response.reasoning_summary_part.added", {**place, "part": part}
    name, field = _NAMES[kind]
    for piece in pieces(text, count):
        yield f"response.{name}.delta", {**place, "delta": piece}
    yield f"response.{name}.done", {**place, field: text}
    if kind == "message":
        yield "response.content_part.done", {**place, "part": item["content"][0]}
    elif kind == "reasoning":
        yield "response.reasoning_summary_part.done", {**place, "part": item["summary"][0]}
    yield "response.output_item.done", {"output_index": index, "item": item}


_NAMES = {
    "message": ("output_text", "text"),
    "reasoning": ("reasoning_summary_text", "text"),
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
}


def _empty_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it is announced: empty."""
    empty: dict[str, dict[str, Any]] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
        "custom_tool_call": {"input": ""},
    }
    return {**item, **empty[item["type"]], "status": "in_progress"}


def _items(reply: Reply, number: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the items of the output, each with the text that is streamed of it."""
    if reply.thinking:
        summary = [{"type": "summary_text", "text": reply.thinking}]
        yield {"id": f"rs_{number}", "type": "reasoning", "summary": summary}, reply.thinking
    if reply.text:
        content = [{"type": "output_text", "text": reply.text, "annotations": []}]
        message: dict[str, Any] = {"type": "message", "role": "assistant", "status": "completed"}
        yield {"id": f"msg_{number}", **message, "content": content}, reply.text
    for index, call in enumerate(reply.calls):
        yield _call(call, f"fc_{number}_{index}"), call.as_json


def _call(call: ToolCall, item: str) -> dict[str, Any]:
    is_free = isinstance(call.arguments, str)
    kind, field = ("custom_tool_call", "input") if is_free else ("function_call", "arguments")
    return {
        "id": item,
        "type": kind,
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        **({"namespace": call.namespace} if call.namespace else {}),
        field: call.as_json,
    }


def _frame(reply: Reply, request: Request, number: int, status: str) -> dict[str, Any]:
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "status": status,
        "model": reply.model or request.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "usage": None,
    }


def _usage(reply: Reply) -> dict[str, Any]:
    cached = {"cached_tokens": reply.cached_tokens}
    if reply.cache_write_tokens:
        cached["cache_write_tokens"] = reply.cache_write_tokens
    return {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": cached,
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
