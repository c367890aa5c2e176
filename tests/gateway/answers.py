"""Answers of the three APIs, as their providers write them."""

import json
from typing import Any


def event(data: Any, name: str = "", end: str = "\n") -> bytes:
    head = f"event: {name}{end}" if name else ""
    return f"{head}data: {json.dumps(data)}{end}{end}".encode()


CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 9,
    "total_tokens": 129,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


def chat_chunk(content: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"content": content} if content is not None else {}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        "x_unknown": {"kept": [1, 2.50, "é"]},
        **more,
    }


def chat_stream(*words: str) -> list[bytes]:
    events = [event(chat_chunk(word)) for word in words]
    return [
        *events,
        event(chat_chunk(choices=[], usage=CHAT_USAGE)),
        b"data: [DONE]\n\n",
    ]


CHAT_WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello there"},
            "finish_reason": "stop",
        }
    ],
    "usage": CHAT_USAGE,
    "x_unknown": 1.50,
}

RESPONSES_USAGE = {
    "input_tokens": 300,
    "input_tokens_details": {"cached_tokens": 200},
    "output_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 312,
}


def response(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "gpt-5-2025-08-07",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "x_unknown": "kept",
        **more,
    }


def responses_stream(*words: str) -> list[bytes]:
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response("in_progress")},
        *(
            {
                "type": "response.output_text.delta",
                "item_id": "msg_1",
                "output_index": 0,
                "content_index": 0,
                "delta": word,
                "logprobs": [],
            }
            for word in words
        ),
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "c",
                "name": "shell",
                "arguments": "",
            },
        },
        {
            "type": "response.function_call_arguments.delta",
            "item_id": "fc_1",
            "output_index": 1,
            "delta": '{"cmd":"ls"}',
        },
        {"type": "response.completed", "response": response("completed", usage=RESPONSES_USAGE)},
    ]
    return [
        event({**each, "sequence_number": number}, each["type"])
        for number, each in enumerate(events)
    ]


def messages_stream(*words: str) -> list[bytes]:
    start: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 60,
            "output_tokens": 1,
        },
    }
    return [
        event({"type": "message_start", "message": start}, "message_start"),
        event(
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            "content_block_start",
        ),
        event({"type": "ping"}, "ping"),
        *(
            event(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": word},
                },
                "content_block_delta",
            )
            for word in words
        ),
        event({"type": "content_block_stop", "index": 0}, "content_block_stop"),
        event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 15},
            },
            "message_delta",
        ),
        event({"type": "message_stop"}, "message_stop"),
    ]


CHAT_ASK: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Hi"}],
    "max_completion_tokens": 50,
    "x_unknown": {"number": 1.50},
}
RESPONSES_ASK: dict[str, Any] = {"model": "gpt-5", "input": "Hi", "max_output_tokens": 50}
MESSAGES_ASK: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Hi"}],
}
