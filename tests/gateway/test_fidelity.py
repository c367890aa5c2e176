"""However an upstream cuts its stream into pieces, the caller gets the same bytes and usage."""

import json
import socket
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.routing import ModelCard, Route, Routing
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.keys import Caller, MemoryKeys
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from missioncontrol.interfaces.listeners import listening
from missioncontrol.ports.agent import Assignment
from tests.gateway.answers import (
    CHAT_ASK,
    CHAT_WHOLE,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_stream,
    messages_stream,
    responses_stream,
)
from tests.gateway.house import OpenAccount, anthropic, house, openai, run
from tests.gateway.line import Line
from tests.gateway.upstream import Script, scripted

WORDS = st.lists(st.text(min_size=1, max_size=6), max_size=5)


def cut(whole: bytes, places: set[int]) -> list[bytes]:
    ends = sorted({0, len(whole), *(place % len(whole) for place in places)})
    return [whole[a:b] for a, b in pairwise(ends)]


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(["chat", "responses", "messages"]),
    WORDS,
    st.sets(st.integers(0, 10_000), max_size=20),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_chunks_do_not_matter(kind: str, words: list[str], places: set[int], end: bytes) -> None:
    stream, path, ask, make, used = {
        "chat": (chat_stream, "/v1/chat/completions", CHAT_ASK, openai, 129),
        "responses": (responses_stream, "/v1/responses", RESPONSES_ASK, openai, 312),
        "messages": (messages_stream, "/v1/messages", MESSAGES_ASK, anthropic, 115),
    }[kind]
    events: list[bytes] = [event.replace(b"\n", end) for event in stream(*words)]
    whole = b"".join(events)
    wanted = whole if kind != "chat" else b"".join([*events[:-2], events[-1]])

    async def main() -> None:
        async with (
            scripted(Script(cut(whole, places))) as upstream,
            house(make(upstream)) as ours,
        ):
            body: Any = {**ask, "stream": True}
            reply = await (await ours.ask(path, body)).reply()
            assert reply.body == wanted
            assert [usage.tokens for _, usage in ours.account.settled] == [used]
            [call] = await ours.written()
            assert call.answer == "".join(words)

    run(main())


@pytest.mark.parametrize(
    ("path", "ask", "chunks", "make"),
    [
        ("/v1/chat/completions", CHAT_ASK, chat_stream("Hi"), openai),
        ("/v1/responses", RESPONSES_ASK, responses_stream("Hi"), openai),
        ("/v1/messages", MESSAGES_ASK, messages_stream("Hi"), anthropic),
    ],
)
def test_a_call_is_settled_before_its_caller_knows_that_it_is_over(
    path: str, ask: dict[str, Any], chunks: list[bytes], make: Any
) -> None:
    async def main() -> None:
        script = Script([*chunks, b""], hold_after=len(chunks))
        async with scripted(script) as upstream, house(make(upstream)) as ours:
            call = await (await ours.ask(path, {**ask, "stream": True})).head()
            seen = b""
            while chunks[-1] not in seen:
                seen += await call.piece()
            assert not ours.account.open
            [(_, usage)] = ours.account.settled
            assert usage.output_tokens in (9, 12, 15)
            call.close()
            [written] = await ours.written()
            assert not written.is_estimated

    run(main())


def test_a_fallback_answers_where_the_first_model_fails() -> None:
    async def main() -> None:
        down = Script([b"{}"], status=503, content_type="application/json")
        fine = Script([json.dumps(CHAT_WHOLE).encode()], content_type="application/json")
        routing = Routing(routes=(Route("best", ("lost", "big", "small")),))
        async with (
            scripted(down, fine) as upstream,
            house(
                Upstream("gone", "http://127.0.0.1:9/v1", "openai", models=("lost",)),
                openai(upstream, models=("big", "small")),
                policy=GatewayPolicy(routing=routing),
            ) as ours,
        ):
            ask = {**CHAT_ASK, "model": "best"}
            reply = await (await ours.ask("/v1/chat/completions", ask)).reply()
            assert (reply.status, reply.json) == (200, CHAT_WHOLE)
            assert [seen.json["model"] for seen in upstream.seen] == ["big", "small"]
            assert [usage.tokens for _, usage in ours.account.settled] == [0, 0, 129]
            assert not ours.account.open

    run(main())


def test_the_last_failure_passes_where_every_fallback_fails() -> None:
    async def main() -> None:
        down = Script([b'{"said": 1}'], status=503, content_type="application/json")
        routing = Routing(routes=(Route("best", ("big", "small")),))
        async with (
            scripted(down) as upstream,
            house(openai(upstream), policy=GatewayPolicy(routing=routing)) as ours,
        ):
            ask = {**CHAT_ASK, "model": "best"}
            reply = await (await ours.ask("/v1/chat/completions", ask)).reply()
            assert (reply.status, reply.json) == (503, {"said": 1})
            assert len(upstream.seen) == 2

    run(main())


def test_the_cheapest_model_that_is_able_is_asked() -> None:
    async def main() -> None:
        fine = Script([json.dumps(CHAT_WHOLE).encode()], content_type="application/json")
        cards = (ModelCard("gpt-4o", vision=True), ModelCard("gpt-4o-mini"))
        routing = Routing(routes=(Route("any", ("gpt-4o", "gpt-4o-mini"), by="cost"),))
        async with (
            scripted(fine) as upstream,
            house(
                openai(upstream, cards=cards),
                policy=GatewayPolicy(routing=routing),
                price=lambda model: GenaiPrices().price(model, 1_790_000_000),
            ) as ours,
        ):
            image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
            for content in ("Hi", [image]):
                messages = [{"role": "user", "content": content}]
                ask = {**CHAT_ASK, "model": "any", "messages": messages}
                await (await ours.ask("/v1/chat/completions", ask)).reply()
            assert [seen.json["model"] for seen in upstream.seen] == ["gpt-4o-mini", "gpt-4o"]

    run(main())


def test_a_packed_answer_that_can_not_be_read_counts_as_long_as_it_could_be() -> None:
    async def main() -> None:
        script = Script(messages_stream("Hi"), headers={"Content-Encoding": "br"})
        async with scripted(script) as upstream, house(anthropic(upstream)) as ours:
            ask = {**MESSAGES_ASK, "stream": True}
            reply = await (await ours.ask("/v1/messages", ask)).reply()
            assert reply.body == b"".join(messages_stream("Hi"))
            [(_, input_tokens, output_tokens)] = ours.account.admitted
            used = Usage(input_tokens, output_tokens=output_tokens, cost=None)
            assert ours.account.settled == [("claude-sonnet-4-5", used)]

    run(main())


def test_an_attempt_pays_for_its_calls_on_its_own_line() -> None:
    async def main() -> None:
        work = Assignment("run-7", "w", "build", 1, 1, "key", "coder")
        async with (
            scripted(Script(messages_stream("Hi"))) as upstream,
            house(anthropic(upstream)) as ours,
        ):
            line = Line()
            with ours.gateway.access(work, line, models=("claude-*",)) as access:
                assert access.url == f"http://127.0.0.1:{ours.port}"
                ask = {**MESSAGES_ASK, "stream": True}
                reply = await (await ours.ask("/v1/messages", ask, key=access.key)).reply()
                assert reply.status == 200
                other = {**MESSAGES_ASK, "model": "gpt-5"}
                reply = await (await ours.ask("/v1/messages", other, key=access.key)).reply()
                assert reply.status == 403
                line.tokens = 0
                reply = await (await ours.ask("/v1/messages", ask, key=access.key)).reply()
                assert reply.status == 402
            [(usage, model)] = line.used
            assert (usage.tokens, model) == (115, "claude-sonnet-4-5-20250929")

    run(main())


def test_a_key_ends_when_it_was_said_to() -> None:
    now = [100.0]
    keys = MemoryKeys(lambda: now[0])
    caller = Caller("short", OpenAccount())
    key = keys.issue(caller, until=200.0)
    assert keys.find(key) is caller
    now[0] = 200.0
    assert keys.find(key) is None
    other = keys.issue(caller)
    keys.revoke(other)
    keys.revoke(other)
    assert keys.find(other) is None
    assert key not in repr(vars(keys))


def test_answers_leave_at_once_and_not_after_a_delay_of_the_system() -> None:
    with listening(0) as door, socket.create_connection(door.getsockname()):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP, "asyncio looks at it"
