"""What is written down of calls: as much as the policy says, without secrets, within bounds."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.secrets import REPLACEMENT, Scrubber
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.interfaces.gateway import recording
from missioncontrol.interfaces.gateway.model_answer import ReceivedAnswer
from missioncontrol.interfaces.gateway.recording import (
    MARGIN,
    RECEIVED_MAX,
    Recorder,
    recorded_text,
)
from missioncontrol.interfaces.gateway.settings import GatewayPolicy
from missioncontrol.ports.call_log import Call, CallQuery, Retention
from tests.gateway.answers import (
    CHAT_ASK,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_stream,
    messages_stream,
    responses_stream,
)
from tests.gateway.house import ListLog, anthropic, house, openai, run
from tests.gateway.upstream import Script, scripted

SECRET = 'canary-"é-0123456789'
SCRUB = Scrubber([SECRET]).bytes

STREAMS: dict[str, tuple[str, dict[str, Any], Any, Any]] = {
    "chat": ("/v1/chat/completions", CHAT_ASK, chat_stream, openai),
    "responses": ("/v1/responses", RESPONSES_ASK, responses_stream, openai),
    "messages": ("/v1/messages", MESSAGES_ASK, messages_stream, anthropic),
}


@pytest.mark.parametrize("kind", list(STREAMS))
@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_secret_that_is_split_over_events_and_chunks_is_nowhere_in_the_file(
    kind: str, size: int, tmp_path: Path
) -> None:
    path, ask, stream, make = STREAMS[kind]
    words = ["I know ", *(SECRET[at : at + size] for at in range(0, len(SECRET), size)), "."]
    whole = b"".join(stream(*words))
    chunks = [whole[at : at + 11] for at in range(0, len(whole), 11)]

    async def main() -> None:
        log = SqliteCallLog(tmp_path / "calls.db")
        async with scripted(Script(chunks)) as upstream, house(make(upstream), scrub=SCRUB) as ours:
            ours.gateway._recorder._log = log  # type: ignore[union-attr]
            more = {"stream": True, "note": f"say {SECRET}", "user": json.dumps([SECRET])}
            call = await ours.ask(path, {**ask, **more, "model": f"m-{SECRET}"})
            await call.reply()
            await ours.gateway.close()
        [found] = log.find(CallQuery())
        written = log.read(found.number)
        assert written is not None
        assert written.answer == f"I know {REPLACEMENT}."
        assert f"say {REPLACEMENT}" in written.prompt
        assert written.asked == f"m-{REPLACEMENT}"
        log.close()

    run(main())
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"canary" not in content, file
        assert "é-0123".encode() not in content, file


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.integers(-60, 60), st.integers(0, 400))
def test_a_secret_at_the_end_of_what_is_kept_leaves_no_half(shift: int, before: int) -> None:
    secret = "s3cret" * 5
    scrub = Scrubber([secret]).bytes
    start = RECEIVED_MAX + shift
    earlier = (secret + "." * 20) * before
    text = earlier + "x" * (start - len(earlier)) + secret + "y" * 100
    found = recorded_text(text[:RECEIVED_MAX], scrub, is_cut=True)
    assert "s3c" not in found
    assert len(found) <= RECEIVED_MAX - MARGIN


@pytest.mark.parametrize(
    ("policy", "expected"), [("off", None), ("metadata", ("", "")), ("full", ("Hi", "Hello"))]
)
def test_the_policy_says_how_much_is_kept(policy: Any, expected: tuple[str, str] | None) -> None:
    async def main() -> None:
        script = Script(chat_stream("Hel", "lo"))
        async with (
            scripted(script) as upstream,
            house(openai(upstream), policy=GatewayPolicy(log=policy), price=price_of) as ours,
        ):
            ask = {**CHAT_ASK, "stream": True}
            await (await ours.ask("/v1/chat/completions", ask)).reply()
            calls = await ours.written()
            if expected is None:
                assert calls == []
                return
            [call] = calls
            assert expected[0] in call.prompt
            assert bool(call.prompt) is bool(expected[0])
            assert call.answer == expected[1]
            assert call.usage.tokens == 129
            assert call.usage.cost == round((20 * 2.5) + 100 * 1.25 + 9 * 10)
            assert call.seconds >= call.first_seconds > 0
            assert (call.asked, call.model) == ("gpt-4o", "gpt-4o-2024-08-06")

    run(main())


def price_of(model: str) -> Any:
    return GenaiPrices().price(model, 1_790_000_000)


def test_a_call_that_cost_nothing_says_so() -> None:
    async def main() -> None:
        async with house() as ours:
            await (await ours.ask("/v1/responses", RESPONSES_ASK)).reply()
            [call] = await ours.written()
            assert call.usage == NO_USAGE

    run(main())


class BrokenLog(ListLog):
    def write(self, calls: Any) -> None:
        raise OSError("The disk is full.")


def draft(number: int) -> Call:
    return Call(f"call-{number}", number, "key", "chat", "answered", 200)


def test_a_log_that_can_not_be_written_ends_no_call_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        recorder = recorder_of(BrokenLog())
        recorder.open()
        recorder.add(draft(1), b"{}", ReceivedAnswer())
        await recorder.close()
        assert recorder.left_out == 1

    run(main())
    assert "could not be written down" in caplog.text


def recorder_of(log: ListLog) -> Recorder:
    return Recorder(log, "full", scrub=bytes, retention=Retention(), now=lambda: 1.0)


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WAITING_MAX", 3)
    monkeypatch.setattr(recording, "WAITING_BYTES_MAX", 100)

    async def main() -> None:
        log = ListLog()
        recorder = recorder_of(log)
        for number in range(5):
            recorder.add(draft(number), b"x" * 60, None)
        recorder.open()
        await recorder.close()
        assert [len(call.prompt) for call in log.calls] == [60, 0, 0]
        assert recorder.left_out == 2

    run(main())


def test_an_answer_is_kept_up_to_its_bound_and_counted_whole() -> None:
    parsed = ReceivedAnswer(stored_max=10)
    for _ in range(5):
        parsed.say("12345é")
    parsed.call("a", "tool", "x" * 50)
    assert parsed.said == 5 * 7 + 50
    assert len(parsed.text) <= 16
    assert parsed.tools[0].arguments == ""
