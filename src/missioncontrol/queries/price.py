"""Queries of prices: those that people have set, and what a model costs now."""

from missioncontrol.application.queries import costs as views
from missioncontrol.application.queries.costs import PriceView
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import (
    EVERYWHERE,
    ItemQuery,
    ListQuery,
    NoFilters,
    Query,
    Target,
)


async def prices(reader: Reader, _: NoFilters) -> list[PriceView]:
    """Return prices by model and date; a model may have several from one day on."""
    return await views.prices_set(reader.present)


async def price(reader: Reader, model: str) -> PriceView:
    """Return the price of a model.

    Raises:
        NotFound: `price.unknown`.
    """
    return await views.price_view_of(reader.present, reader.instruments, model, reader.now)


PRICE = Target(
    noun="price",
    path="/prices",
    command="budget price",
    field="model",
    parameter="model",
    metavar="MODEL",
    help="as its agent reports it",
)

BY_PROGRAMS = EVERYWHERE - {"cli"}
"""The command line shows with a price also those that hold later."""

LIST = ListQuery(
    name="price.list",
    title="List prices that were set",
    text="Return the prices that people have set, by model and date; a table knows all others.",
    surfaces=BY_PROGRAMS,
    target=PRICE,
    filters=NoFilters,
    source=opened,
    find=prices,
    row=PriceView,
    key=lambda row: (row.model.lower(), row.valid_from, int(row.version)),
    kinds=(str, str, int),
)

GET = ItemQuery(
    name="price.get",
    title="The price of a model",
    text="Return what a model costs now, and the source of the price.",
    surfaces=BY_PROGRAMS,
    target=PRICE,
    source=opened,
    find=price,
    returns=PriceView,
)

QUERIES: tuple[Query, ...] = (LIST, GET)
