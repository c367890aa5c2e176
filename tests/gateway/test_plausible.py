"""Nothing that an upstream tells can cost more than what it could have done."""

import json
from typing import Any

import pytest

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.model_answer import COUNT_MAX, bounded_usage
from missioncontrol.ports.call_log import Call
from tests.gateway.answers import (
    CHAT_ASK,
    CHAT_WHOLE,
    MESSAGES_ASK,
    RESPONSES_ASK,
    chat_chunk,
    event,
    messages_stream,
    response,
)
from tests.gateway.house import House, anthropic, house, openai, run
from tests.gateway.test_accounts import ledger
from tests.gateway.upstream import Script, scripted

HUGE = 10**30
SAID = len("Hello there")


def whole(**more: Any) -> Script:
    content = json.dumps({**CHAT_WHOLE, **more}).encode()
    return Script([content], content_type="application/json")


def chat_usage(prompt: int, completion: int, **details: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": details.get("cached", 0)},
        "completion_tokens_details": {"reasoning_tokens": details.get("reasoning", 0)},
    }


async def charged(ours: House, path: str, body: Any) -> tuple[Usage, Call]:
    """Make one call; return what was settled and what was written down."""
    reply = await (await ours.ask(path, body)).reply()
    assert reply.status == 200
    [(_, usage)] = ours.account.settled
    [call] = await ours.written()
    assert (call.usage.tokens, call.outcome) == (usage.tokens, "answered")
    return usage, call


@pytest.mark.parametrize(
    "claimed",
    [
        chat_usage(HUGE, 5),
        chat_usage(10, 5, cached=10**9),
        chat_usage(10, HUGE),
        chat_usage(10, 5, reasoning=HUGE),
        chat_usage(HUGE, HUGE, cached=HUGE, reasoning=HUGE),
        chat_usage(int("9" * 4_000), 5),
    ],
)
def test_a_whole_answer_that_lies_costs_no_more_than_was_set_aside_and_seen(claimed: Any) -> None:
    async def main() -> None:
        async with scripted(whole(usage=claimed)) as upstream, house(openai(upstream)) as ours:
            usage, call = await charged(ours, "/v1/chat/completions", CHAT_ASK)
            [(_, most_in, most_out)] = ours.account.admitted
            assert 0 <= usage.cached_tokens + usage.cache_write_tokens <= usage.input_tokens
            assert usage.input_tokens <= most_in
            assert usage.reasoning_tokens <= usage.output_tokens <= most_out + SAID
            assert (call.is_estimated, call.code) == (True, "usage.implausible")
            assert "at most" in call.reason

    run(main())


@pytest.mark.parametrize(
    "claimed",
    [chat_usage(-5, 5), chat_usage(10, 5, cached=-1), chat_usage(10, 5, reasoning=-HUGE)],
)
def test_a_usage_of_less_than_nothing_is_charged_as_what_was_set_aside(claimed: Any) -> None:
    async def main() -> None:
        async with scripted(whole(usage=claimed)) as upstream, house(openai(upstream)) as ours:
            usage, call = await charged(ours, "/v1/chat/completions", CHAT_ASK)
            [(_, most_in, most_out)] = ours.account.admitted
            assert (usage.input_tokens, usage.output_tokens) == (most_in, most_out)
            assert (call.is_estimated, call.code) == (True, "usage.implausible")

    run(main())


def responses_end(usage: Any) -> list[bytes]:
    delta = {"type": "response.output_text.delta", "item_id": "m", "delta": "Hello there"}
    end = {"type": "response.completed", "response": response("completed", usage=usage)}
    return [event(delta, delta["type"]), event(end, "response.completed")]


def messages_end(usage: dict[str, int]) -> list[bytes]:
    *begun, _, stop = messages_stream("Hello there")
    changed = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    return [*begun, event(changed, "message_delta"), stop]


def chat_end(usage: Any) -> list[bytes]:
    last = event(chat_chunk(choices=[], usage=usage))
    return [event(chat_chunk("Hello there")), last + b"data: [DONE]\n\n"]


STREAMS: list[Any] = [
    ("/v1/chat/completions", CHAT_ASK, chat_end, chat_usage(HUGE, 5), openai),
    (
        "/v1/responses",
        RESPONSES_ASK,
        responses_end,
        {"input_tokens": HUGE, "output_tokens": 5, "total_tokens": HUGE},
        openai,
    ),
    (
        "/v1/messages",
        MESSAGES_ASK,
        messages_end,
        {"output_tokens": 5, "cache_read_input_tokens": HUGE},
        anthropic,
    ),
]


@pytest.mark.parametrize(("path", "ask", "end", "claimed", "make"), STREAMS)
def test_a_stream_that_lies_at_its_end_costs_no_more_than_was_set_aside(
    path: str, ask: Any, end: Any, claimed: Any, make: Any
) -> None:
    async def main() -> None:
        async with scripted(Script(end(claimed))) as upstream, house(make(upstream)) as ours:
            usage, call = await charged(ours, path, {**ask, "stream": True})
            [(_, most_in, _)] = ours.account.admitted
            assert (usage.input_tokens, usage.output_tokens) == (most_in, 5)
            assert usage.cached_tokens == 0, "what can't be true gets no discount"
            assert (call.is_estimated, call.code) == (True, "usage.implausible")

    run(main())


NOTHING: list[Any] = [
    ("/v1/chat/completions", CHAT_ASK, chat_end, chat_usage(0, 0), openai),
    (
        "/v1/responses",
        RESPONSES_ASK,
        responses_end,
        {"input_tokens": 0, "output_tokens": 0},
        openai,
    ),
    (
        "/v1/messages",
        MESSAGES_ASK,
        messages_end,
        {"input_tokens": 0, "output_tokens": 0},
        anthropic,
    ),
]


@pytest.mark.parametrize(("path", "ask", "end", "claimed", "make"), NOTHING)
def test_a_stream_that_was_read_and_told_as_nothing_costs_what_was_seen(
    path: str, ask: Any, end: Any, claimed: Any, make: Any
) -> None:
    async def main() -> None:
        async with scripted(Script(end(claimed))) as upstream, house(make(upstream)) as ours:
            usage, call = await charged(ours, path, {**ask, "stream": True})
            assert usage.output_tokens == SAID
            assert usage.input_tokens > 0
            assert (call.is_estimated, call.code) == (True, "usage.implausible")
            assert "for an answer of 11 bytes" in call.reason

    run(main())


def test_a_whole_answer_that_was_told_as_nothing_costs_what_was_seen() -> None:
    async def main() -> None:
        script = whole(usage=chat_usage(0, 0))
        async with scripted(script) as upstream, house(openai(upstream)) as ours:
            usage, call = await charged(ours, "/v1/chat/completions", CHAT_ASK)
            [(_, most_in, _)] = ours.account.admitted
            assert (usage.input_tokens, usage.output_tokens) == (most_in, SAID)
            assert (call.is_estimated, call.code) == (True, "usage.implausible")

    run(main())


def test_an_answer_that_names_a_dearer_model_is_charged_as_the_one_that_was_asked() -> None:
    async def main() -> None:
        prices = GenaiPrices()
        script = whole(model="gpt-4", usage=chat_usage(100, 5))
        async with (
            scripted(script) as upstream,
            house(openai(upstream), price=lambda model: prices.price(model, 1.8e9)) as ours,
        ):
            body = {**CHAT_ASK, "model": "gpt-4o-mini"}
            await (await ours.ask("/v1/chat/completions", body)).reply()
            assert ours.account.settled[0][0] == "gpt-4o-mini"
            [call] = await ours.written()
            assert (call.model, call.code) == ("gpt-4", "usage.implausible")
            assert call.usage.cost is not None
            assert call.usage.cost < 100

    run(main())


def test_a_lie_leaves_the_rest_of_a_budget_for_the_next_call() -> None:
    async def main() -> None:
        scripts = whole(usage=chat_usage(HUGE, HUGE)), whole()
        async with (
            ledger(Amount(tokens=10_000)) as books,
            scripted(*scripts) as upstream,
            house(openai(upstream)) as ours,
        ):
            key = ours.keys.issue(Caller("ours", books.account))
            for _ in range(2):
                reply = await (await ours.ask("/v1/chat/completions", CHAT_ASK, key=key)).reply()
                assert reply.status == 200
            assert books.budgets.standing(Scope("run", "run-1"))[0].spent.tokens < 3_000
            assert books.budgets.reservations("run-1") == []

    run(main())


def test_what_is_plausible_stays_as_it_was_told_and_no_bound_is_endless() -> None:
    reported = Usage(10, 4, 5, 2, None, 3)
    assert bounded_usage(reported, input_most=10, output_most=5) == (reported, "")
    used, doubt = bounded_usage(Usage(HUGE, output_tokens=HUGE), input_most=HUGE, output_most=HUGE)
    assert (used.input_tokens, used.output_tokens) == (COUNT_MAX, COUNT_MAX)
    assert "more than 2^53" in doubt
