"""Scripted models: each API in its own words, streamed or not, and every kind of trouble."""

from typing import Any

import httpx
import msgspec
import pytest

from missioncontrol.testing.scripted_models import ModelServer, Reply, Request, ToolCall, serving

REPLY = Reply(
    "Hello there.",
    calls=(ToolCall("look", {"path": "a.txt"}),),
    thinking="Hm.",
    input_tokens=100,
    cached_tokens=40,
    cache_write_tokens=7,
    output_tokens=20,
    reasoning_tokens=5,
)
PATHS = ("/v1/responses", "/v1/chat/completions", "/v1/messages?beta=true")


def asked(server: ModelServer, path: str, **more: Any) -> httpx.Response:
    return httpx.post(f"{server.origin}{path}", json={"model": "m-1", **more}, timeout=4)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    return [msgspec.json.decode(line) for line in lines if line.startswith("{")]


def test_responses_says_the_same_streamed_and_not() -> None:
    with serving(REPLY) as server:
        whole = asked(server, PATHS[0]).json()
        parts = events(asked(server, PATHS[0], stream=True))
    assert [item["type"] for item in whole["output"]] == ["reasoning", "message", "function_call"]
    assert whole["output"][2]["arguments"] == '{"path":"a.txt"}'
    assert whole["usage"] == {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 7},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 120,
    }
    last = parts[-1]
    assert last["type"] == "response.completed"
    assert last["response"]["usage"] == whole["usage"]
    assert [item["type"] for item in last["response"]["output"]] == [
        item["type"] for item in whole["output"]
    ]
    deltas = [each["delta"] for each in parts if each["type"] == "response.output_text.delta"]
    assert "".join(deltas) == "Hello there."
    assert len(deltas) == 2
    assert [each["sequence_number"] for each in parts] == list(range(len(parts)))


def test_chat_completions_says_the_same_streamed_and_not() -> None:
    with serving(REPLY) as server:
        whole = asked(server, PATHS[1]).json()
        parts = events(asked(server, PATHS[1], stream=True, stream_options={"include_usage": True}))
        short = events(asked(server, PATHS[1], stream=True))
    (choice,) = whole["choices"]
    assert choice["message"]["content"] == "Hello there."
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"path":"a.txt"}'
    assert whole["usage"]["prompt_tokens_details"]["cached_tokens"] == 40
    assert parts[-1]["usage"] == whole["usage"]
    assert not any(each.get("usage") for each in short)
    deltas = [each["choices"][0]["delta"] for each in parts if each["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Hello there."


def test_messages_says_the_same_streamed_and_not() -> None:
    with serving(REPLY) as server:
        whole = asked(server, PATHS[2]).json()
        parts = events(asked(server, PATHS[2], stream=True))
    assert [block["type"] for block in whole["content"]] == ["thinking", "text", "tool_use"]
    assert whole["stop_reason"] == "tool_use"
    assert whole["usage"] == {
        "input_tokens": 53,
        "cache_read_input_tokens": 40,
        "cache_creation_input_tokens": 7,
        "output_tokens": 20,
    }
    assert parts[0]["message"]["usage"]["output_tokens"] == 1  # As the real one: not known yet.
    assert parts[-2]["usage"] == whole["usage"]
    assert parts[-1]["type"] == "message_stop"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [402, 403, 429, 500, 503])
def test_an_error_has_the_form_of_its_api(path: str, status: int) -> None:
    with serving(Reply("No.", status=status, headers={"Retry-After": "7"})) as server:
        answer = asked(server, path, stream=True)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"]["message"] == "No."
    assert ("type" in answer.json()) == ("messages" in path)


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_can_break_and_can_end_with_an_error(path: str) -> None:
    with serving(Reply("Hello.", cut_after=2), Reply("Hello.", breaks_with="Gone.")) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            asked(server, path, stream=True)
        parts = events(asked(server, path, stream=True))
    assert "Gone." in str(parts[-1])


def test_the_script_goes_on_line_by_line_and_its_last_line_is_repeated() -> None:
    def answer(request: Request) -> Reply:
        return Reply(f"You asked {request.model} with {request.tools}.")

    with serving(Reply("One."), answer) as server:
        replies = [
            asked(server, PATHS[1], tools=[{"function": {"name": "look"}}]).json() for _ in range(3)
        ]
        assert len(server.calls) == 3
    texts = [each["choices"][0]["message"]["content"] for each in replies]
    assert texts == ["One.", *["You asked m-1 with ['look']."] * 2]


def test_free_form_tools_get_their_text_as_it_is() -> None:
    with serving(Reply(calls=(ToolCall("apply_patch", "*** Begin"),))) as server:
        (item,) = asked(server, PATHS[0]).json()["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin")


def test_lists_and_counts_are_no_part_of_the_script() -> None:
    with serving(Reply("One."), models=("m-1", "m-2")) as server:
        listed = httpx.get(f"{server.url}/models").json()
        theirs = httpx.get(f"{server.url}/models", headers={"anthropic-version": "x"}).json()
        count = asked(server, "/v1/messages/count_tokens", messages=[]).json()
        assert httpx.get(f"{server.url}/other").status_code == 404
        assert asked(server, "/v1/other").status_code == 404
        assert not server.calls
    assert [each["id"] for each in listed["data"]] == ["m-1", "m-2"]
    assert theirs["last_id"] == "m-2"
    assert count["input_tokens"] > 0


def test_a_body_in_chunks_is_read() -> None:
    def body() -> Any:
        yield b'{"model": '
        yield b'"m-1"}'

    with serving(Reply("One.")) as server:
        httpx.post(f"{server.url}/responses", content=body())
        assert server.requests == [{"model": "m-1"}]
