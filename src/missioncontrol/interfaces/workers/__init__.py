"""Where workers of other machines come in."""

from missioncontrol.interfaces.workers.server import WorkerServer

__all__ = ["WorkerServer"]
