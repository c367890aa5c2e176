"""What models cost here: the prices that people set, and the table's for all others."""

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold
from missioncontrol.domain import price_list
from missioncontrol.domain.budget.scopes import day_of
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.price import Price
from missioncontrol.domain.price_list import PriceCommand, PriceEvent, PriceList, PriceSet, SetPrice
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.prices import Prices

STREAM = "prices"


def _unknown(stream: str) -> NotFound:
    return NotFound("price.none_set", f"No prices are set in {stream!r}.")


PRICES: Concept[PriceList, PriceCommand, PriceEvent] = Concept(
    price_list.decide, price_list.evolve, _unknown
)


class PriceBook:
    """Names the price of a model at a moment."""

    def __init__(self, journal: Journal, table: Prices) -> None:
        """`table` is asked for prices that are not set here."""
        self._journal = journal
        self.table = table

    async def open(self) -> None:
        """Load what was set."""
        await self._journal.find(PRICES, STREAM)

    @property
    def list(self) -> PriceList:
        """What was set."""
        found: PriceList | None = self._journal.others.get(STREAM)
        return found or PriceList()

    def price(self, model: str, at: float) -> Price | None:
        """Return the price of a model as agents name it; see `price_of`."""
        return price_of(self.list, self.table, model, at)

    def name(self, model: str, at: float) -> str:
        """Return the name under which a model counts; see `name_of`."""
        return name_of(self.list, self.table, model, at)

    def change(self, command: SetPrice, *, actor: str) -> PriceSet:
        """Set a price; what is settled keeps the cost that it was settled with.

        Raises:
            Rejected: see `domain.price_list.decide`.
        """
        valid_from = command.valid_from or day_of(self._journal.clock.now())
        command = msgspec.structs.replace(command, valid_from=valid_from, actor=actor)
        [event] = self._journal.tell(PRICES, STREAM, command, actor=actor)
        assert isinstance(event, PriceSet), "a price that is set is one event"
        return event


async def read_prices(store: EventStore) -> PriceList:
    """Rebuild what was set from the log alone."""
    prices, _ = await fold(store, PRICES, STREAM)
    return prices or PriceList()


def price_of(known: PriceList, table: Prices, model: str, at: float) -> Price | None:
    """Return the price of `model` at `at` (seconds since the epoch); None where it is not known.

    A price set here goes first, by the name that the agent uses, then by the table's name for
    the same model: `gpt-5` also speaks for `gpt-5-2025-08-07`.
    """
    day = day_of(at)
    found = known.price(model, day)
    if found is not None:
        return found
    listed = table.price(model, at)
    if listed is None:
        return None
    return known.price(listed.model, day) or listed


def name_of(known: PriceList, table: Prices, model: str, at: float) -> str:
    """Return the name under which all spellings of a model count together.

    An agent declares `gpt-5` and reports `gpt-5-2025-08-07`; a cap must see one model.
    """
    listed = table.price(model, at) if model else None
    if listed is not None:
        return listed.model
    found = known.price(model, day_of(at))
    return model if found is None else found.model
