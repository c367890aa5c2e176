"""The operation that sets a price."""

from typing import TYPE_CHECKING, Any

from missioncontrol.application.queries.costs import PriceView, price_view
from missioncontrol.declarations import BY_PEOPLE, Body, Operation
from missioncontrol.domain.price_list import Rate, SetPrice
from missioncontrol.queries.price import GET, PRICE

if TYPE_CHECKING:
    from missioncontrol.application.office import Office


async def _set(office: "Office", command: SetPrice, actor: str) -> PriceView:
    event = office.budgets.prices.change(command, actor=actor)
    return price_view(event.price, event.actor, event.reason)


SET = Operation(
    name="price.set",
    title="Set a price",
    text="Say what a model costs from a date on.\n\nWhat is settled keeps the cost that it was "
    "settled with.",
    permission="govern",
    surfaces=BY_PEOPLE - {"cli"},
    former="PriceChange",
    command=SetPrice,
    fixed={"actor": ""},
    narrow={"input": Rate, "output": Rate, "cached": Rate | None, "cache_write": Rate | None},
    returns=PriceView,
    handle=_set,
    target=PRICE,
    method="PUT",
    unless_changed=GET,
    body=Body(
        "PriceAsked",
        "What a model costs: US dollars a million tokens, as text so that no digit is lost.",
    ),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (SET,)
