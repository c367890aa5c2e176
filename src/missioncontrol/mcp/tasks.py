"""Calls that take long, as tasks of the protocol: its extension for them, where a client has it.

https://github.com/modelcontextprotocol/ext-tasks, specification of 2026-07-28: a client that names
the extension with its call is answered with a task in place of the result, and asks for it until it
has ended. `Work` defines what the tasks are, and where they are stored.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, RequestParams
from mcp_types.jsonrpc import HEADER_MISMATCH
from pydantic import Field

IDENTIFIER = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({"2026-07-28"})
POLL_MS = 1_000
"""How often a client is asked to look."""

TASK_MAX = 300
NAME_HEADER = "mcp-name"

Status = Literal["working", "input_required", "completed", "failed", "cancelled"]
Request = ServerRequestContext[Any, Any]


class Task(msgspec.Struct, frozen=True):
    """A task as it stands."""

    id: str
    status: Status
    words: str  # how it stands, in a sentence
    created: float  # seconds since the epoch, as the next
    updated: float
    result: CallToolResult | None = None  # where it is completed
    error: dict[str, Any] | None = None  # where it failed, as JSON-RPC says it
    asks: Mapping[str, Any] = {}  # requests to the client by name, where input is required


class Work(Protocol):
    """What goes on after a call was answered, found again by its id alone."""

    fields: Mapping[str, str]
    """The tools whose calls may become tasks: in which field of its answer each names its task."""

    async def look(self, task: str, request: Request) -> Task:
        """Return the task as it stands; raises `NoSuchTask`, or what keeps the client from it."""
        ...

    async def cancel(self, task: str, request: Request) -> None:
        """Ask for the end of the task; raises as `look`. One that has ended stays as it is."""
        ...

    async def answer(self, task: str, answers: Mapping[str, Any], request: Request) -> None:
        """Take answers to what the task asks; raises as `look`. Those to nothing asked are left."""
        ...


class NoSuchTask(MCPError):
    """The task is unknown here."""

    def __init__(self, task: str) -> None:
        """`task` is what was asked for."""
        super().__init__(code=INVALID_PARAMS, message=f"There is no task {task[:TASK_MAX]!r} here.")


class OfTask(RequestParams):
    """Which task is meant."""

    task_id: str = Field(max_length=TASK_MAX)


class Answers(OfTask):
    """What a client answers to what a task asks."""

    input_responses: dict[str, Any]


class Tasks(Extension):
    """The extension: calls that become tasks, and the methods by which clients ask about them."""

    identifier = IDENTIFIER

    def __init__(self, work: Work) -> None:
        """`work` is what the tasks stand for."""
        self._work = work

    def methods(self) -> Sequence[MethodBinding]:
        """See `Extension.methods`."""
        return (
            MethodBinding("tasks/get", OfTask, self._get, VERSIONS),
            MethodBinding("tasks/update", Answers, self._update, VERSIONS),
            MethodBinding("tasks/cancel", OfTask, self._cancel, VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: Request, call_next: CallNext
    ) -> HandlerResult:
        """See `Extension.intercept_tool_call`; the call itself begins the work, and names it."""
        answer = await call_next(ctx)
        field = self._work.fields.get(params.name)
        if field is None or not can_use_tasks(ctx) or not isinstance(answer, CallToolResult):
            return answer
        named = (answer.structured_content or {}).get(field)
        if answer.is_error or not named:
            return answer  # Nothing began.
        return {**_seed(await self._work.look(named, ctx)), "resultType": "task"}

    async def _get(self, ctx: Request, params: OfTask) -> HandlerResult:
        _refuse_strange(ctx, params.task_id)
        return _detail(await self._work.look(params.task_id, ctx))

    async def _update(self, ctx: Request, params: Answers) -> HandlerResult:
        _refuse_strange(ctx, params.task_id)
        await self._work.answer(params.task_id, params.input_responses, ctx)
        return {}

    async def _cancel(self, ctx: Request, params: OfTask) -> HandlerResult:
        _refuse_strange(ctx, params.task_id)
        await self._work.cancel(params.task_id, ctx)
        return {}


def can_use_tasks(ctx: Request) -> bool:
    """Whether the client of a request takes tasks."""
    capabilities = ctx.session.client_capabilities
    declared = (capabilities.extensions if capabilities else None) or {}
    return ctx.protocol_version in VERSIONS and IDENTIFIER in declared


def _refuse_strange(ctx: Request, task: str) -> None:
    """Refuse who takes no tasks, and who says over HTTP that another one is meant.

    Raises:
        MCPError: that the extension is missing, or that header and body differ.
    """
    require_client_extension(ctx, IDENTIFIER)
    if ctx.request is not None and ctx.request.headers.get(NAME_HEADER, "").strip() != task:
        raise MCPError(code=HEADER_MISMATCH, message="The header Mcp-Name has to be the taskId.")


def _seed(task: Task) -> dict[str, Any]:
    return {
        "taskId": task.id,
        "status": task.status,
        "statusMessage": task.words,
        "createdAt": _time(task.created),
        "lastUpdatedAt": _time(task.updated),
        "ttlMs": None,  # The task lasts as long as the run behind it.
        "pollIntervalMs": POLL_MS,
    }


def _detail(task: Task) -> dict[str, Any]:
    """Return a task with what its status owes, and nothing else."""
    detail = _seed(task)
    if task.status == "input_required":
        detail["inputRequests"] = dict(task.asks)
    if task.status == "completed" and task.result is not None:
        detail["result"] = task.result.model_dump(by_alias=True, mode="json", exclude_none=True)
    if task.status == "failed":
        detail["error"] = task.error
    return detail


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
