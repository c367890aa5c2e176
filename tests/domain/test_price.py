"""What a usage costs, exactly; and the prices that people set."""

from decimal import Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import dollars, micro_dollars, plain_dollars
from missioncontrol.domain.price import Price, Tier, charged, cost, rates, worst
from missioncontrol.domain.price_list import (
    DATES_MAX,
    MODELS_MAX,
    PriceList,
    PriceSet,
    SetPrice,
    decide,
    evolve,
)
from missioncontrol.domain.work import Usage
from tests.domain.ledgers import NOW, PRICE, PRICE_EXAMPLES

rate = st.decimals(0, 1_000, places=6)
tokens = st.integers(0, 2_000_000)


@st.composite
def price(draw: st.DrawFn) -> Price:
    def some() -> st.SearchStrategy[Decimal]:
        return rate

    def drawn() -> dict[str, Decimal | None]:
        names = ("cached", "cache_write", "reasoning")
        return {name: draw(some() | st.none()) for name in names}

    base = rates(draw(some()), draw(some()), **drawn())
    starts = sorted(draw(st.sets(st.integers(1, 1_000_000), max_size=2)))
    tiers = tuple(Tier(at, rates(draw(some()), draw(some()), **drawn())) for at in starts)
    return Price("m", base, tiers)


@st.composite
def usage(draw: st.DrawFn) -> Usage:
    fresh, cached, written, visible, thought = (draw(tokens) for _ in range(5))
    return Usage(fresh + cached + written, cached, visible + thought, thought, 0, written)


def test_each_kind_of_token_has_its_price() -> None:
    used = Usage(
        input_tokens=100_000,
        cached_tokens=60_000,
        output_tokens=2_000,
        reasoning_tokens=500,
        cache_write_tokens=10_000,
    )
    # 30,000 at $3, 60,000 at $0.30, 10,000 at $3.75, 1,500 at $15 and 500 at $12 a million.
    assert cost(PRICE, used) == 90_000 + 18_000 + 37_500 + 22_500 + 6_000


def test_cached_tokens_are_counted_once() -> None:
    assert cost(PRICE, Usage(input_tokens=1_000_000 // 10, cached_tokens=100_000)) == 30_000


def test_a_larger_input_moves_everything_into_the_next_tier() -> None:
    assert cost(PRICE, Usage(input_tokens=200_000, output_tokens=1)) == 600_015
    assert cost(PRICE, Usage(input_tokens=200_001, output_tokens=2)) == 1_200_006 + 45


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2)]
)
def test_the_total_is_rounded_half_up_and_once(count: int, expected: int) -> None:
    quarter = Price("m", rates(Decimal("0.25"), Decimal("0.25")))
    parts = Usage(input_tokens=count // 2, output_tokens=count - count // 2)
    assert cost(quarter, parts) == expected


@given(price(), usage())
def test_a_cost_is_that_of_exact_arithmetic(known: Price, used: Usage) -> None:
    by = known.rates_for(used.input_tokens)
    fresh = used.input_tokens - used.cached_tokens - used.cache_write_tokens
    exact = (
        fresh * Fraction(by.input)
        + used.cached_tokens * Fraction(by.cached)
        + used.cache_write_tokens * Fraction(by.cache_write)
        + (used.output_tokens - used.reasoning_tokens) * Fraction(by.output)
        + used.reasoning_tokens * Fraction(by.reasoning)
    )
    assert cost(known, used) == (exact + Fraction(1, 2)).__floor__()


@given(price(), usage())
def test_no_usage_costs_more_than_the_worst_case_of_its_size(known: Price, used: Usage) -> None:
    most = worst(known, used.input_tokens, used.output_tokens)
    assert cost(known, used) <= most
    assert most <= worst(known, used.input_tokens + 1_000_000, used.output_tokens + 5)


def test_the_decimal_settings_of_the_program_around_us_change_nothing() -> None:
    used = Usage(input_tokens=1_234_567, output_tokens=7_654_321)
    with localcontext() as context:
        context.prec = 3
        short = cost(PRICE, used), worst(PRICE, 1_234_567, 7_654_321)
    assert short == (cost(PRICE, used), worst(PRICE, 1_234_567, 7_654_321))


@given(price(), usage())
def test_a_cost_can_be_worked_out_again_from_what_was_stored(known: Price, used: Usage) -> None:
    again = msgspec.json.decode(msgspec.json.encode((known, used)), type=tuple[Price, Usage])
    assert cost(*again) == cost(known, used)


@pytest.mark.parametrize(
    "used",
    [
        Usage(input_tokens=10, cached_tokens=11),
        Usage(input_tokens=10, cached_tokens=6, cache_write_tokens=5),
        Usage(output_tokens=1, reasoning_tokens=2),
    ],
)
def test_a_part_that_is_larger_than_its_whole_has_no_cost(used: Usage) -> None:
    with pytest.raises(Rejected) as no:
        cost(PRICE, used)
    assert no.value.code == "usage.malformed"


def test_the_dearer_of_what_an_agent_names_and_what_its_tokens_cost_counts() -> None:
    used = Usage(input_tokens=1_000, cost=0)
    assert charged(PRICE, used) == 3_000
    assert charged(PRICE, msgspec.structs.replace(used, cost=None)) == 3_000
    assert charged(PRICE, msgspec.structs.replace(used, cost=13_000)) == 13_000


def test_tokens_without_a_known_price_are_never_taken_for_free() -> None:
    assert charged(None, Usage(input_tokens=1)) is None
    assert charged(None, Usage(input_tokens=1, cost=None)) is None
    assert charged(None, Usage(input_tokens=1, cost=7)) == 7
    assert charged(None, Usage()) == 0
    assert charged(None, Usage(cost=None)) == 0


# ── Money in words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", 2_000_000),
        ("$2.50", 2_500_000),
        (" 0.000001 USD", 1),
        ("1000000000", 10**15),
        ("2.", 2_000_000),
    ],
)
def test_money_is_read_exactly(text: str, expected: int) -> None:
    assert micro_dollars(text, "--cost") == expected


@pytest.mark.parametrize(
    "text", ["", "-1", "1e3", "0.0000001", "two", "1,5", "1000000001", "٣", ".5", "1.2.3", "NaN"]
)
def test_what_is_no_money_is_refused_by_name(text: str) -> None:
    with pytest.raises(Rejected) as no:
        micro_dollars(text, "--cost")
    assert no.value.code == "money.malformed"
    assert no.value.reason.startswith("--cost is ")


@given(st.integers(0, 10**15))
def test_money_that_is_written_down_is_read_again_as_it_was(amount: int) -> None:
    assert micro_dollars(plain_dollars(amount), "x") == amount
    assert micro_dollars(dollars(amount), "x") == amount


def test_money_that_is_owed_has_its_sign_before_it() -> None:
    assert dollars(-280_000) == "-$0.28"


# ── Prices that people set


def setting(model: str = "M-1", since: str = "2026-11-01", **more: object) -> SetPrice:
    plain = SetPrice(
        model, Decimal(1), Decimal(2), "our contract", valid_from=since, actor="user:alice"
    )
    return msgspec.structs.replace(plain, **more)


def after(*commands: SetPrice) -> PriceList:
    prices: PriceList | None = None
    for command in commands:
        for event in decide(command, prices, NOW):
            prices = evolve(prices, event, NOW)
    assert prices is not None
    return prices


def test_a_price_holds_from_its_date_on_and_until_the_next_one() -> None:
    prices = after(
        setting(since="2026-11-20", input=Decimal(9)), setting(since="2026-11-10", input=Decimal(4))
    )
    found = {day: prices.price("m-1", f"2026-11-{day}") for day in ("09", "10", "19", "20")}
    assert [known and known.rates.input for known in found.values()] == [None, 4, 4, 9]


def test_of_two_prices_from_one_date_the_later_one_holds_and_both_are_told_apart() -> None:
    prices = after(setting(), setting(input=Decimal(5)))
    known = prices.price("m-1", "2026-11-01")
    assert known is not None
    assert known.rates.input == 5
    assert (known.source, known.version) == ("override", "2")


def test_cached_tokens_cost_what_input_costs_unless_it_is_said() -> None:
    known = after(setting(cache_write=Decimal(7))).price("m-1", "2026-12-01")
    assert known is not None
    assert known.rates.cached == 1
    assert known.rates.cache_write == 7


def test_only_so_many_prices_of_a_model_are_kept_the_latest_ones() -> None:
    days = [f"2026-10-{day:02}" for day in range(1, DATES_MAX + 4)]
    prices = after(*(setting(since=day) for day in days))
    assert [each.price.valid_from for each in prices.dated["m-1"]] == days[3:]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (setting(" "), "price.bad_model"),
        (setting("a\tb"), "price.bad_model"),
        (setting("x" * 201), "price.bad_model"),
        (setting(input=Decimal(-1)), "price.bad_rate"),
        (setting(output=Decimal("NaN")), "price.bad_rate"),
        (setting(output=Decimal("Infinity")), "price.bad_rate"),
        (setting(output=Decimal("1E+999999")), "price.bad_rate"),
        (setting(cached=Decimal("1E-13")), "price.bad_rate"),
        (setting(cache_write=Decimal(1_000_001)), "price.bad_rate"),
        (setting(since="22.11.2026"), "price.bad_date"),
        (setting(since="20261122"), "price.bad_date"),
        (setting(reason="  "), "price.no_reason"),
        (setting(reason="x" * 2_001), "price.no_reason"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(command: SetPrice, code: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(command, None, NOW)
    assert no.value.code == code


def test_there_is_an_end_to_the_models_with_a_price() -> None:
    full = PriceList(dated={f"m-{number}": () for number in range(MODELS_MAX)})
    with pytest.raises(Rejected) as no:
        decide(setting("one-more"), full, NOW)
    assert no.value.code == "price.too_many"
    assert decide(setting("m-7"), full, NOW)


def test_a_set_price_comes_back_from_its_bytes_as_it_was() -> None:
    for event in PRICE_EXAMPLES:
        assert msgspec.json.decode(msgspec.json.encode(event), type=PriceSet) == event
