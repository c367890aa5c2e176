"""A call that goes on can be cut: the upstream is closed at once, and what was used is settled."""

import asyncio
import json
from typing import Any

import pytest

from missioncontrol.application.gateway_keys import GatewayKeys, IssueKeyFor
from missioncontrol.domain.budget.scopes import WORKSPACE, Cap
from missioncontrol.domain.gateway_key import RevokeKey
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway import server
from missioncontrol.interfaces.gateway.keys import IssuedKeys
from missioncontrol.ports.agent import Assignment
from missioncontrol.ports.gateway import Gateway
from tests.application.parts import CountingIds
from tests.gateway.answers import (
    CHAT_ASK,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_stream,
    messages_stream,
    responses_stream,
)
from tests.gateway.house import House, anthropic, house, openai, run
from tests.gateway.line import Line
from tests.gateway.test_accounts import ledger
from tests.gateway.upstream import RawCall, Script, scripted

STREAMS = [
    ("/v1/chat/completions", CHAT_ASK, chat_stream("He", "llo"), openai),
    ("/v1/responses", RESPONSES_ASK, responses_stream("He", "llo"), openai),
    ("/v1/messages", MESSAGES_ASK, messages_stream("He", "llo"), anthropic),
]


def assignment() -> Assignment:
    return Assignment("run-7", "w", "build", 1, 1, "key", "coder")


def said_at_the_end(path: str, stream: bytes) -> str:
    """Check that a stream ends with a well-formed error of its API; return its message."""
    assert stream.endswith(b"\n\n")
    lines = stream.decode().strip().split("\n\n")[-1].split("\n")
    data = json.loads(lines[-1].removeprefix("data: "))
    if "messages" in path:
        assert lines[0] == "event: error"
        assert data["type"] == "error"
        return str(data["error"]["message"])
    if "responses" in path:
        assert lines[0] == "event: response.failed"
        assert data["response"]["status"] == "failed"
        assert data["response"]["id"] == "resp_1"
        assert data["response"]["x_unknown"] == "kept"
        assert data["sequence_number"] == 2
        return str(data["response"]["error"]["message"])
    return str(data["error"]["message"])


async def held(ours: House, path: str, body: Any, key: str = "") -> RawCall:
    """Begin a stream that is held after its second event, and read what comes of it."""
    call = await ours.ask(path, {**body, "stream": True}, **({"key": key} if key else {}))
    await call.head()
    await call.piece()
    return call


@pytest.mark.parametrize(("path", "body", "chunks", "make"), STREAMS)
def test_when_the_block_of_an_attempt_ends_its_key_is_void_and_its_streams_are_cut(
    path: str, body: Any, chunks: list[bytes], make: Any
) -> None:
    async def main() -> None:
        async with (
            scripted(Script(chunks, hold_after=2)) as upstream,
            house(make(upstream)) as ours,
        ):
            line = Line()
            gateway: Gateway = ours.gateway
            with gateway.access(assignment(), line) as access:
                call = await held(ours, path, body, access.key)
                assert line.used == []
            [(usage, _)] = line.used
            assert usage.tokens > 0, "settled before the block has ended"
            rest = await call.rest()
            assert "is over" in said_at_the_end(path, rest)
            await asyncio.wait_for(upstream.closed.wait(), 60)
            reply = await (await ours.ask(path, body, key=access.key)).reply()
            assert reply.status == 401
            [written] = await ours.written()
            assert (written.outcome, written.code, written.is_estimated) == (
                "cut",
                "key.void",
                True,
            )
            assert (written.run, written.step, written.agent) == ("run-7", "build", "coder")

    run(main())


@pytest.mark.parametrize(("path", "body", "chunks", "make"), STREAMS)
@pytest.mark.parametrize("how", ["stop", "revoke"])
def test_an_emergency_stop_and_a_revoked_key_cut_what_goes_on(
    path: str, body: Any, chunks: list[bytes], make: Any, how: str
) -> None:
    async def main() -> None:
        async with (
            scripted(Script(chunks, hold_after=2)) as upstream,
            house(make(upstream)) as ours,
        ):
            call = await held(ours, path, body)
            if how == "stop":
                ours.stopped_because = "Everything was stopped."
            else:
                ours.keys.revoke(ours.key)
            message = said_at_the_end(path, await call.rest())
            assert message in ("Everything was stopped.", "The key of this call is void by now.")
            await asyncio.wait_for(upstream.closed.wait(), 60)
            assert not ours.account.open

    run(main())


@pytest.mark.parametrize(("path", "body", "chunks", "make"), STREAMS)
def test_when_the_caller_leaves_the_upstream_is_closed_and_the_call_is_settled(
    path: str, body: Any, chunks: list[bytes], make: Any
) -> None:
    async def main() -> None:
        async with (
            scripted(Script(chunks, hold_after=2)) as upstream,
            house(make(upstream)) as ours,
        ):
            call = await held(ours, path, body)
            call.close()
            await asyncio.wait_for(upstream.closed.wait(), 60)
            assert not ours.account.open
            [(_, usage)] = ours.account.settled
            assert usage.input_tokens > 0
            [written] = await ours.written()
            assert (written.outcome, written.code) == ("abandoned", "caller.gone")

    run(main())


def test_a_caller_that_leaves_before_anything_was_said_is_charged_for_its_question() -> None:
    async def main() -> None:
        async with scripted(Script(silent=True)) as upstream, house(openai(upstream)) as ours:
            for stream, output in ((True, 0), (False, 50)):
                upstream.closed.clear()
                call = await ours.ask("/v1/responses", {**RESPONSES_ASK, "stream": stream})
                await upstream.asked.wait()
                upstream.asked.clear()
                call.close()
                await asyncio.wait_for(upstream.closed.wait(), 60)
                usage = ours.account.settled[-1][1]
                assert usage.output_tokens == output
                assert usage.input_tokens == ours.account.admitted[-1][1]

    run(main())


def test_an_answer_that_goes_on_beyond_its_limit_is_cut() -> None:
    async def main() -> None:
        chunks = chat_stream(*["word " * 100] * 50)
        async with (
            scripted(Script(chunks, pause=0.001)) as upstream,
            house(openai(upstream)) as ours,
        ):
            ask = {**CHAT_ASK, "stream": True, "max_completion_tokens": 20}
            reply = await (await ours.ask("/v1/chat/completions", ask)).reply()
            message = said_at_the_end("/v1/chat/completions", reply.body)
            assert "beyond the 20 output tokens" in message
            [(_, usage)] = ours.account.settled
            assert usage.output_tokens == 20
            [written] = await ours.written()
            assert (written.outcome, written.code) == ("cut", "budget.exceeded")

    run(main())


def test_a_stream_that_breaks_off_ends_with_an_error_and_is_estimated() -> None:
    async def main() -> None:
        chunks = messages_stream("Hello")
        script = Script([*chunks[:4], chunks[4][:9]], drops=True)
        async with scripted(script) as upstream, house(anthropic(upstream)) as ours:
            reply = await (await ours.ask("/v1/messages", {**MESSAGES_ASK, "stream": True})).reply()
            assert "broke" in said_at_the_end("/v1/messages", reply.body)
            assert reply.body.startswith(b"".join(chunks[:4]))
            [(model, usage)] = ours.account.settled
            assert model == "claude-sonnet-4-5-20250929"
            assert usage == Usage(input_tokens=100, output_tokens=5, cost=None)
            [written] = await ours.written()
            assert (written.outcome, written.is_estimated) == ("failed", True)
            assert written.answer == "Hello"

    run(main())


@pytest.mark.parametrize("when", ["first", "idle"])
def test_an_upstream_that_falls_silent_is_given_up(when: str) -> None:
    async def main() -> None:
        script = Script(silent=True) if when == "first" else Script(messages_stream(), hold_after=2)
        async with (
            scripted(script) as upstream,
            house(anthropic(upstream, first_seconds=0.1, idle_seconds=0.1)) as ours,
        ):
            reply = await (await ours.ask("/v1/messages", {**MESSAGES_ASK, "stream": True})).reply()
            assert reply.status == (504 if when == "first" else 200)
            if when == "first":
                assert "time limit" in reply.json["error"]["message"]
            else:
                assert "sent nothing more" in said_at_the_end("/v1/messages", reply.body)

    run(main())


def test_closing_the_gateway_ends_every_stream_well() -> None:
    async def main() -> None:
        script = Script(messages_stream(), hold_after=2)
        async with scripted(script) as upstream, house(anthropic(upstream)) as ours:
            call = await held(ours, "/v1/messages", MESSAGES_ASK)
            reading = asyncio.create_task(call.rest())
            await ours.gateway.close()
            assert "closed" in said_at_the_end("/v1/messages", await reading)
            assert len(ours.log.calls) == 1

    run(main())


def test_a_revoked_key_cuts_its_streams_before_the_answer_to_who_revoked_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "WATCH_SECONDS", 3_600.0)

    async def main() -> None:
        script = Script(chat_stream("He", "llo"), hold_after=1)
        async with (
            ledger(Amount(tokens=900_000)) as books,
            scripted(script) as upstream,
            house(openai(upstream)) as ours,
        ):
            keys = GatewayKeys(books.journal)
            await keys.open()
            keys.revoked.append(ours.gateway.cut_void)
            ours.gateway._keys = IssuedKeys(keys, books.budgets, books.journal, CountingIds())
            cap = Cap(WORKSPACE, amount=Amount(tokens=900_000))
            books.budgets.set_cap(cap, actor="u", reason="Tests")
            issued = [await keys.issue(IssueKeyFor(name), actor="u") for name in ("one", "other")]
            calls = [
                await held(ours, "/v1/chat/completions", CHAT_ASK, str(each.key))
                for each in (*[issued[0]] * 20, issued[1])
            ]
            assert len(books.budgets.ledger.live) == 21
            keys.revoke(RevokeKey("one"), actor="u")
            assert len(books.budgets.ledger.live) == 1, "settled before `revoke` returns"
            for call in calls[:20]:
                rest = await asyncio.wait_for(call.rest(), 60)
                assert "was revoked" in said_at_the_end("/v1/chat/completions", rest)
            assert len(ours.gateway._key_of) == 1, "the other key goes on"
            calls[20].close()

    run(main())
