"""The most that a call can use is read from its request, and never underestimated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.routing import ModelCard
from missioncontrol.interfaces.gateway.call_request import (
    CONTEXT_TOKENS,
    EXTRA_TOKENS,
    Asked,
    parse_request,
    rewritten,
)
from missioncontrol.interfaces.gateway.dialects import (
    CHAT,
    MESSAGES,
    RESPONSES,
    limit_changes,
    usage_changes,
)

CARD = ModelCard("m", context=1_000_000, image_tokens=700)
BARE = ModelCard("m")
IMAGE = "A" * 100_000


def read(**fields: Any) -> Asked:
    return parse_request(json.dumps({"model": "m", **fields}).encode(), CHAT.limits)


def content(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


@given(st.text(max_size=200))
def test_text_counts_at_least_its_bytes(text: str) -> None:
    bound = read(messages=[{"role": "user", "content": text}]).input_tokens(BARE)
    assert bound >= len(text.encode()) + EXTRA_TOKENS


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"},
        {"type": "image", "source": {"type": "base64", "data": IMAGE}},
        {"type": "tool_result", "content": [{"type": "image", "source": {"data": IMAGE}}]},
    ],
)
def test_an_image_counts_as_declared_and_not_by_its_bytes(part: dict[str, Any]) -> None:
    call = read(**content(part, part))
    assert call.needs(0).vision
    assert 1_400 < call.input_tokens(CARD) < 4_000


@pytest.mark.parametrize(
    "fields",
    [
        content({"type": "document", "source": {"type": "base64", "data": "JVBE"}}),
        content({"type": "file", "file": {"file_id": "f"}}),
        content({"type": "input_file", "file_url": "https://x"}),
        content({"type": "input_audio", "input_audio": {"data": "x"}}),
        content({"type": "image", "source": {"type": "file", "file_id": "f"}}),
        content({"type": "input_image", "file_id": "f"}),
        {"previous_response_id": "resp_1", "input": "Hi"},
        {"conversation": "c", "input": "Hi"},
        {"input": [{"type": "item_reference", "id": "x"}]},
        {"tools": [{"type": "web_search_preview"}], "input": "Hi"},
        {"tools": [{"type": "mcp", "server_url": "https://x"}], "input": "Hi"},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"web_search_options": {"a": 1}},
        {"mcp_servers": [{"url": "https://x"}]},
    ],
)
def test_what_can_not_be_seen_counts_as_the_whole_context(fields: dict[str, Any]) -> None:
    assert read(**fields).input_tokens(CARD) == CARD.context
    assert read(**fields).input_tokens(BARE) == CONTEXT_TOKENS


def test_a_plain_text_document_is_as_long_as_it_looks() -> None:
    part = {"type": "document", "source": {"type": "text", "data": "Hello"}}
    assert read(**content(part)).input_tokens(BARE) < 2_000


def test_no_model_reads_more_than_its_context() -> None:
    call = read(messages=[{"role": "user", "content": "x" * 5_000}])
    assert call.input_tokens(ModelCard("m", context=4_000)) == 4_000


def test_tools_that_the_model_knows_by_themselves_bring_words_of_their_own() -> None:
    plain = {"type": "function", "function": {"name": "f", "parameters": {}}}
    known = {"type": "bash_20250124", "name": "bash"}
    call = read(tools=[plain, known])
    assert call.offered == ("f", "bash")
    assert call.input_tokens(BARE) == call.size + 2 * EXTRA_TOKENS


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"response_format": {"type": "json_schema"}}, True),
        ({"text": {"format": {"type": "json_schema"}}}, True),
        ({"output_format": {"type": "json_schema"}}, True),
        ({"response_format": {"type": "json_object"}}, False),
        ({"text": {"format": {"type": "text"}}}, False),
        ({}, False),
    ],
)
def test_a_schema_is_noticed(fields: dict[str, Any], expected: bool) -> None:
    assert read(**fields).needs(0).structured is expected


@pytest.mark.parametrize(
    ("dialect", "fields", "limit", "expected"),
    [
        (CHAT, {}, 100, {"max_completion_tokens": 100}),
        (CHAT, {"max_tokens": None}, 100, {"max_completion_tokens": 100}),
        (CHAT, {"max_tokens": 50}, 50, {}),
        (CHAT, {"max_tokens": 500}, 100, {"max_tokens": 100}),
        (CHAT, {"max_tokens": 500, "max_completion_tokens": 70}, 70, {"max_tokens": 70}),
        (RESPONSES, {}, 100, {"max_output_tokens": 100}),
        (RESPONSES, {"max_output_tokens": 99}, 99, {}),
        (MESSAGES, {"max_tokens": 200}, 100, {"max_tokens": 100}),
    ],
)
def test_a_limit_is_set_only_where_the_request_does_not_keep_to_it(
    dialect: Any, fields: dict[str, Any], limit: int, expected: dict[str, int]
) -> None:
    call = parse_request(json.dumps({"model": "m", **fields}).encode(), dialect.limits)
    found = limit_changes(dialect, call, limit, chat_field="max_completion_tokens")
    assert found == expected


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({}, False),
        ({"stream": True}, True),
        ({"stream": True, "stream_options": None}, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, True),
        ({"stream": True, "stream_options": {"include_usage": True}}, False),
    ],
)
def test_usage_is_asked_for_where_the_caller_did_not(fields: dict[str, Any], changes: bool) -> None:
    assert bool(usage_changes(CHAT, read(**fields))) is changes


def test_a_change_leaves_every_other_field_as_it_was_written() -> None:
    body = b'{ "model":"m", "temperature": 1.50, "big": 12345678901234567890123, "e":"\\u00e9" }'
    changed = rewritten(body, {"model": "n"})
    assert changed == (
        b'{"model":"n","temperature":1.50,"big":12345678901234567890123,"e":"\\u00e9"}'
    )
    assert rewritten(body, {}) is body


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(Rejected, match="max_tokens"):
        read(max_tokens=True)
