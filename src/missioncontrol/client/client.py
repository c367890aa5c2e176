"""The client of a server, as programs hold it."""

from types import TracebackType
from typing import Self

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.application.queries.search import SearchResults
from missioncontrol.client.agents import Agents
from missioncontrol.client.approvals import Approvals
from missioncontrol.client.artifacts import Artifacts
from missioncontrol.client.events import Events
from missioncontrol.client.governing import Budgets, Operations, Prices, Schedules
from missioncontrol.client.line import Line
from missioncontrol.client.missions import Missions
from missioncontrol.client.people import Tokens, Users
from missioncontrol.client.record import Audit, Logs, search
from missioncontrol.client.runs import Runs
from missioncontrol.client.webhooks import Webhooks
from missioncontrol.client.workflows import Workflows


class Client:
    """Works through the API of one server, in the name of whoever owns the token.

        with Client("http://127.0.0.1:8700", token) as client:
            begun = client.runs.start("greeting", inputs={"name": "Ada"})
            print(client.runs.wait(begun.run).verdict)

    Answers are the structs of `missioncontrol.application.queries`. Lists are read as far as
    somebody iterates over them. Each change has a key of its own, so what is sent again after a
    lost connection is not done twice.

    Every refusal is a `MissionControlError` with the code of the API: `NotFound`, `Conflict`
    (somebody was faster, or it is stale), `Unavailable` (not now, after three more tries), and
    `Rejected` for everything else.
    """

    def __init__(self, url: str, token: str) -> None:
        """`url` is where the pages of the server are.

        Raises:
            Rejected: `server.bad_url`, or `server.no_token`.
        """
        self._server = ServerLine(url, token)
        self.url = self._server.url
        line = Line(self._server)
        self.events = Events(line)
        self.missions = Missions(line)
        self.workflows = Workflows(line)
        self.runs = Runs(line, self.events)
        self.approvals = Approvals(line)
        self.agents = Agents(line)
        self.schedules = Schedules(line)
        self.budgets = Budgets(line)
        self.prices = Prices(line)
        self.operation = Operations(line)
        self.artifacts = Artifacts(line)
        self.users = Users(line)
        self.tokens = Tokens(line)
        self.logs = Logs(line)
        self.audit = Audit(line)
        self.webhooks = Webhooks(line)
        self._line = line

    def search(self, words: str) -> SearchResults:
        """Return the newest things whose names have these words, and events that say them."""
        return search(self._line, words)

    def __enter__(self) -> Self:
        """Return the client, to be closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the connections."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()
