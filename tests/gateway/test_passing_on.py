"""Calls pass the gateway as they are, both ways, but for what policy changes."""

import gzip
import json
from typing import Any

import pytest

from missioncontrol.domain.work import Usage
from tests.gateway.answers import (
    CHAT_ASK,
    CHAT_WHOLE,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_stream,
    messages_stream,
    responses_stream,
)
from tests.gateway.house import SECRET, anthropic, house, openai, run
from tests.gateway.upstream import Script, scripted

CHAT_USED = Usage(120, 100, 9, 4, None, 0)
RESPONSES_USED = Usage(300, 200, 12, 5, None, 0)
MESSAGES_USED = Usage(100, 60, 15, 0, None, 30)


@pytest.mark.parametrize(
    ("path", "body", "chunks", "used", "make"),
    [
        (
            "/v1/chat/completions",
            {**CHAT_ASK, "stream_options": {"include_usage": True}},
            chat_stream("He", "llo"),
            CHAT_USED,
            openai,
        ),
        ("/v1/responses", RESPONSES_ASK, responses_stream("He", "llo"), RESPONSES_USED, openai),
        ("/responses", RESPONSES_ASK, responses_stream("He", "llo"), RESPONSES_USED, openai),
        ("/v1/messages", MESSAGES_ASK, messages_stream("He", "llo"), MESSAGES_USED, anthropic),
        ("/v1/messages?beta=true", MESSAGES_ASK, messages_stream(), MESSAGES_USED, anthropic),
    ],
)
def test_a_stream_passes_byte_for_byte_and_is_metered(
    path: str, body: dict[str, Any], chunks: list[bytes], used: Usage, make: Any
) -> None:
    async def main() -> None:
        sent = json.dumps({**body, "stream": True}, indent=1).encode()
        async with scripted(Script(chunks)) as upstream, house(make(upstream)) as ours:
            reply = await (await ours.ask(path, sent)).reply()
            assert (reply.status, reply.body) == (200, b"".join(chunks))
            assert upstream.seen[0].body == sent
            assert upstream.seen[0].target == "/v1" + path.removeprefix("/v1")
            assert [usage for _, usage in ours.account.settled] == [used]
            [call] = await ours.written()
            assert (call.outcome, call.usage, call.is_estimated) == ("answered", used, False)
            assert (call.agent, call.run, call.step) == ("coder", "run-1", "a")

    run(main())


def test_usage_that_only_we_asked_for_is_left_out_of_the_stream() -> None:
    async def main() -> None:
        chunks = chat_stream("He", "llo")
        ask = {**CHAT_ASK, "stream": True, "stream_options": {"other": 1}}
        async with scripted(Script(chunks)) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask("/v1/chat/completions", ask)).reply()
            assert reply.body == b"".join([*chunks[:2], chunks[3]])
            assert upstream.seen[0].json == {
                **ask,
                "stream_options": {"other": 1, "include_usage": True},
            }
            assert b"1.5}" in upstream.seen[0].body
            assert ours.account.settled == [("gpt-4o-2024-08-06", CHAT_USED)]

    run(main())


def test_a_whole_answer_passes_with_its_headers() -> None:
    async def main() -> None:
        content = json.dumps(CHAT_WHOLE, indent=3).encode()
        script = Script(
            [content[:7], content[7:]],
            content_type="application/json",
            headers={"X-Request-Id": "req-1", "Connection": "x-hop", "X-Hop": "1"},
        )
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK)).reply()
            assert reply.body == content
            assert reply.headers["x-request-id"] == "req-1"
            assert "x-hop" not in reply.headers
            assert ours.account.settled == [("gpt-4o-2024-08-06", CHAT_USED)]
            [call] = await ours.written()
            assert call.answer == "Hello there"

    run(main())


def test_the_key_of_the_upstream_takes_the_place_of_ours() -> None:
    async def main() -> None:
        headers = {"X-Api-Key": "", "Anthropic-Beta": "a", "anthropic-version": "2023-06-01"}
        async with (
            scripted(Script(messages_stream())) as upstream,
            house(anthropic(upstream)) as ours,
        ):
            headers["X-Api-Key"] = ours.key
            call = await ours.ask("/v1/messages", MESSAGES_ASK, headers=headers, key="other")
            await call.reply()
            seen = upstream.seen[0].headers
            assert seen["x-api-key"] == SECRET
            assert "authorization" not in seen
            assert seen["anthropic-beta"] == "a"
            assert seen["accept-encoding"] == "identity"
            assert ours.key not in str(seen)

    run(main())


def test_a_packed_stream_passes_as_it_is_and_is_metered_all_the_same() -> None:
    async def main() -> None:
        packed = gzip.compress(b"".join(messages_stream("Hello")))
        script = Script([packed[:20], packed[20:]], headers={"Content-Encoding": "gzip"})
        async with scripted(script) as upstream, house(anthropic(upstream)) as ours:
            ask = {**MESSAGES_ASK, "stream": True}
            reply = await (await ours.ask("/v1/messages", ask)).reply()
            assert reply.body == packed
            assert [usage for _, usage in ours.account.settled] == [MESSAGES_USED]

    run(main())


def test_an_error_of_the_upstream_passes_as_it_is_and_costs_nothing() -> None:
    async def main() -> None:
        content = b'{"error": {"message": "slow down", "type": "x"}}'
        script = Script(
            [content],
            status=429,
            content_type="application/json",
            headers={"Retry-After": "7"},
        )
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask("/v1/responses", RESPONSES_ASK)).reply()
            assert (reply.status, reply.body) == (429, content)
            assert reply.headers["retry-after"] == "7"
            assert ours.account.settled == [("gpt-5", Usage())]
            [call] = await ours.written()
            assert (call.outcome, call.status, call.answer) == ("failed", 429, content.decode())

    run(main())


def test_counting_tokens_is_passed_on_and_paid_for_by_nobody() -> None:
    async def main() -> None:
        script = Script([b'{"input_tokens": 12}'], content_type="application/json")
        async with scripted(script) as upstream, house(anthropic(upstream)) as ours:
            ask = {"model": "claude-sonnet-4-5", "messages": []}
            reply = await (await ours.ask("/v1/messages/count_tokens", ask)).reply()
            assert reply.json == {"input_tokens": 12}
            assert upstream.seen[0].target == "/v1/messages/count_tokens"
            assert ours.account.admitted == []

    run(main())


def test_a_limit_is_added_where_the_caller_names_none() -> None:
    async def main() -> None:
        script = Script([json.dumps(CHAT_WHOLE).encode()], content_type="application/json")
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            for path, ask in (
                ("/v1/chat/completions", {"model": "gpt-4o", "messages": [], "n": 2}),
                ("/v1/responses", {"model": "gpt-5", "input": "Hi"}),
            ):
                await (await ours.ask(path, ask)).reply()
            assert upstream.seen[0].json["max_completion_tokens"] == 32_000
            assert upstream.seen[1].json["max_output_tokens"] == 32_000
            assert [each[2] for each in ours.account.admitted] == [64_000, 32_000]

    run(main())
