"""Requests and answers that mean to be read differently, or to lead around the gateway."""

import asyncio
import gzip
import json
import math
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.price import cost
from missioncontrol.domain.routing import ModelCard
from missioncontrol.interfaces.gateway import call_request, server
from missioncontrol.interfaces.gateway.call_request import parse_request
from missioncontrol.interfaces.gateway.dialects import MESSAGES
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.model_answer import ReceivedAnswer
from missioncontrol.interfaces.gateway.recording import RECEIVED_MAX, Draft, redacted
from missioncontrol.interfaces.gateway.settings import GatewayPolicy
from missioncontrol.ports.call_log import Call
from tests.gateway.answers import (
    CHAT_ASK,
    CHAT_WHOLE,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_chunk,
    chat_stream,
    event,
    messages_stream,
    responses_stream,
)
from tests.gateway.house import SECRET, OpenAccount, anthropic, house, openai, run
from tests.gateway.upstream import Reply, Script, ask, scripted

WHOLE = Script([json.dumps(CHAT_WHOLE).encode()], content_type="application/json")
CHAT = "/v1/chat/completions"


def answered(body: Any, *scripts: Script, path: str = CHAT, **more: Any) -> tuple[Reply, Any]:
    """Ask once, and return the reply with what the upstream saw of it, if anything."""

    async def main() -> tuple[Reply, Any]:
        async with scripted(*(scripts or (WHOLE,))) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask(path, body, **more)).reply()
            return reply, upstream.seen[0] if upstream.seen else None

    return run(main())


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"dear","model":"gpt-4o","messages":[]}',
        b'{"model":"gpt-4o","messages":[],"model":"gpt-4o"}',
        b'{"model":"gpt-4o","max_tokens":9,"messages":[], "m\\u0061x_tokens":90000}',
        b'{"model":"gpt-4o","Model":"dear","messages":[]}',
        b'{"model":"gpt-4o","MAX_TOKENS":90000,"messages":[]}',
    ],
)
def test_a_field_that_two_readers_could_read_differently_is_refused(body: bytes) -> None:
    reply, seen = answered(body)
    assert (reply.status, reply.json["error"]["code"]) == (400, "call.malformed")
    assert seen is None


@pytest.mark.parametrize(
    "body",
    [
        b' { "model" : "gpt-4o" ,\r\n\t"messages":[ ] , "max_tokens" : 5 } ',
        b'{"\\u006dodel":"gpt-4o","messages":[],"max_tokens":5}',
        '{"model":"gpt-4o","messages":[],"max_tokens":5,"é":{"a":1,"a":2}}'.encode(),
        b'{"model":"gpt-4o","messages":[],"max_tokens":5,"\\u00e9":1}',
    ],
)
def test_a_request_that_is_written_oddly_passes_byte_for_byte(body: bytes) -> None:
    reply, seen = answered(body)
    assert (reply.status, seen.body) == (200, body)


def test_a_value_that_is_refused_is_told_in_few_words() -> None:
    reply, _ = answered({**CHAT_ASK, "stream": "y" * 100_000})
    assert reply.status == 400
    assert len(reply.body) < 1_000


def test_a_request_of_more_values_than_a_model_reads_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_request, "PARTS_MAX", 1_000)
    reply, seen = answered({**CHAT_ASK, "messages": [[]] * 1_001})
    assert (reply.status, seen) == (400, None)
    assert answered({**CHAT_ASK, "user": "," * 900})[0].status == 200


@pytest.mark.parametrize("name", ["image", "image_url", "input_image"])
def test_what_a_tool_was_given_is_text_even_if_it_looks_like_an_image(name: str) -> None:
    text = "word " * 20_000
    use = {"type": "tool_use", "id": "t", "name": "draw", "input": {"type": name, "alt": text}}
    body = {**MESSAGES_ASK, "messages": [{"role": "assistant", "content": [use]}]}
    call = parse_request(json.dumps(body).encode(), MESSAGES.limits)
    assert call.input_tokens(ModelCard("m")) > len(text)


def test_only_the_content_of_an_image_counts_as_an_image() -> None:
    image = {"url": "data:image/png;base64,AAAA", "detail": "word " * 20_000}
    part = {"type": "image_url", "image_url": image}
    body = {**CHAT_ASK, "messages": [{"role": "user", "content": [part]}]}
    call = parse_request(json.dumps(body).encode(), MESSAGES.limits)
    assert call.input_tokens(ModelCard("m")) > 100_000


def test_a_packed_request_is_refused_and_told_why() -> None:
    body = gzip.compress(json.dumps(CHAT_ASK).encode())
    reply, seen = answered(body, headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.json["error"]["code"], seen) == (415, "call.packed", None)
    assert answered(CHAT_ASK, headers={"Content-Encoding": "identity"})[0].status == 200


def test_a_stream_over_http_1_0_is_refused() -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(openai(upstream)) as ours:
            reader, writer = await asyncio.open_connection("127.0.0.1", ours.port)
            body = json.dumps({**CHAT_ASK, "stream": True})
            head = f"POST {CHAT} HTTP/1.0\r\nx-api-key: {ours.key}\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = await reader.read()
            writer.close()
            assert b"call.old_http" in answer
            assert upstream.seen == []

    run(main())


@pytest.mark.parametrize("named", [("speed", "fast"), ("service_tier", "priority")])
def test_what_costs_more_than_its_price_is_refused(named: tuple[str, str]) -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(anthropic(upstream)) as ours:
            body = {**MESSAGES_ASK, named[0]: named[1]}
            reply = await (await ours.ask("/v1/messages", body)).reply()
            assert reply.status == 403
            assert named[0] in reply.json["error"]["message"]
            assert upstream.seen == []

    run(main())


def test_the_key_leaves_in_no_header_and_a_key_in_the_address_is_refused() -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(openai(upstream)) as ours:
            more = {"api-key": ours.key, "x-goog-api-key": f"k {ours.key}", "x-kept": "1"}
            reply = await (await ours.ask(CHAT, CHAT_ASK, headers=more)).reply()
            assert reply.status == 200
            [seen] = upstream.seen
            assert seen.headers["x-kept"] == "1"
            assert ours.key not in str(seen.headers)
            reply = await (await ours.ask(f"{CHAT}?key={ours.key}", CHAT_ASK)).reply()
            assert (reply.status, reply.json["error"]["code"]) == (400, "key.in_address")
            assert len(upstream.seen) == 1

    run(main())


def test_one_known_key_of_several_is_taken_and_two_known_ones_contradict_each_other() -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(openai(upstream)) as ours:
            other = ours.keys.issue(Caller("other", OpenAccount()))
            for key, status in (("sk-theirs", 200), (ours.key, 200), (other, 400)):
                reply = await (await ours.ask(CHAT, CHAT_ASK, headers={"x-api-key": key})).reply()
                assert reply.status == status

    run(main())


def test_a_header_in_utf_8_passes_as_it_came() -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(openai(upstream)) as ours:
            await (await ours.ask(CHAT, CHAT_ASK, headers={"x-who": "Zoé"})).reply()
            assert upstream.seen[0].headers["x-who"].encode("latin-1").decode() == "Zoé"

    run(main())


def test_a_redirection_leads_no_tool_around_the_gateway() -> None:
    reply, _ = answered(CHAT_ASK, Script(status=307, headers={"Location": "http://127.0.0.1:1/"}))
    assert (reply.status, reply.json["error"]["code"]) == (502, "upstream.elsewhere")
    assert "location" not in reply.headers


def test_an_upstream_that_repeats_its_key_does_not_tell_it() -> None:
    body = json.dumps({"error": {"message": f"Bad key: Bearer {SECRET}"}}).encode()
    reply, _ = answered(CHAT_ASK, Script([body], status=401, headers={"x-seen": SECRET}))
    assert reply.status == 401
    assert SECRET not in reply.body.decode() + str(reply.headers)
    assert "Bad key: Bearer [secret]" in reply.json["error"]["message"]


@pytest.mark.parametrize("left_out", [1, 2])
def test_a_last_event_without_its_blank_line_is_read_all_the_same(left_out: int) -> None:
    async def main() -> None:
        content = b"".join(responses_stream("Hi"))[:-left_out]
        async with scripted(Script([content])) as upstream, house(openai(upstream)) as ours:
            ask = {**RESPONSES_ASK, "stream": True}
            reply = await (await ours.ask("/v1/responses", ask)).reply()
            assert reply.body == content
            assert [usage.tokens for _, usage in ours.account.settled] == [312]

    run(main())


def test_requests_that_arrive_count_among_those_at_once() -> None:
    async def main() -> None:
        policy = GatewayPolicy(calls_at_once=1)
        async with scripted(WHOLE) as upstream, house(openai(upstream), policy=policy) as ours:
            _, writer = await asyncio.open_connection("127.0.0.1", ours.port)
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nx-api-key: {ours.key}\r\n"
            writer.write(f"{head}Content-Length: 100\r\n\r\n".encode() + b"{")
            while not len(ours.gateway._traffic):  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0)
            reply = await (await ours.ask(CHAT, CHAT_ASK)).reply()
            assert (reply.status, reply.json["error"]["code"]) == (429, "gateway.too_many_at_once")
            writer.close()
            while len(ours.gateway._traffic):  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0)
            assert (await (await ours.ask(CHAT, CHAT_ASK)).reply()).status == 200

    run(main())


def test_a_request_that_never_goes_on_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PIECE_SECONDS_MAX", 0.02)

    async def main() -> None:
        async with house() as ours:
            reader, writer = await asyncio.open_connection("127.0.0.1", ours.port)
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nx-api-key: {ours.key}\r\n"
            writer.write(f"{head}Content-Length: 100\r\n\r\n".encode() + b"{")
            assert b"408" in await reader.readline()
            writer.close()

    run(main())


def test_a_key_with_a_line_end_is_sent_without_it() -> None:
    async def main() -> None:
        async with scripted(WHOLE) as upstream, house(openai(upstream)) as ours:
            ours.gateway.pool._secret = lambda _: SECRET + "\n"
            assert (await (await ours.ask(CHAT, CHAT_ASK)).reply()).status == 200
            assert upstream.seen[0].headers["authorization"] == f"Bearer {SECRET}"

    run(main())


def test_a_key_store_that_breaks_leaves_an_upstream_that_can_be_probed_again() -> None:
    async def main() -> None:
        failing = Script([b"{}"], status=500, content_type="application/json")
        async with (
            scripted(failing, WHOLE) as upstream,
            house(openai(upstream, failures_max=1, rest_seconds=0.0)) as ours,
        ):
            assert (await (await ours.ask(CHAT, CHAT_ASK)).reply()).status == 500
            known, ours.gateway.pool._secret = ours.gateway.pool._secret, lambda _: 1 / 0  # type: ignore[assignment,return-value]
            assert (await (await ours.ask(CHAT, CHAT_ASK)).reply()).status == 500
            ours.gateway.pool._secret = known
            assert (await (await ours.ask(CHAT, CHAT_ASK)).reply()).status == 200

    run(main())


def test_answers_that_come_side_by_side_are_kept_apart() -> None:
    def choice(index: int, word: str) -> bytes:
        delta = {"index": index, "delta": {"content": word}, "finish_reason": None}
        return event(chat_chunk(choices=[delta]))

    pieces = [SECRET[at : at + 4] for at in range(0, len(SECRET), 4)]
    stream = [choice(index, piece) for piece in pieces for index in (0, 1)]

    async def main() -> None:
        script = Script([*stream, *chat_stream()])
        hidden = SECRET.encode()
        scrub = lambda content: content.replace(hidden, b"[secret]")  # noqa: E731
        async with scripted(script) as upstream, house(openai(upstream), scrub=scrub) as ours:
            body = {**CHAT_ASK, "stream": True, "n": 2}
            await (await ours.ask(CHAT, body)).reply()
            [call] = await ours.written()
            assert call.answer == "[secret]\n[secret]"

    run(main())


def test_arguments_that_are_kept_in_part_hold_no_half_of_a_secret() -> None:
    parsed = ReceivedAnswer(stored_max=RECEIVED_MAX)
    parsed.say("x" * (RECEIVED_MAX - 100))
    parsed.call(0, "shell", "echo " + "y" * 80 + SECRET)
    draft = Draft(Call("c", 0, "k", "chat", "answered", 200), heard=parsed)
    call = redacted(draft, lambda content: content.replace(SECRET.encode(), b""))
    assert call.called[0].name == "shell"
    assert SECRET[:8] not in call.called[0].arguments


def test_what_is_no_http_is_not_repeated_to_whoever_asks_next() -> None:
    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"somebody else's answer\r\n\r\n")
            writer.close()

        rude = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{rude.sockets[0].getsockname()[1]}/v1"
        from missioncontrol.interfaces.gateway.settings import Upstream

        async with house(Upstream("rude", url, "openai")) as ours:
            reply = await (await ask(ours.port, CHAT, CHAT_ASK, key=ours.key)).reply()
            assert reply.status == 502
            assert b"somebody" not in reply.body
        rude.close()

    run(main())


@pytest.mark.parametrize(
    "more",
    [
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy"}},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
    ],
)
def test_audio_is_refused_for_it_costs_more_than_text(more: dict[str, Any]) -> None:
    reply, seen = answered({**CHAT_ASK, **more})
    assert (reply.status, reply.json["error"]["code"], seen) == (403, "call.ungoverned", None)


HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.mark.parametrize(
    "more",
    [
        HOUR,
        {"system": [{"type": "text", "text": "x", **HOUR}]},
        {"tools": [{"name": "t", "input_schema": {}, **HOUR}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {}, **HOUR}]}]},
    ],
)
def test_what_a_cache_keeps_for_an_hour_is_reserved_at_its_price(more: dict[str, Any]) -> None:
    def most(body: dict[str, Any]) -> int:
        call = parse_request(json.dumps(body).encode(), MESSAGES.limits)
        return call.input_tokens(ModelCard("m", context=1_000))

    short = json.loads(json.dumps(more).replace("1h", "5m"))
    assert (most({**MESSAGES_ASK, **short}), most({**MESSAGES_ASK, **more})) == (1_000, 1_600)


@pytest.mark.parametrize(("claimed", "charged"), [(20, 20), (10**9, 30)])
def test_what_a_cache_keeps_for_an_hour_is_charged_at_its_price(claimed: int, charged: int) -> None:
    stream = b"".join(messages_stream("Hi"))
    start = b'"cache_read_input_tokens"'
    detail = b'"cache_creation":{"ephemeral_1h_input_tokens":%d},' % claimed
    price = GenaiPrices().price("claude-sonnet-4-5", 1_790_000_000.0)
    assert price is not None

    async def main() -> None:
        script = Script([stream.replace(start, detail + start)])
        async with (
            scripted(script) as upstream,
            house(anthropic(upstream), price=lambda _: price) as ours,
        ):
            body = {**MESSAGES_ASK, **HOUR, "stream": True}
            await (await ours.ask("/v1/messages", body)).reply()
            [(_, usage)] = ours.account.settled
            assert usage.cache_write_tokens == 30
            without = msgspec.structs.replace(usage, cost=None)
            assert usage.cost == cost(price, without) + math.ceil((6 - 3.75) * charged)
            [call] = await ours.written()
            assert call.usage.cost == usage.cost

    run(main())
