"""A call that may not be made is refused in the words of its API, and starts no storm."""

import asyncio
from typing import Any

import pytest

from missioncontrol.domain.routing import ModelCard, Routing, Rule
from missioncontrol.interfaces.gateway.keys import KEY_MAX, Caller
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from tests.gateway.answers import CHAT_ASK, MESSAGES_ASK, RESPONSES_ASK, messages_stream
from tests.gateway.house import House, OpenAccount, anthropic, house, run
from tests.gateway.upstream import Reply, Script, scripted

NOWHERE = "http://127.0.0.1:9"
CLOSED = (
    Upstream("one", NOWHERE + "/v1", "openai", models=("gpt-*",)),
    Upstream("two", NOWHERE, "anthropic", models=("claude-*",)),
)
ENDPOINTS = [
    ("/v1/chat/completions", CHAT_ASK),
    ("/v1/responses", RESPONSES_ASK),
    ("/v1/messages", MESSAGES_ASK),
]


async def told(ours: House, path: str, body: Any, **more: Any) -> Reply:
    return await (await ours.ask(path, body, **more)).reply()


def error_of(path: str, reply: Reply) -> tuple[str, str]:
    """Check the form of an error, and return its type and message."""
    error = reply.json["error"]
    if "messages" in path:
        assert reply.json["type"] == "error"
        assert set(error) == {"type", "message"}
    else:
        assert set(error) == {"message", "type", "param", "code"}
    assert reply.headers["content-type"] == "application/json"
    return error["type"], error["message"]


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_key_that_nobody_knows_is_refused(path: str, body: Any) -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            for key in ("", "mck-wrong", ours.key[:-1], "x" * (KEY_MAX + 1)):
                reply = await told(ours, path, body, key=key)
                assert reply.status == 401
                assert reply.headers["x-should-retry"] == "false"
                assert error_of(path, reply)[0] == "authentication_error"
            assert ours.account.admitted == []

    run(main())


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_call_that_no_cap_has_room_for_is_refused_in_the_words_of_the_budget(
    path: str, body: Any
) -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            ours.account.tokens = 100
            reply = await told(ours, path, body)
            kind, message = error_of(path, reply)
            assert reply.status == 402
            assert kind in ("insufficient_quota", "billing_error")
            assert message.startswith("The call may need ")
            assert message.endswith(" tokens. Raise the cap.")
            assert reply.headers["x-should-retry"] == "false"
            assert "retry-after" not in reply.headers
            [call] = await ours.written()
            assert (call.outcome, call.status, call.code) == ("refused", 402, "budget.exceeded")

    run(main())


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_model_that_the_policy_does_not_allow_is_refused(path: str, body: Any) -> None:
    async def main() -> None:
        policy = GatewayPolicy(routing=Routing(rules=(Rule(("other",)),)))
        async with house(*CLOSED, policy=policy) as ours:
            reply = await told(ours, path, body)
            kind, message = error_of(path, reply)
            assert (reply.status, kind) == (403, "permission_error")
            assert message.startswith(f"Agent 'coder' may not call the model {body['model']!r}")

    run(main())


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_nobody_calls_while_everything_is_stopped(path: str, body: Any) -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            ours.stopped_because = "Everything was stopped by alice."
            reply = await told(ours, path, body)
            assert reply.status == 503
            assert error_of(path, reply)[1] == "Everything was stopped by alice."
            assert reply.headers["x-should-retry"] == "false"

    run(main())


def test_a_key_that_calls_too_often_is_told_when_it_may_again() -> None:
    async def main() -> None:
        policy = GatewayPolicy(calls_per_minute=2)
        script = Script(messages_stream())
        async with scripted(script) as upstream, house(anthropic(upstream), policy=policy) as ours:
            for _ in range(2):
                assert (await told(ours, "/v1/messages", MESSAGES_ASK)).status == 200
            reply = await told(ours, "/v1/messages", MESSAGES_ASK)
            assert reply.status == 429
            assert 1 <= int(reply.headers["retry-after"]) <= 60
            assert error_of("/v1/messages", reply)[0] == "rate_limit_error"
            assert len(upstream.seen) == 2

    run(main())


def test_who_is_refused_again_and_again_is_answered_without_asking_the_budget() -> None:
    async def main() -> None:
        policy = GatewayPolicy(refusals_per_minute=3)
        async with house(*CLOSED, policy=policy) as ours:
            ours.account.tokens = 0
            found = [await told(ours, "/v1/responses", RESPONSES_ASK) for _ in range(5)]
            assert [reply.status for reply in found] == [402, 402, 402, 429, 429]
            message = error_of("/v1/responses", found[4])[1]
            assert message.startswith("This key was refused again and again")
            assert "The last refusal: The call may need " in message
            assert found[4].headers["x-should-retry"] == "false"
            assert len(await ours.written()) == 3

    run(main())


def test_a_key_has_only_so_many_calls_at_once() -> None:
    async def main() -> None:
        policy = GatewayPolicy(calls_at_once=1)
        script = Script(messages_stream(), hold_after=2)
        async with scripted(script) as upstream, house(anthropic(upstream), policy=policy) as ours:
            first = await (await ours.ask("/v1/messages", {**MESSAGES_ASK, "stream": True})).head()
            reply = await told(ours, "/v1/messages", MESSAGES_ASK)
            assert reply.status == 429
            first.close()

    run(main())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"model": 1}',
        b'{"model": ""}',
        b'{"model": "gpt-5", "max_output_tokens": -1}',
        b'{"model": "gpt-5", "max_output_tokens": "many"}',
        b'{"model": "gpt-5", "stream": "yes"}',
        b'{"model": "gpt-5", "input": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"model": "gpt-5", "input": ' + b"[" * 100_000,
        b'{"model": "\xff"}',
    ],
)
def test_a_malformed_request_is_refused(body: bytes) -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            reply = await told(ours, "/v1/responses", body)
            assert reply.status == 400
            assert error_of("/v1/responses", reply)[1].startswith("The request is malformed.")
            assert ours.account.admitted == []

    run(main())


def test_a_response_in_the_background_is_refused() -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            for more in ({"background": True}, {"service_tier": "priority"}):
                reply = await told(ours, "/v1/responses", {**RESPONSES_ASK, **more})
                assert (reply.status, reply.json["error"]["code"]) == (403, "call.ungoverned")

    run(main())


def test_a_model_that_nobody_serves_and_a_place_where_nothing_is_are_not_found() -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            reply = await told(ours, "/v1/responses", {**RESPONSES_ASK, "model": "llama"})
            assert (reply.status, reply.json["error"]["code"]) == (404, "model.not_found")
            reply = await told(ours, "/v1/embeddings", {})
            assert (reply.status, reply.json["error"]["code"]) == (404, "gateway.no_such_endpoint")
            reply = await told(ours, "/v1/messages", {}, method="GET")
            assert (reply.status, reply.json["error"]["type"]) == (404, "not_found_error")

    run(main())


def test_an_upstream_that_is_down_is_told_in_the_words_of_the_api_and_costs_nothing() -> None:
    async def main() -> None:
        async with house(*CLOSED) as ours:
            for path, body in ENDPOINTS:
                reply = await told(ours, path, body)
                assert reply.status == 502
                assert "can't be reached" in error_of(path, reply)[1]
            assert [usage.tokens for _, usage in ours.account.settled] == [0, 0, 0]
            assert {call.outcome for call in await ours.written()} == {"failed"}

    run(main())


def test_an_upstream_that_keeps_failing_rests_and_is_tried_again() -> None:
    async def main() -> None:
        down = Script([b"{}"], status=500, content_type="application/json")
        fine = Script(messages_stream())
        scripts = [down, down, fine]
        async with (
            scripted(*scripts) as upstream,
            house(anthropic(upstream, failures_max=2, rest_seconds=0.1)) as ours,
        ):
            statuses = [(await told(ours, "/v1/messages", MESSAGES_ASK)).status for _ in range(3)]
            assert statuses == [500, 500, 503]
            assert len(upstream.seen) == 2
            await asyncio.sleep(0.12)
            for _ in range(2):
                assert (await told(ours, "/v1/messages", MESSAGES_ASK)).status == 200

    run(main())


def test_models_are_listed_as_far_as_a_key_may_call_them() -> None:
    async def main() -> None:
        cards = (ModelCard("gpt-5"), ModelCard("gpt-5-mini"))
        one = Upstream("one", NOWHERE, "openai", cards=cards)
        two = Upstream("two", NOWHERE, "anthropic", cards=(ModelCard("claude-x"),))
        async with house(one, two) as ours:
            caller = Caller("small", OpenAccount(), models=("*-mini",))
            small = ours.keys.issue(caller)
            for path in ("/v1/models", "/models"):
                reply = await told(ours, path, method="GET", body=b"")
                assert [each["id"] for each in reply.json["data"]] == ["gpt-5", "gpt-5-mini"]
            reply = await told(ours, "/v1/models", b"", method="GET", key=small)
            assert [each["id"] for each in reply.json["data"]] == ["gpt-5-mini"]
            reply = await told(ours, "/v1/models/gpt-5-mini", b"", method="GET")
            assert reply.json["object"] == "model"
            reply = await told(ours, "/v1/models/gpt-6", b"", method="GET", key=small)
            assert reply.status == 404
            headers = {"anthropic-version": "2023-06-01"}
            reply = await told(ours, "/v1/models", b"", method="GET", headers=headers)
            assert [each["id"] for each in reply.json["data"]] == ["claude-x"]
            assert (await told(ours, "/v1/models", b"", method="GET", key="")).status == 401

    run(main())
