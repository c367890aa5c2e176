"""The clients of a server, as programs hold them."""

from types import TracebackType
from typing import Self

import httpx

from missioncontrol.adapters.server_line import AsyncServerLine, ServerLine
from missioncontrol.application.queries.search import SearchResults
from missioncontrol.client import record
from missioncontrol.client.agents import Agents
from missioncontrol.client.alerts import Alerts
from missioncontrol.client.analytics import Analytics, Products
from missioncontrol.client.approvals import Approvals
from missioncontrol.client.artifacts import Artifacts
from missioncontrol.client.async_line import AsyncLine
from missioncontrol.client.calls import Call
from missioncontrol.client.decisions import Decisions
from missioncontrol.client.documents import Documents
from missioncontrol.client.events import Events
from missioncontrol.client.governing import Budgets, Operations
from missioncontrol.client.line import Line
from missioncontrol.client.made.agent_session import AgentSessionRequests
from missioncontrol.client.made.board import BoardRequests
from missioncontrol.client.made.gateway_key import GatewayKeyRequests
from missioncontrol.client.made.inbox import InboxRequests
from missioncontrol.client.made.knowledge import KnowledgeRequests
from missioncontrol.client.made.notification import NotificationRequests
from missioncontrol.client.made.price import PriceRequests
from missioncontrol.client.made.retention import RetentionRequests
from missioncontrol.client.made.review import ReviewRequests
from missioncontrol.client.made.schedule import ScheduleRequests
from missioncontrol.client.made.share import ShareRequests
from missioncontrol.client.made.token import TokenRequests
from missioncontrol.client.made.work_item import WorkItemRequests
from missioncontrol.client.made.workspace import WorkspaceRequests
from missioncontrol.client.memory import Memory
from missioncontrol.client.missions import Missions
from missioncontrol.client.people import Users
from missioncontrol.client.record import Audit, Logs
from missioncontrol.client.repositories import Repositories
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.client.runs import Runs
from missioncontrol.client.templates import Templates
from missioncontrol.client.traces import Traces
from missioncontrol.client.webhooks import Webhooks
from missioncontrol.client.workflows import Workflows


class _Everything(Resource[L]):
    """All that can be asked of a server."""

    def __init__(self, line: L) -> None:
        super().__init__(line)
        self.url = line.server.url
        self.events = Events(line)
        self.missions = Missions(line)
        self.documents = Documents(line)
        self.traces = Traces(line)
        self.decisions = Decisions(line)
        self.knowledge = KnowledgeRequests(line)
        self.memory = Memory(line)
        self.templates = Templates(line)
        self.inbox = InboxRequests(line)
        self.notifications = NotificationRequests(line)
        self.shares = ShareRequests(line)
        self.retention = RetentionRequests(line)
        self.repositories = Repositories(line)
        self.workflows = Workflows(line)
        self.runs = Runs(line)
        self.approvals = Approvals(line)
        self.agents = Agents(line)
        self.agent_sessions = AgentSessionRequests(line)
        self.schedules = ScheduleRequests(line)
        self.budgets = Budgets(line)
        self.prices = PriceRequests(line)
        self.operation = Operations(line)
        self.artifacts = Artifacts(line)
        self.users = Users(line)
        self.tokens = TokenRequests(line)
        self.gateway_keys = GatewayKeyRequests(line)
        self.work_items = WorkItemRequests(line)
        self.board = BoardRequests(line)
        self.workspaces = WorkspaceRequests(line)
        self.reviews = ReviewRequests(line)
        self.logs = Logs(line)
        self.audit = Audit(line)
        self.webhooks = Webhooks(line)
        self.products = Products(line)
        self.analytics = Analytics(line)
        self.alerts = Alerts(line)

    @requested
    def search(self, words: str) -> Call[SearchResults]:
        """Return the newest things whose names have these words, and events that say them."""
        return record.search(words)


class Client(_Everything[Line]):
    """Works through the API of one server, in the name of the token's owner.

        with Client("http://127.0.0.1:8700", token) as client:
            begun = client.runs.start("greeting", inputs={"name": "Ada"})
            print(client.runs.wait(begun.run).verdict)

    Answers are the structs of `missioncontrol.application.queries`. Lists are read as far as
    they are iterated over. Each change has a key of its own, so what is sent again after a
    lost connection is not done twice.

    Every refusal is a `MissionControlError` with the code of the API: `NotFound`, `Conflict`
    (another was first, or it is stale), `Unavailable` (not now, after three more tries), and
    `Rejected` for everything else. `problem_of(error)` is the server's whole answer (RFC 9457).
    """

    def __init__(self, url: str, token: str) -> None:
        """`url` is where the pages of the server are.

        Raises:
            Rejected: `server.bad_url`, or `server.no_token`.
        """
        super().__init__(Line(ServerLine(url, token)))

    def __enter__(self) -> Self:
        """Return the client, to be closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.line.server.close()


class AsyncClient(_Everything[AsyncLine]):
    """Does what `Client` does, while others go on: what that returns is awaited here.

        async with AsyncClient("http://127.0.0.1:8700", token) as client:
            begun = await client.runs.start("greeting", inputs={"name": "Ada"})
            print((await client.runs.wait(begun.run)).verdict)
            async for run in client.runs.list(status="failed"):
                print(run.id)

    Who leaves a stream before its end closes it: `contextlib.aclosing(client.events.stream())`.
    """

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """See `Client`; `transport` is another way to the server than a connection."""
        super().__init__(AsyncLine(AsyncServerLine(url, token, transport=transport)))

    async def __aenter__(self) -> Self:
        """Return the client, to be closed at the end."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.line.server.close()
