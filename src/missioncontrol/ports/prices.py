"""The promise of a price table: what a model costs at a moment, if the table knows it."""

from typing import Protocol

from missioncontrol.domain.price import Price


class Prices(Protocol):
    """Knows models by the names that agents report."""

    @property
    def version(self) -> str:
        """Name the table and its version, such as `genai-prices 0.2.3`."""
        ...

    def price(self, model: str, at: float) -> Price | None:
        """Return the price of `model` at `at` (seconds since the epoch).

        None where the table does not know all of it: an incomplete price would make
        money go uncounted. Nothing is asked of the network.
        """
        ...
