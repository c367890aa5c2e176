"""Jobs that take long, in memory: what the suite's tasks stand for, in place of runs."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypedDict, cast

from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolResult, InputRequiredResult, TextContent

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.mcp.server import Ctx
from missioncontrol.mcp.tasks import IDENTIFIER, NoSuchTask, Request, Task, can_use_tasks
from missioncontrol.testing.mcp_suite.client_requests import NAME, answer_field, form

JOBS_MAX = 1_000
CLOCK = SystemClock()


class JobStart(TypedDict):
    """Which task a job is, or its output where it is none."""

    task: str
    text: str


class Job:
    """One job, and what became of it."""

    def __init__(self, asks: Mapping[str, Any]) -> None:
        """`asks` are the requests that have to be answered before it ends."""
        self.id = secrets.token_hex(16)
        self.created = self.updated = CLOCK.now()
        self.asks = dict(asks)
        self.answers: dict[str, Any] = {}
        self.answered = asyncio.Event()
        self.work: asyncio.Task[CallToolResult] | None = None

    def task(self) -> Task:
        """Return it as a task."""
        assert self.work is not None, "it was begun"
        fields = (self.id, self.created, self.updated)
        if not self.work.done():
            status = "input_required" if self.asks else "working"
            return _task(*fields, status, asks=dict(self.asks))
        if self.work.cancelled():
            return _task(*fields, "cancelled")
        failure = self.work.exception()
        if isinstance(failure, MCPError):
            error = failure.error.model_dump(exclude_none=True)
            return _task(*fields, "failed", error=error)
        return _task(*fields, "completed", result=self.work.result())


def _task(name: str, created: float, updated: float, status: Any, **more: Any) -> Task:
    return Task(name, status, f"It is {status}.", created, updated, **more)


class Jobs:
    """Keeps the promise of `tasks.Work`."""

    def __init__(self) -> None:
        """None has begun."""
        self.fields: Mapping[str, str] = dict.fromkeys((tool.__name__ for tool in JOBS), "task")
        self._jobs: dict[str, Job] = {}

    def begin(
        self, work: Callable[[Job], Awaitable[CallToolResult]], asks: Mapping[str, Any]
    ) -> Job:
        """Begin a job."""
        job = Job(asks)

        async def worked() -> CallToolResult:
            try:
                return await work(job)
            finally:
                job.updated = CLOCK.now()

        job.work = asyncio.create_task(worked())
        self._jobs[job.id] = job
        while len(self._jobs) > JOBS_MAX:
            del self._jobs[next(iter(self._jobs))]
        return job

    def _found(self, task: str) -> Job:
        if task not in self._jobs:
            raise NoSuchTask(task)
        return self._jobs[task]

    async def look(self, task: str, request: Request) -> Task:
        """See `Work.look`."""
        del request
        return self._found(task).task()

    async def cancel(self, task: str, request: Request) -> None:
        """See `Work.cancel`."""
        del request
        job = self._found(task)
        assert job.work is not None, "it was begun"
        job.work.cancel()

    async def answer(self, task: str, answers: Mapping[str, Any], request: Request) -> None:
        """See `Work.answer`."""
        del request
        job = self._found(task)
        for name in answers.keys() & job.asks.keys():
            job.answers[name] = answers[name]
            del job.asks[name]
        if not job.asks:
            job.answered.set()


async def _carried_out(
    ctx: Ctx, work: Callable[[Job], Awaitable[CallToolResult]], **asks: Any
) -> JobStart:
    """Begin a job as a task, or see it through where the client takes none."""
    jobs = cast("Jobs", cast("Any", ctx.mcp_server).jobs)
    plain = {name: each.model_dump(by_alias=True, exclude_none=True) for name, each in asks.items()}
    job = jobs.begin(work, plain)
    if can_use_tasks(ctx.request_context):
        return JobStart(task=job.id, text="")
    assert job.work is not None, "it was begun"
    result = await job.work
    return JobStart(task="", text=_text(result))


def _done(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


def _text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


async def slow_compute(ctx: Ctx, seconds: float = 1.0, label: str = "it") -> JobStart:
    """Take some seconds."""

    async def work(_: Job) -> CallToolResult:
        await asyncio.sleep(seconds)
        return _done(f"Computed {label}.")

    return await _carried_out(ctx, work)


async def failing_job(ctx: Ctx) -> JobStart:
    """Fail, as a task alone."""
    require_client_extension(ctx.request_context, IDENTIFIER)

    async def work(_: Job) -> CallToolResult:
        await asyncio.sleep(0)
        return _done("It failed, as it was to.", is_error=True)

    return await _carried_out(ctx, work)


async def protocol_error_job(ctx: Ctx) -> JobStart:
    """Break."""

    async def work(_: Job) -> CallToolResult:
        await asyncio.sleep(0)
        raise MCPError(code=INTERNAL_ERROR, message="It broke, as it was to.")

    return await _carried_out(ctx, work)


async def confirm_delete(ctx: Ctx, filename: str = "a file") -> JobStart:
    """Ask on the way."""

    async def work(job: Job) -> CallToolResult:
        await job.answered.wait()
        return _done(f"Deleted {filename}: {job.answers}")

    return await _carried_out(ctx, work, confirm=form("Delete it?", "confirm", "boolean"))


async def multi_input(ctx: Ctx) -> JobStart:
    """Ask two things on the way."""

    async def work(job: Job) -> CallToolResult:
        await job.answered.wait()
        return _done(f"Both were answered: {job.answers}")

    return await _carried_out(ctx, work, name=NAME, age=form("How old are you?", "age", "integer"))


async def test_tool_with_task(ctx: Ctx) -> JobStart | InputRequiredResult:
    """Ask first, and go on as a task."""
    require_client_extension(ctx.request_context, IDENTIFIER)
    name = answer_field(ctx, "user_name", "name")
    if not name:
        return InputRequiredResult(input_requests={"user_name": NAME})

    async def work(_: Job) -> CallToolResult:
        await asyncio.sleep(0)
        return _done(f"Hello, {name}!")

    return await _carried_out(ctx, work)


JOBS = (
    slow_compute,
    failing_job,
    protocol_error_job,
    confirm_delete,
    multi_input,
    test_tool_with_task,
)
