"""The prices of models by the table that comes with the genai-prices library."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from missioncontrol.domain.price import Price, Rates, Tier, rates

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

SOURCE = "genai-prices"
KINDS = {
    "input": "input_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
    "reasoning": "output_reasoning_mtok",
}
"""Our categories and the table's names. Audio, images and tools are no categories of ours."""

BY_REQUEST = "requests_kcount"
"""A price for each request, beside the tokens: how many there were is not known here."""

NAMES_REMEMBERED = 1_000
NAME_MAX = 200


class GenaiPrices:
    """Reads the snapshot inside the installed library, and never a newer one from the network.

    The library takes a third of a second to import, so it waits until a price is asked for.
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._found: OrderedDict[str, ModelInfo | None] = OrderedDict()
        self._priced: dict[tuple[str, int, str], Price | None] = {}  # no larger than the table

    @property
    def version(self) -> str:
        """See `Prices.version`."""
        return f"{SOURCE} {_version()}"

    def price(self, model: str, at: float) -> Price | None:
        """See `Prices.price`: the standard price, without batches or service tiers.

        Names are matched as the library does it, with a provider before them too:
        `openai/gpt-5` and `openai:gpt-5`.
        """
        known = self._model(model)
        if known is None:
            return None
        moment = datetime.fromtimestamp(at, UTC)
        theirs, since = known.get_prices(moment), _since(known, moment)
        place = known.id, id(theirs), since  # The table stays, and so do its objects.
        if place not in self._priced:
            self._priced[place] = _priced(known.id, theirs, since)
        return self._priced[place]

    def names(self) -> tuple[str, ...]:
        """Return the models of the table, by the names that their providers give them."""
        return _names()

    def _model(self, name: str) -> "ModelInfo | None":
        if not name or len(name) > NAME_MAX:
            return None
        if name in self._found:
            self._found.move_to_end(name)
            return self._found[name]
        found = self._found[name] = _find(name)
        while len(self._found) > NAMES_REMEMBERED:
            self._found.popitem(last=False)
        return found


@cache
def _version() -> str:
    from importlib.metadata import version  # Two megabytes, for one word.

    return version(SOURCE)


@cache
def _snapshot() -> "DataSnapshot":
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    # `get_snapshot` would return one that the program around us may have fetched.
    return DataSnapshot(providers=providers, from_auto_update=False)


@cache
def _names() -> tuple[str, ...]:
    listed = (model.id for provider in _snapshot().providers for model in provider.models)
    return tuple(dict.fromkeys(listed))


def _find(name: str) -> "ModelInfo | None":
    for provider, model in _readings(name):
        try:
            return _snapshot().find_provider_model(model, None, provider, None)[1]
        except LookupError:
            continue
    return None


def _readings(name: str) -> Iterator[tuple[str | None, str]]:
    """Yield (provider, model) as the name may be meant; the library finds a provider for None."""
    yield None, name
    for mark in ":/":
        provider, found, model = name.partition(mark)
        if found and provider and model:
            yield provider, model


def _since(model: "ModelInfo", moment: datetime) -> str:
    """Return the date from which the price of that moment holds, where the table names one."""
    if not isinstance(model.prices, list):
        return ""
    for dated in reversed(model.prices):
        if dated.constraint is None:
            return ""
        if dated.constraint.active(moment):
            start = getattr(dated.constraint, "start_date", None)
            return start.isoformat() if start is not None else ""
    return ""


def _priced(model: str, price: "ModelPrice", since: str) -> Price | None:
    parts = {kind: getattr(price, name, None) for kind, name in KINDS.items()}
    if parts["input"] is None or parts["output"] is None or getattr(price, BY_REQUEST, None):
        return None
    starts = sorted({tier.start for part in parts.values() for tier in getattr(part, "tiers", ())})
    return Price(
        model,
        _rates(parts, 0),
        tuple(Tier(start, _rates(parts, start + 1)) for start in starts),
        SOURCE,
        _version(),
        since,
    )


def _rates(parts: dict[str, Any], input_tokens: int) -> Rates:
    at = {kind: _rate(part, input_tokens) for kind, part in parts.items()}
    assert at["input"] is not None
    assert at["output"] is not None
    return rates(
        at["input"],
        at["output"],
        cached=at["cached"],
        cache_write=at["cache_write"],
        reasoning=at["reasoning"],
    )


def _rate(part: Any, input_tokens: int) -> Decimal | None:
    """Return what a kind of token costs in a usage with that much input."""
    found: Decimal | None = getattr(part, "base", part)
    for tier in getattr(part, "tiers", ()):
        if input_tokens > tier.start:
            found = tier.price
    return found
