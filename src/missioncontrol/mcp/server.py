"""The server that the tools and resources are hung on, and how they reach the home behind it."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias, cast

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import AnyUrl

from missioncontrol.client import AsyncClient
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.principal import Permission
from missioncontrol.domain.visible import visible
from missioncontrol.mcp.tasks import Tasks, Work

Ctx: TypeAlias = Context[Any, Any]

INSTRUCTIONS = """\
Mission Control plans goals for a repository, carries plans out with agents, and records all of it.
Begin with `plan_mission` or `begin_mission`; both return a run at once. `follow_run` reports how it
goes on until it ends, needs a person or the time is over, and may be called again. Where a run asks
for an approval, `approve` puts exactly what would run before the person at this client. Where work
on a repository goes through gates, `list_tasks` says what holds each task up. Long texts come in
parts: `next` says where the next one begins."""


class Reach(Protocol):
    """How the caller reaches a home: by its own process, or by a server elsewhere."""

    def client(self, ctx: Ctx) -> AsyncClient:
        """Return a client that acts for the caller; the code that requests it closes it."""
        ...

    def refuse_without(self, permission: Permission, ctx: Ctx) -> None:
        """Refuse who may not do what is done on this machine and not through the client.

        Raises:
            Forbidden: `permission.missing`.
        """
        ...

    def refuse_agents_at_work(self) -> None:
        """Refuse where an agent at work started this program: it decides about nothing.

        Raises:
            Rejected: `approval.by_agent`.
        """
        ...


class Server(MCPServer[Any]):
    """An MCP server that says what a home refuses in a sentence with its code."""

    def __init__(self, reach: Reach, version: str, work: Work) -> None:
        """`reach` leads to the home; `work` is what calls that take long go on as."""
        super().__init__(
            "mission-control",
            title="Mission Control",
            instructions=INSTRUCTIONS,
            version=version,
            log_level="ERROR",
            extensions=[Tasks(work)],
        )
        self.reach = reach

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """See `MCPServer.call_tool`; refusals of the home are its failures."""
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as error:
            if isinstance(error.__cause__, MissionControlError):
                raise ToolError(in_words(error.__cause__)) from None
            raise

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """See `MCPServer.read_resource`; refusals of the home are its failures."""
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            if not isinstance(error.__cause__, MissionControlError):
                raise
            is_missing = isinstance(error.__cause__, NotFound)
            kind = ResourceNotFoundError if is_missing else ResourceError
            raise kind(in_words(error.__cause__)) from None


def in_words(refusal: MissionControlError) -> str:
    """Return a refusal as a model or a person reads it: what, what to do, and the code."""
    message = " ".join(part for part in (refusal.reason, refusal.hint) if part)
    return f"{visible(message)} ({refusal.code})"


def reach_of(ctx: Ctx) -> Reach:
    """Return how a call reaches the home."""
    return cast("Server", ctx.mcp_server).reach


def client_of(ctx: Ctx) -> AsyncClient:
    """Return a client that acts for the caller; it is closed with `async with`."""
    return reach_of(ctx).client(ctx)
