"""Prices as a resource of the API: what models cost, by whom it was set, and from when on."""

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.application.prices import PriceChange
from missioncontrol.application.queries import costs as queries
from missioncontrol.application.queries.costs import PriceView
from missioncontrol.domain.price_list import PriceSet
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, page_of

AnyRequest = Request[Principal, Any, Any]
Rate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,7}(\.[0-9]{1,12})?$")]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class PriceAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model costs: US dollars a million tokens, as text so that no digit is lost."""

    input: Rate
    output: Rate
    reason: Why
    cached: Rate | None = None  # what input costs, where it is left out
    cache_write: Rate | None = None
    valid_from: Annotated[str, msgspec.Meta(max_length=10)] = ""  # a UTC date; today by default


@get("/prices", summary="List prices that were set", **needs("read"))
async def list_prices(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[PriceView]:
    """Return the prices that people have set, by model and date; a table knows all others."""
    found = await queries.prices_set(console.present)
    seen: Counter[str] = Counter()
    places: dict[int, tuple[str, int]] = {}
    for each in found:
        seen[each.model.lower()] += 1  # A model may have several prices from one day on.
        places[id(each)] = each.model.lower(), seen[each.model.lower()]
    return page_of(found, cursor, limit, lambda it: places[id(it)], str, int)


@get("/prices/{model:str}", summary="The price of a model", responses=KNOWN, **needs("read"))
async def get_price(
    request: AnyRequest, console: NamedDependency[Console], model: FromPath[str]
) -> Response[PriceView]:
    """Return what a model costs now, and the source of the price."""
    found = await queries.price_view_of(
        console.present, console.instruments, model, console.instruments.now
    )
    return tagged(request, found, tag_of(found))


@put("/prices/{model:str}", summary="Set a price", responses=CHANGED, **needs("govern"))
async def set_price(
    request: AnyRequest,
    console: NamedDependency[Console],
    model: FromPath[str],
    data: JSONBody[PriceAsked],
    if_match: IfMatch = "",
) -> PriceView:
    """Say what a model costs from a date on; what is settled keeps the cost it was settled with."""
    if if_match:
        found = await queries.price_view_of(
            console.present, console.instruments, model, console.instruments.now
        )
        refuse_stale(if_match, tag_of(found), f"The price of {model!r}")
    event = msgspec.convert(await console.ask(request, change_of(model, data)), PriceSet)
    return queries.price_view(event.price, event.actor, event.reason)


def change_of(model: str, data: PriceAsked) -> PriceChange:
    """Return the change that a request describes."""
    return PriceChange(
        model,
        Decimal(data.input),
        Decimal(data.output),
        data.reason,
        None if data.cached is None else Decimal(data.cached),
        None if data.cache_write is None else Decimal(data.cache_write),
        data.valid_from,
    )


HANDLERS: list[Any] = [list_prices, get_price, set_price]
