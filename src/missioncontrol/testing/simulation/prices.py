"""What models cost in a simulated world: a table small enough to be checked by hand."""

from decimal import Decimal

from missioncontrol.domain.price import Price, Rates

STEADY = "steady-model"
CHATTY = "chatty-model"
MYSTERY = "mystery-model"
"""Its price is unknown until a person sets one."""

ALIASES = {"steady-model-2020-09-01": STEADY}
"""As agents report a model that they declare under another name."""

RATES = {
    STEADY: (Decimal(3), Decimal("0.3"), Decimal("3.75"), Decimal(15), Decimal(15)),
    CHATTY: (Decimal("0.5"), Decimal("0.05"), Decimal("0.5"), Decimal("1.5"), Decimal(4)),
}
"""US dollars per million tokens: input, cached, written to a cache, output, reasoning."""


class FewPrices:
    """Knows two models."""

    @property
    def version(self) -> str:
        """See `Prices.version`."""
        return "simulated 1"

    def price(self, model: str, at: float) -> Price | None:
        """See `Prices.price`."""
        name = ALIASES.get(model, model)
        if name not in RATES:
            return None
        return Price(name, Rates(*RATES[name]), source="simulated", version="1")
