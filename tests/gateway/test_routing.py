"""Which models may answer a call, and in which order they are tried."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.routing import (
    NAMED_MAX,
    Asker,
    ModelCard,
    Needs,
    Route,
    Routing,
    Rule,
    choices,
    permitted,
)

PRICES = {"big": 900, "middle": 300, "small": 20, "blind": 10, "tiny": 1}
CARDS = {
    "big": ModelCard("big", context=400_000, vision=True),
    "middle": ModelCard("middle", context=100_000, vision=True, structured=False),
    "small": ModelCard("small", context=32_000, vision=True, output_tokens_max=4_000),
    "blind": ModelCard("blind", context=100_000),
    "tiny": ModelCard("tiny", context=4_000, tools=False),
    "unpriced": ModelCard("unpriced", vision=True),
}
ALL = tuple(CARDS)
CHEAPEST = Routing(routes=(Route("any", ALL, by="cost"),))
WITH_FALLBACK = Routing(routes=(Route("big", ("big", "middle", "strange")),))
RULES = Routing(
    rules=(
        Rule(("small", "tiny"), agents=("test*",)),
        Rule(("big",), agents=("coder",), risks=("write",)),
        Rule(("mid*",), agents=("coder",), risks=("read", "write")),
    ),
    routes=(Route("smart", ("big", "middle", "small")),),
)


NOBODY = Asker()
NOTHING = Needs()


def chosen(
    policy: Routing, asked: str, asker: Asker = NOBODY, needs: Needs = NOTHING
) -> tuple[str, ...]:
    return choices(policy, asked, asker, needs=needs, cards=CARDS, cost=PRICES.get)


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        (Needs(), ("tiny", "blind", "small", "middle", "big", "unpriced")),
        (Needs(tools=True), ("blind", "small", "middle", "big", "unpriced")),
        (Needs(vision=True), ("small", "middle", "big", "unpriced")),
        (Needs(vision=True, structured=True), ("small", "big", "unpriced")),
        (Needs(input_tokens=50_000), ("blind", "middle", "big", "unpriced")),
        (Needs(input_tokens=99_000, output_tokens=1_001), ("big", "unpriced")),
        (Needs(output_tokens=4_001, vision=True), ("middle", "big", "unpriced")),
        (Needs(input_tokens=10**7), ("unpriced",)),
    ],
)
def test_the_cheapest_that_is_able_goes_first(needs: Needs, expected: tuple[str, ...]) -> None:
    assert chosen(CHEAPEST, "any", needs=needs) == expected


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        (Needs(), ("big", "middle", "strange")),
        (Needs(structured=True), ("big", "strange")),
        (Needs(input_tokens=10**6), ("strange",)),
    ],
)
def test_fallbacks_keep_their_order_and_go_without_a_card(
    needs: Needs, expected: tuple[str, ...]
) -> None:
    assert chosen(WITH_FALLBACK, "big", needs=needs) == expected


@pytest.mark.parametrize(
    ("asker", "asked", "expected"),
    [
        (Asker("tester", "read"), "small", ("small",)),
        (Asker("tester", "read"), "big", None),
        (Asker("coder", "write"), "big", ("big",)),
        (Asker("coder", "read"), "big", None),
        (Asker("coder", "read"), "smart", ("middle",)),
        (Asker("coder", "write"), "smart", ("big", "middle")),
        (Asker("coder", "irreversible"), "smart", None),
        (Asker("coder", "write", ("mid*",)), "smart", ("middle",)),
        (Asker("coder", "write", ("smart",)), "smart", ("big", "middle")),
        (Asker("coder", "write", ("other",)), "smart", None),
        (Asker("", "read"), "small", None),
    ],
)
def test_rules_and_keys_say_who_may_call_what(
    asker: Asker, asked: str, expected: tuple[str, ...] | None
) -> None:
    if expected is None:
        with pytest.raises(Rejected) as refused:
            chosen(RULES, asked, asker)
        assert refused.value.code == "model.not_allowed"
        assert repr(asked) in refused.value.reason
        assert refused.value.hint
    else:
        assert chosen(RULES, asked, asker) == expected


def test_without_rules_any_model_may_be_called() -> None:
    assert chosen(Routing(), "never-heard-of", needs=Needs(vision=True)) == ("never-heard-of",)


def test_a_route_by_cost_leaves_out_what_nobody_has_described() -> None:
    policy = Routing(routes=(Route("any", ("strange", "big"), by="cost"),))
    assert chosen(policy, "any") == ("big",)


def test_a_refusal_says_what_each_model_lacks() -> None:
    with pytest.raises(Rejected) as refused:
        chosen(Routing(), "tiny", needs=Needs(tools=True))
    assert refused.value.code == "model.unfit"
    assert "'tiny' calls no tools" in refused.value.reason
    for needs, message in (
        (Needs(vision=True), "takes no images"),
        (Needs(input_tokens=10**6), "has a context of 100,000 tokens"),
    ):
        with pytest.raises(Rejected, match=message):
            chosen(Routing(), "blind", needs=needs)
    with pytest.raises(Rejected, match="at most 4,000 tokens"):
        chosen(Routing(), "small", needs=Needs(output_tokens=5_000))
    with pytest.raises(Rejected, match="keeps no schema"):
        chosen(Routing(), "middle", needs=Needs(structured=True))
    policy = Routing(routes=(Route("any", ("strange",), by="cost"),))
    with pytest.raises(Rejected, match="says nowhere"):
        chosen(policy, "any")


def test_a_refusal_names_a_limited_number_of_models() -> None:
    many = tuple(f"model-{number}" for number in range(NAMED_MAX + 5))
    policy = Routing(rules=(Rule(("other",)),), routes=(Route("any", many),))
    with pytest.raises(Rejected, match="and 5 more"):
        chosen(policy, "any", Asker("coder"))
    with pytest.raises(Rejected) as refused:
        chosen(policy, "any", Asker("", models=("x",)))
    assert refused.value.hint == "It may call 'x'."
    assert refused.value.reason.startswith("This key may not call")


def test_only_what_may_be_called_is_listed() -> None:
    assert permitted(RULES, Asker("coder", "read"), ["big", "middle", "smart"]) == [
        "smart",
        "middle",
    ]
