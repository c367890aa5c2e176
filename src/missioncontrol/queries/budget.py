"""The query of what was spent."""

from missioncontrol.application.queries import costs as views
from missioncontrol.application.queries.costs import Costs
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import EVERYWHERE, ItemQuery, Query, Target


async def _costs(reader: Reader, _: str) -> Costs:
    return await views.costs(reader.present, reader.instruments, reader.now)


COSTS = ItemQuery(
    name="budget.costs",
    operation_id="budgets_get_costs",
    title="What was spent",
    text="Return what was spent today and this month, the burn rate, breakdowns, and a forecast."
    "\n\nThe forecast is what is spent and what the pace of the last seven days adds by the end of "
    "the day or month.",
    surfaces=EVERYWHERE - {"cli"},
    target=Target(
        noun="budget", path="/costs", resource="budgets", help="there is one", is_single=True
    ),
    source=opened,
    find=_costs,
    returns=Costs,
)

QUERIES: tuple[Query, ...] = (COSTS,)
