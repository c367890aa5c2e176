"""The typed clients of a server, for programs that work through its API."""

from missioncontrol.adapters.server_line import ServerProblem
from missioncontrol.client.calls import Page
from missioncontrol.client.client import AsyncClient, Client
from missioncontrol.client.lists import AsyncListed, Listed
from missioncontrol.client.problems import problem_of

__all__ = [
    "AsyncClient",
    "AsyncListed",
    "Client",
    "Listed",
    "Page",
    "ServerProblem",
    "problem_of",
]
