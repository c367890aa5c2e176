"""The board methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.application.roadmap import Roadmap
from missioncontrol.application.work_flow import Flow
from missioncontrol.application.workload import Workload
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.domain.work_item.commands import LimitStage
from missioncontrol.queries.board import Board


class BoardRequests(Resource[L]):
    """Requests of the operations and queries of board."""

    @requested
    def get(self) -> Call[Board]:
        """Return the columns of the board.

        Each has its number of items, its limit, and how many of them are stuck or failed. The items
        are in `work_item.list`.
        """
        return requests.item("board.get")

    @requested
    def flow(self) -> Call[Flow]:
        """Return how work flows.

        The median and the 90th percentile of the time in each stage in the last 28 days, what waits
        for what, which items are over the p90 of their stage, what came and went in each week, and
        how many items were where each day.
        """
        return requests.item("board.flow")

    @requested
    def roadmap(self) -> Call[Roadmap]:
        """Return missions with forecast ends and due dates, and schedules with their slots.

        It reaches from four weeks back to nine ahead. A forecast is a range that is simulated from
        how fast earlier items got done. `grounds` has the cases and how often such ranges held;
        with too few cases, or where they rarely held, there is no range, and `why` says so.
        """
        return requests.item("board.roadmap")

    @requested
    def workload(self) -> Call[Workload]:
        """Return what agents and people work on, and their queues.

        With the last 24 hours of each hour by hour, slots, utilisation and cost of agents, and
        capacity against demand.
        """
        return requests.item("board.workload")

    @requested
    def limit(
        self,
        stage: Literal["planned", "ready_to_build", "building", "in_review", "waiting", "done"],
        limit: int,
        *,
        key: str = "",
    ) -> Call[LimitStage]:
        """Say how many items are to be in a stage at most.

        The limit warns and refuses nothing; 0 removes it.
        """
        return requests.operation("board.limit", "", {"stage": stage, "limit": limit}, key=key)
