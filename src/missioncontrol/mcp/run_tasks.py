"""Runs as tasks of the protocol: any client finds a run again by its id, from anywhere."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolResult, TextContent

from missioncontrol.application.queries.runs import RunDetail
from missioncontrol.client import AsyncClient
from missioncontrol.client.shapes import ENDED
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.mcp.runs import standing_of
from missioncontrol.mcp.server import Reach, in_words
from missioncontrol.mcp.tasks import NoSuchTask, Request, Status, Task

REASON = "The client cancelled the task."


class RunTasks:
    """Implements `tasks.Work`: what a client receives is the record of the run."""

    def __init__(self, reach: Reach) -> None:
        """`reach` leads to the home."""
        self.fields: Mapping[str, str] = {"plan_mission": "run", "begin_mission": "run"}
        self._reach = reach

    async def look(self, task: str, request: Request) -> Task:
        """See `Work.look`."""
        async with self._client(task, request) as client:
            return _task(await client.runs.get(task))

    async def cancel(self, task: str, request: Request) -> None:
        """See `Work.cancel`: the run is asked to end, which is final."""
        async with self._client(task, request) as client:
            try:
                await client.runs.cancel(task, REASON)
            except MissionControlError as refusal:
                if refusal.code != "run.settled":
                    raise

    async def answer(self, task: str, answers: Mapping[str, Any], request: Request) -> None:
        """See `Work.answer`: a run asks a client nothing; people answer it elsewhere."""
        del answers
        await self.look(task, request)

    @asynccontextmanager
    async def _client(self, task: str, request: Request) -> AsyncIterator[AsyncClient]:
        """Lend a client for one request; refusals of the home become errors of the protocol."""
        try:
            async with self._reach.client(Context(request_context=request)) as client:
                yield client
        except NotFound:
            raise NoSuchTask(task) from None
        except MissionControlError as refusal:
            raise MCPError(code=INTERNAL_ERROR, message=in_words(refusal)) from None


def _task(run: RunDetail) -> Task:
    """Return a run as a task. What waits for a person goes on: it is not this client's to answer.

    The caller who began a run can't approve its requests, so the wrong person would be asked.
    """
    updated = run.ended or run.started or run.created
    return Task(run.run, _status(run), run.verdict, run.created, updated, _result(run))


def _status(run: RunDetail) -> Status:
    if run.status not in ENDED:
        return "working"
    return "cancelled" if run.status == "cancelled" else "completed"


def _result(run: RunDetail) -> CallToolResult | None:
    """Return what the call comes to: how the run ended; that it failed is no fault of the call."""
    if run.status not in ENDED:
        return None
    standing = standing_of(run)
    text = TextContent(type="text", text=msgspec.json.encode(standing).decode())
    plain: dict[str, Any] = {**standing}
    return CallToolResult(content=[text], structured_content=plain, is_error=run.status == "failed")
