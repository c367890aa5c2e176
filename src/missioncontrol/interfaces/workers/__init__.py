"""Where workers of other machines come in, and the way of their tools to the gateway here."""

from missioncontrol.interfaces.workers.gateway_door import GatewayDoor
from missioncontrol.interfaces.workers.server import WorkerServer

__all__ = ["GatewayDoor", "WorkerServer"]
