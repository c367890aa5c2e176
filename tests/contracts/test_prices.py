"""What a price table promises, and that ours says what its library says."""

import random
import subprocess
import sys
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot

from missioncontrol.adapters.prices import NAMES_REMEMBERED, GenaiPrices
from missioncontrol.domain.price import cost
from missioncontrol.domain.work import Usage
from missioncontrol.ports.prices import Prices

NOON = 1_795_348_800.0  # 2026-11-22 12:00 UTC
TOLD_APART = {"input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok"}


@pytest.fixture
def table() -> Prices:
    return GenaiPrices()


def test_a_known_model_has_a_price_with_its_source_and_version(table: Prices) -> None:
    known = table.price("gpt-4o-2024-08-06", NOON)
    assert known is not None
    assert (known.model, known.source, known.version) == (
        "gpt-4o",
        "genai-prices",
        version("genai-prices"),
    )
    assert (known.rates.input, known.rates.cached, known.rates.output) == (
        Decimal("2.5"),
        Decimal("1.25"),
        Decimal(10),
    )
    assert table.version == f"genai-prices {version('genai-prices')}"


@pytest.mark.parametrize("name", ["", "no-such-model", "x" * 5_000, "openai:", "nobody/gpt-nope"])
def test_an_unknown_model_has_no_price_however_often_it_is_asked_for(
    table: Prices, name: str
) -> None:
    assert table.price(name, NOON) is None
    assert table.price(name, NOON) is None


@pytest.mark.parametrize(
    "name", ["anthropic:claude-opus-4-5", "anthropic/claude-opus-4-5", "claude-opus-4-5"]
)
def test_a_provider_may_stand_before_a_model(table: Prices, name: str) -> None:
    known = table.price(name, NOON)
    assert known is not None
    assert known.model.startswith("claude-opus-4-5")


def test_a_price_by_the_request_is_none_that_tokens_could_tell(table: Prices) -> None:
    assert table.price("perplexity:sonar-pro", NOON) is None


def test_a_price_is_that_of_its_date(table: Prices) -> None:
    dated = [
        (model, model.prices[-1])
        for provider in providers
        for model in provider.models
        if provider.id == "anthropic" and isinstance(model.prices, list)
    ]
    model, last = dated[0]
    start = getattr(last.constraint, "start_date", None)
    assert start is not None
    known = table.price(f"anthropic:{model.id}", NOON * 2)
    before = table.price(f"anthropic:{model.id}", 0.0)
    assert known is not None
    assert before is not None
    assert (known.valid_from, before.valid_from) == (start.isoformat(), "")
    assert (known.rates, known.tiers) != (before.rates, before.tiers)


def test_a_usage_costs_what_the_library_says_for_models_with_prices_like_ours(
    table: Prices,
) -> None:
    chance, snapshot = random.Random(7), DataSnapshot(list(providers), from_auto_update=False)
    moment, compared = datetime.fromtimestamp(NOON, UTC), 0
    for provider in providers:
        for model in provider.models[chance.randrange(3) :: 3]:
            name = f"{provider.id}:{model.id}"
            known = table.price(name, NOON)
            if known is None or known.model != model.id:
                continue
            theirs = model.get_prices(moment)
            if {key for key, value in vars(theirs).items() if value is not None} - TOLD_APART:
                continue
            cached, written, fresh, out = (chance.randrange(300_000) for _ in range(4))
            used = Usage(fresh + cached + written, cached, out, 0, 0, written)
            priced = snapshot.calc(
                TheirUsage(
                    input_tokens=used.input_tokens,
                    cache_read_tokens=cached,
                    cache_write_tokens=written,
                    output_tokens=out,
                ),
                model.id,
                provider.id,
                None,
                moment,
            )
            if priced.model.id != model.id:
                continue
            expected = (priced.total_price * 1_000_000).to_integral_value(ROUND_HALF_UP)
            assert cost(known, used) == expected, name
            compared += 1
    assert compared > 300


def test_what_the_program_around_us_fetched_changes_no_price(table: Prices) -> None:
    set_custom_snapshot(DataSnapshot([], from_auto_update=True))
    try:
        assert table.price("gpt-4o", NOON) is not None
    finally:
        set_custom_snapshot(None)


def test_names_that_nobody_knows_are_forgotten_again() -> None:
    table = GenaiPrices()
    for number in range(NAMES_REMEMBERED + 50):
        table.price(f"nobody-{number}", NOON)
    assert len(table._found) == NAMES_REMEMBERED


def test_no_price_is_asked_of_the_network_and_the_library_waits_until_one_is_needed() -> None:
    script = """
import sys
def watch(name, values):
    if name.startswith("socket."):
        raise SystemExit(f"reached for the network: {name} {values}")
sys.addaudithook(watch)
from missioncontrol.adapters.prices import GenaiPrices
table = GenaiPrices()
assert "genai_prices" not in sys.modules
assert table.price("gpt-4o", 1795348800.0) is not None
assert table.price("no-such-model", 1795348800.0) is None
print("quiet")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)
    assert done.stdout.strip() == b"quiet", done.stderr.decode()
