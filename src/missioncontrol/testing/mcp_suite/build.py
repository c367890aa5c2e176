"""The build: our server, and everything here hung on it."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmptyResult,
    SetLevelRequestParams,
    SubscribeRequestParams,
    Tool,
    UnsubscribeRequestParams,
)

from missioncontrol.mcp.catalogue import furnish
from missioncontrol.mcp.server import Reach, Server
from missioncontrol.testing.mcp_suite.client_requests import ASKING, PROMPTS
from missioncontrol.testing.mcp_suite.fixed_answers import (
    SCHEMA,
    TEXT_TOOLS,
    add_prompts,
    add_resources,
    json_schema_2020_12_tool,
)
from missioncontrol.testing.mcp_suite.jobs import JOBS, Jobs

Request = ServerRequestContext[Any, Any]
WIDE = json_schema_2020_12_tool.__name__


class Build(Server):
    """The server, with the methods of older revisions that no other client gets."""

    def __init__(self, reach: Reach, version: str) -> None:
        """See `Server`."""
        self.jobs = Jobs()
        super().__init__(reach, version, self.jobs)
        handle = self._lowlevel_server.add_request_handler
        handle("logging/setLevel", SetLevelRequestParams, _done)
        handle("resources/subscribe", SubscribeRequestParams, _done)
        handle("resources/unsubscribe", UnsubscribeRequestParams, _done)
        handle("completion/complete", CompleteRequestParams, _complete)

    async def list_tools(self) -> list[Tool]:
        """See `MCPServer.list_tools`; the schema of one is wider than its arguments."""
        return [
            each.model_copy(update={"input_schema": SCHEMA}) if each.name == WIDE else each
            for each in await super().list_tools()
        ]


async def _done(_: Request, __: object) -> EmptyResult:
    return EmptyResult()


async def _complete(_: Request, __: object) -> CompleteResult:
    return CompleteResult(completion=Completion(values=[], total=0, has_more=False))


def built(reach: Reach, version: str) -> Build:
    """Return the build; its own tools reach a home by `reach`."""
    server = Build(reach, version)
    furnish(server)
    for tool in (*TEXT_TOOLS, *ASKING, *JOBS):
        server.add_tool(tool)
    add_resources(server)
    for prompt in PROMPTS:
        server.prompt()(prompt)
    add_prompts(server)
    return server
