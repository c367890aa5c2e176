"""The models that a key is shown: all that a call would be admitted for, if known by name."""

from collections.abc import Iterator
from typing import Any

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.routing import ModelCard, Route, Routing, Rule
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from tests.gateway.house import House, OpenAccount, house, run

NOWHERE = "http://127.0.0.1:9"
PRICED = ("gpt-4o", "gpt-5", "o3", "claude-sonnet-4-5", "gpt-4o")


async def listed(ours: House, key: str = "", **headers: str) -> list[str]:
    call = await ours.ask("/v1/models", b"", method="GET", key=key or ours.key, headers=headers)
    return [each["id"] for each in (await call.reply()).json["data"]]


async def found(ours: House, name: str, key: str = "", **headers: str) -> tuple[int, Any]:
    path = f"/v1/models/{name}"
    call = await ours.ask(path, b"", method="GET", key=key or ours.key, headers=headers)
    reply = await call.reply()
    return reply.status, reply.json


def test_models_that_have_a_price_are_listed_where_a_pattern_matches_them() -> None:
    async def main() -> None:
        one = Upstream(
            "one", NOWHERE, "openai", models=("gpt-*", "own-1"), cards=(ModelCard("gpt-own"),)
        )
        two = Upstream("two", NOWHERE, "anthropic", models=("claude-*",))
        async with house(one, two, known=lambda: PRICED) as ours:
            assert await listed(ours) == ["gpt-own", "own-1", "gpt-4o", "gpt-5"]
            claude = {"anthropic-version": "2023-06-01"}
            assert await listed(ours, **claude) == ["claude-sonnet-4-5"]
            key = ours.keys.issue(Caller("small", OpenAccount(), models=("gpt-5*", "o3")))
            assert await listed(ours, key) == ["gpt-5"]

    run(main())


def test_a_model_is_found_by_name_where_a_call_would_be_let_through() -> None:
    routing = Routing(
        rules=(Rule(("gpt-*", "lost"), agents=("coder",)),),
        routes=(Route("smart", ("gpt-9",)), Route("nowhere", ("lost",))),
    )

    async def main() -> None:
        one = Upstream("one", NOWHERE, "openai", models=("gpt-*", "vendor/gpt"))
        async with house(one, policy=GatewayPolicy(routing=routing)) as ours:
            assert (await found(ours, "gpt-new"))[0] == 200
            status, entry = await found(ours, "smart")
            assert (status, entry["id"]) == (200, "smart")
            for name in ("o3", "nowhere", "vendor/gpt"):
                status, entry = await found(ours, name)
                assert (status, entry["error"]["code"]) == (404, "model.not_found")
                assert name in entry["error"]["message"]
            other = ours.keys.issue(Caller("other", OpenAccount(), agent="writer"))
            assert (await found(ours, "gpt-new", other))[0] == 404
            assert await listed(ours) == ["smart"]

    run(main())


def test_names_are_asked_for_only_where_an_upstream_has_a_pattern() -> None:
    asked = 0

    def known() -> Iterator[str]:
        nonlocal asked
        asked += 1
        yield "gpt-5"

    async def main() -> None:
        one = Upstream("one", NOWHERE, "openai", models=("gpt-5", "gpt-6"))
        async with house(one, known=known) as ours:
            assert await listed(ours) == ["gpt-5", "gpt-6"]
            assert asked == 0

    run(main())


def test_the_price_table_names_its_models_each_once() -> None:
    names = GenaiPrices().names()
    assert {"gpt-4o", "claude-sonnet-4-5"} <= set(names)
    assert len(names) == len(set(names))
