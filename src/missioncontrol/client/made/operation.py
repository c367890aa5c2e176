"""The operation methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.measures import Health
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.queries.operation import OperationView


class OperationRequests(Resource[L]):
    """Requests of the operations and queries of operation."""

    @requested
    def get(self) -> Call[OperationView]:
        """Return the stage of the workspace, since when and why, and the limits that hold."""
        return requests.item("operation.get")

    @requested
    def health(self) -> Call[Health]:
        """Return agents, tasks, the burn rate over time, how schedules did, and what is unusual."""
        return requests.item("operation.health")
