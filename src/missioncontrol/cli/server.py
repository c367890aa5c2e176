"""A home on a server, as the verbs need it: read and changed through its API with a token."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.adapters.artifact_stores.server import ServerArtifactStore
from missioncontrol.adapters.event_stores.server import ServerEventStore
from missioncontrol.adapters.home import Holder
from missioncontrol.adapters.output_stores.server import ServerOutputStore
from missioncontrol.adapters.read_tables.server import ServerReadTables
from missioncontrol.adapters.server_line import KINDS, Kinds, ServerLine
from missioncontrol.application.search import Found, FoundRuns
from missioncontrol.domain import errors
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import TERMINAL
from missioncontrol.ports.search_index import Query

TOKEN = "MISSION_TOKEN"  # noqa: S105 - a variable's name


AS_BESIDE_THE_HOME: Kinds = dict([*KINDS.items(), (409, Rejected), *errors.KINDS.items()])
"""A refusal is raised here as it was there. If a server does not name its kind, it follows from
the status: what does not fit how things are now is a mistake of the user."""


class _Answer(msgspec.Struct):
    answer: Any = None


class ServerHome:
    """What takes the place of a directory: the address of the server."""

    exists = True

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self.root = line.url
        self.artifacts = f"{line.url}/api/v1/artifacts"

    def holder(self) -> Holder:
        """Return the server: it holds its home, or it would not answer."""
        return Holder(0, 0.0, f"the server at {self.root}", socket=self.root, console=self.root)


class ServerReading:
    """A home opened for reading from afar; see `reading.Reading`."""

    def __init__(self, line: ServerLine) -> None:
        """`line` is closed with it."""
        self._line = line
        self.home = ServerHome(line)
        self.store = ServerEventStore(line)
        self.tables = ServerReadTables(line)
        self.output = ServerOutputStore(line)
        self.artifacts = ServerArtifactStore(line)

    @property
    def search(self) -> "ServerSearch":
        """The log's index there."""
        return ServerSearch(self._line)

    def heads(self) -> bytes:
        """Return the signed heads of the log as their file holds them."""
        return self._line.content("/record/heads")

    def close(self) -> None:
        """Close the connections."""
        self._line.close()


class ServerSearch:
    """Searches as `application.search.Search` does, with the index of the server."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    async def events(self, query: Query, *, before: int | None = None, limit: int = 50) -> Found:
        """See `Search.events`."""
        return self._line.post("/record/search/events", _looked(query, before, limit), Found)

    async def runs(self, query: Query, *, before: int | None = None, limit: int = 50) -> FoundRuns:
        """See `Search.runs`."""
        return self._line.post("/record/search/runs", _looked(query, before, limit), FoundRuns)

    def strangers(self, query: Query) -> dict[str, list[str]]:
        """See `Search.strangers`."""
        asked = _looked(query, None, 1)
        return self._line.post("/record/search/strangers", asked, dict[str, list[str]])


def _looked(query: Query, before: int | None, limit: int) -> dict[str, Any]:
    return {"query": query, "before": before, "limit": limit}


def line_to(url: str, environment: Mapping[str, str] = os.environ) -> ServerLine:
    """Return the line to a server, with the token of the user.

    Raises:
        Rejected: see `ServerLine`.
    """
    token = environment.get(TOKEN, "").strip()
    return ServerLine(url, token, agent=TERMINAL, kinds=AS_BESIDE_THE_HOME)


def send_command(line: ServerLine, verb: str, arguments: Mapping[str, Any]) -> Any:
    """Have the server do what is asked, and return its answer.

    Raises:
        MissionControlError: as the office there, or as `ServerLine.post`.
    """
    return line.post(f"/asks/{verb}", arguments, _Answer).answer
