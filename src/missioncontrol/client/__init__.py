"""The typed client of a server: `Client(url, token)`, for programs that work through its API."""

from missioncontrol.client.client import Client
from missioncontrol.client.line import Listed, Page

__all__ = ["Client", "Listed", "Page"]
