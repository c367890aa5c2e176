"""What is too large, too slow or broken does no harm."""

import asyncio
import json

import pytest

from missioncontrol.domain.errors import NotFound, Unavailable
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.interfaces.gateway import exchange, keys, server, traffic
from missioncontrol.interfaces.gateway.keys import Caller, MemoryKeys
from missioncontrol.interfaces.gateway.refusal import Refusal
from missioncontrol.interfaces.gateway.server import GatewayServer
from missioncontrol.interfaces.gateway.settings import GatewayPolicy
from missioncontrol.interfaces.gateway.traffic import Stubborn, Traffic
from missioncontrol.ports.agent import Assignment, AttemptFailed
from tests.gateway.answers import CHAT_ASK, CHAT_WHOLE, MESSAGES_ASK, chat_chunk, event
from tests.gateway.house import OpenAccount, house, openai, run
from tests.gateway.line import Line
from tests.gateway.upstream import Script, ask, scripted

CONTENT = json.dumps(CHAT_WHOLE).encode()


def test_an_upstream_key_that_is_missing_is_told_and_nothing_is_charged() -> None:
    def missing(name: str) -> str:
        raise NotFound("secret.unknown", f"There is no secret {name!r}.", hint="Put it there.")

    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            ours.gateway.pool._secret = missing
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK)).reply()
            assert reply.status == 502
            assert reply.json["error"]["message"] == (
                "There is no secret 'upstream'. Put it there."
            )
            assert ours.account.settled == [("gpt-4o", NO_USAGE)]
            assert upstream.seen == []

    run(main())


def test_a_request_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_BYTES_MAX", 100)

    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            big = {**CHAT_ASK, "user": "x" * 200}
            reply = await (await ours.ask("/v1/chat/completions", big)).reply()
            assert (reply.status, reply.json["error"]["code"]) == (413, "call.too_large")

    run(main())


def test_a_whole_answer_that_is_very_long_passes_and_counts_as_long_as_it_could_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "BODY_BYTES_MAX", 100)

    async def main() -> None:
        chunks = [CONTENT[:150], CONTENT[150:]]
        script = Script(chunks, content_type="application/json", pause=0.01)
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK)).reply()
            assert reply.body == CONTENT
            assert ours.account.settled[0][1].output_tokens == 50
            [call] = await ours.written()
            assert (call.outcome, call.is_estimated) == ("answered", True)

    run(main())


def test_a_whole_answer_that_breaks_off_is_an_error_of_ours() -> None:
    async def main() -> None:
        script = Script([CONTENT[:50]], content_type="application/json", drops=True)
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK)).reply()
            assert (reply.status, reply.json["error"]["code"]) == (502, "upstream.broke_off")
            [call] = await ours.written()
            assert (call.outcome, call.is_estimated) == ("failed", True)

    run(main())


def test_a_caller_that_reads_nothing_holds_the_upstream_back() -> None:
    async def main() -> None:
        size, count = 64 * 1024, 1_000
        chunk = event(chat_chunk("x" * size))
        script = Script([chunk] * count)
        written = 0

        class Counting(list[bytes]):
            def __iter__(self):  # type: ignore[no-untyped-def]
                nonlocal written
                for each in list.__iter__(self):
                    written += 1
                    yield each

        script.chunks = Counting(script.chunks)
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            body = {**CHAT_ASK, "stream": True, "max_completion_tokens": 10**8}
            call = await (await ask(ours.port, "/v1/chat/completions", body, key=ours.key)).head()
            call.reader._transport.pause_reading()  # type: ignore[attr-defined]
            before = -1
            while before != written:
                before = written
                await asyncio.sleep(0.2)
            assert written < count / 2
            call.close()
            await asyncio.wait_for(upstream.closed.wait(), 60)

    run(main())


def test_a_key_that_is_void_while_its_call_is_admitted_reserves_nothing() -> None:
    class Slow(OpenAccount):
        async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
            started.set()
            await asyncio.sleep(60)
            raise AssertionError

    started = asyncio.Event()

    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            key = ours.keys.issue(Caller("slow", Slow()))
            call = await ours.ask("/v1/chat/completions", CHAT_ASK, key=key)
            await started.wait()
            ours.keys.revoke(key)
            reply = await call.reply()
            assert (reply.status, reply.json["error"]["code"]) == (401, "key.void")
            assert upstream.seen == []

    run(main())


def test_a_caller_that_leaves_within_its_question_is_forgotten() -> None:
    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            _, writer = await asyncio.open_connection("127.0.0.1", ours.port)
            head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nx-api-key: {ours.key}\r\n"
            writer.write(f"{head}Content-Length: 100\r\n\r\nhalf".encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            assert len(ours.gateway._traffic) == 0
            assert await ours.written() == []

    run(main())


def test_a_gateway_that_is_not_open_lends_no_key() -> None:
    gateway = GatewayServer(GatewayPolicy(), (), secret=str)
    work = Assignment("run-7", "w", "build", 1, 1, "key", "coder")
    with pytest.raises(Exception, match="not open"), gateway.access(work, Line()):
        pass


def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            other = GatewayServer(GatewayPolicy(), (), secret=str)
            with pytest.raises(OSError, match="in use"):
                await other.open(ours.port)
            with pytest.raises(OSError, match="port"):
                await other.open(99_999)

    run(main())


def test_there_are_only_so_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEYS_MAX", 2)
    now = [0.0]
    known = MemoryKeys(lambda: now[0])
    caller = Caller("many", OpenAccount())
    known.issue(caller, until=5.0)
    issued = known.issue(caller)
    with pytest.raises(Exception, match="keys already"):
        known.issue(caller)
    now[0] = 5.0
    assert known.find(known.issue(caller)) is caller
    assert known.find(issued) is caller


def test_a_call_that_is_answered_ends_a_row_of_refusals() -> None:
    counted = Traffic(GatewayPolicy(refusals_per_minute=2))
    caller = Caller("c", OpenAccount())
    no = Refusal(402, "budget.exceeded", "No.")
    counted.refused(caller, no, 1.0)
    counted.answered(caller)
    for number in range(2):
        counted.admit(caller, 2.0 + number)
        counted.refused(caller, no, 2.0 + number)
    with pytest.raises(Stubborn):
        counted.admit(caller, 4.0)


def test_who_has_not_called_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "CALLERS_MAX", 3)
    counted = Traffic(GatewayPolicy(calls_per_minute=1))
    for number in range(10):
        counted.admit(Caller(f"c{number}", OpenAccount()), float(number))
    assert len(counted._callers) == 3
    with pytest.raises(Refusal) as refused:
        counted.admit(Caller("c9", OpenAccount()), 30.0)
    assert refused.value.retry_seconds == 39.0
    counted.admit(Caller("c9", OpenAccount()), 69.5)


def test_a_ledger_that_can_not_be_written_stops_the_call() -> None:
    class Unwritable(OpenAccount):
        async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
            raise Unavailable("log.unwritable", "The log can't be written.")

    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            key = ours.keys.issue(Caller("unlucky", Unwritable()))
            call = await ours.ask("/v1/chat/completions", CHAT_ASK, key=key)
            reply = await call.reply()
            assert (reply.status, reply.json["error"]["code"]) == (503, "log.unwritable")
            assert upstream.seen == []

    run(main())


def test_a_fault_of_ours_is_an_error_of_the_api_too(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(OpenAccount):
        async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
            raise ZeroDivisionError

    async def main() -> None:
        async with scripted(Script()) as upstream, house(openai(upstream)) as ours:
            key = ours.keys.issue(Caller("unlucky", Broken()))
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK, key=key)).reply()
            assert (reply.status, reply.json["error"]["code"]) == (500, "gateway.broken")
            [call] = await ours.written()
            assert (call.outcome, call.status) == ("failed", 500)

    run(main())
    assert "ZeroDivisionError" in caplog.text


def test_what_can_not_be_counted_is_written_down_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Forgetful(OpenAccount):
        def settle(
            self, reservation: str, usage: Usage, *, model: str, estimated: bool = False
        ) -> None:
            raise AttemptFailed("usage.malformed", "What is this?")

    async def main() -> None:
        script = Script([CONTENT], content_type="application/json")
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            key = ours.keys.issue(Caller("unlucky", Forgetful()))
            reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK, key=key)).reply()
            assert reply.status == 200

    run(main())
    assert "could not be counted" in caplog.text


def test_count_is_refused_in_the_words_of_its_api_while_everything_is_stopped() -> None:
    async def main() -> None:
        async with house() as ours:
            ours.stopped_because = "Stopped."
            reply = await (await ours.ask("/v1/messages/count_tokens", MESSAGES_ASK)).reply()
            assert (reply.status, reply.json["error"]["type"]) == (503, "overloaded_error")

    run(main())
