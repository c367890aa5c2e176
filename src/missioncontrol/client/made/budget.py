"""The budget methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.costs import Costs
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class BudgetRequests(Resource[L]):
    """Requests of the operations and queries of budget."""

    @requested
    def costs(self) -> Call[Costs]:
        """Return what was spent today and this month, the burn rate, breakdowns, and a forecast.

        The forecast is what is spent and what the pace of the last seven days adds by the end of
        the day or month.
        """
        return requests.item("budget.costs")
