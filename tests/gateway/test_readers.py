"""Answers of the three APIs are read for usage, text and tool calls."""

import json
from typing import Any

import pytest

from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.chat_reader import ChatReader
from missioncontrol.interfaces.gateway.messages_reader import MessagesReader
from missioncontrol.interfaces.gateway.model_answer import TOOLS_MAX, Reader, ReceivedAnswer, sound
from missioncontrol.interfaces.gateway.responses_reader import ResponsesReader
from missioncontrol.ports.call_log import ToolCall

READERS = [ChatReader, ResponsesReader, MessagesReader]


def body(kind: Any, content: dict[str, Any]) -> ReceivedAnswer:
    parsed = ReceivedAnswer()
    reader: Reader = kind(parsed)
    reader.body(json.dumps(content).encode())
    return parsed


def events(kind: Any, *contents: dict[str, Any]) -> ReceivedAnswer:
    parsed = ReceivedAnswer()
    reader: Reader = kind(parsed)
    for content in contents:
        reader.event(json.dumps(content).encode())
    return parsed


def delta(**words: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": words}]}


def tool(index: int, **function: Any) -> dict[str, Any]:
    return {"index": index, "id": "x", "type": "function", "function": function}


def test_tools_of_a_chat_stream_are_put_together_by_their_place() -> None:
    parsed = events(
        ChatReader,
        delta(role="assistant", content=None, tool_calls=[tool(0, name="a", arguments="")]),
        delta(tool_calls=[tool(1, name="b", arguments='{"x"')]),
        delta(tool_calls=[tool(0, arguments="{}"), tool(1, arguments=":1}")]),
    )
    assert parsed.tools == (ToolCall("a", "{}"), ToolCall("b", '{"x":1}'))
    assert parsed.said == 9


def test_what_is_said_of_a_whole_chat_answer() -> None:
    calls = [tool(0, name="a", arguments="{}"), tool(0, name="b", arguments="{}")]
    message = {"content": [{"type": "text", "text": "x"}], "refusal": "no", "tool_calls": calls}
    parsed = body(ChatReader, {"choices": [{"index": 0, "message": message}]})
    assert [each.name for each in parsed.tools] == ["a", "b"]
    assert parsed.text == '[{"type":"text","text":"x"}]no'
    assert parsed.usage is None


def test_reasoning_is_counted_and_not_kept() -> None:
    chat = events(ChatReader, delta(reasoning_content="hmm"), delta(reasoning="hmm"))
    messages = events(
        MessagesReader,
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hmmhmm"}},
    )
    responses = events(
        ResponsesReader, {"type": "response.reasoning_summary_text.delta", "delta": "hmmhmm"}
    )
    for parsed in (chat, messages, responses):
        assert (parsed.said, parsed.text) == (6, "")


def test_what_a_whole_response_says_and_calls() -> None:
    output = [
        {"type": "reasoning", "content": None},
        {"type": "message", "content": [{"type": "output_text", "text": "Hi"}, {"refusal": "no"}]},
        {"type": "custom_tool_call", "name": "apply_patch", "input": "*** Begin"},
    ]
    parsed = body(ResponsesReader, {"model": "m", "output": output, "usage": None})
    assert (parsed.text, parsed.model) == ("Hino", "m")
    assert parsed.tools == (ToolCall("apply_patch", "*** Begin"),)


def test_tools_of_messages_whole_and_streamed_are_the_same() -> None:
    block = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"a": 1}}
    whole = body(MessagesReader, {"content": [block]})
    streamed = events(
        MessagesReader,
        {"type": "content_block_start", "index": 1, "content_block": {**block, "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"partial_json": '{"a":'}},
        {"type": "content_block_delta", "index": 1, "delta": {"partial_json": "1}"}},
    )
    assert whole.tools == streamed.tools == (ToolCall("Bash", '{"a":1}'),)


def test_input_is_known_before_a_message_is_over() -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}
    parsed = events(MessagesReader, {"type": "message_start", "message": {"usage": usage}})
    assert (parsed.input_reported, parsed.usage) == (15, None)


def test_a_later_usage_of_a_message_stands_for_all_of_it() -> None:
    first = {"input_tokens": 10, "output_tokens": 1}
    last = {"input_tokens": 12, "cache_read_input_tokens": 30, "output_tokens": 9}
    parsed = events(
        MessagesReader,
        {"type": "message_start", "message": {"usage": first}},
        {"type": "message_delta", "usage": {"output_tokens": 4}},
        {"type": "message_delta", "usage": last},
    )
    assert parsed.usage == Usage(42, 30, 9, 0, None)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("data", [b"{", b"[]", b'{"usage": 1}', b'"x"', b"\xff", b"[" * 5_000])
def test_what_can_not_be_read_counts_as_said(kind: Any, data: bytes) -> None:
    for read in ("event", "body"):
        parsed = ReceivedAnswer()
        getattr(kind(parsed), read)(data)
        assert parsed.usage is None
        if data != b'{"usage": 1}' or kind is not ResponsesReader or read == "body":
            assert parsed.said == len(data)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, Usage(10, 0, 5, 0, None)),
        ({"cached": 4, "cache_write": 3, "reasoning": 2}, Usage(10, 4, 5, 2, None, 3)),
        ({"cached": 40}, Usage(40, 40, 5, 0, None)),
        ({"reasoning": 50}, Usage(10, 0, 50, 50, None)),
        ({"cached": -1}, None),
    ],
)
def test_a_usage_is_sound_or_nothing(parts: dict[str, int], expected: Usage | None) -> None:
    assert sound(10, 5, **parts) == expected


def test_reasoning_that_stands_only_in_the_sum_is_output_all_the_same() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}
    parsed = body(ChatReader, {"usage": usage})
    assert parsed.usage is not None
    assert parsed.usage.output_tokens == 30


def test_a_response_that_failed_is_over_and_its_beginning_is_kept_within_bounds() -> None:
    parsed = ReceivedAnswer()
    reader = ResponsesReader(parsed)
    long = {"id": "r", "instructions": "x" * 300_000, "model": "m"}
    created = {"type": "response.created", "sequence_number": 3, "response": long}
    reader.event(json.dumps(created).encode())
    assert (reader.first, reader.number, parsed.model) == (b"", 3, "m")
    reader.event(b"[DONE]")
    reader.event(b'{"type": "response.failed", "response": {"usage": null}}')
    assert parsed.is_done
    assert parsed.usage is None


def test_the_tools_that_are_kept_are_limited() -> None:
    parsed = ReceivedAnswer()
    for number in range(TOOLS_MAX + 10):
        parsed.call(number, "tool", "12")
    assert len(parsed.tools) == TOOLS_MAX
    assert parsed.said == 2 * (TOOLS_MAX + 10)
