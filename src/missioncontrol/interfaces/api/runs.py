"""Runs as a resource of the API: begun, ended, repeated and compared; queries are declared."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from missioncontrol.application.asks import BeginRun, CancelRun, ForkRun, ResumeRun, RetryRun
from missioncontrol.application.queries import run_comparison
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, cursor_of, place_of


class StartRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to begin a run of."""

    workflow: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None  # by default the newest
    inputs: dict[str, Any] = {}


class CancelAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a run is to end."""

    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class RetryAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do again; by default all that did not succeed, with all that follows from it."""

    step: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class ForkAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to rerun from, and the inputs that replace those of the run."""

    step: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    inputs: dict[str, Any] = {}


class StartedRun(msgspec.Struct, frozen=True):
    """A run that has just come into being, or goes on."""

    run: str
    status: str
    mission: str = ""


class RunCancelled(msgspec.Struct, frozen=True):
    """A run that is to end."""

    run: str
    status: str


class ComparedPage(msgspec.Struct, frozen=True):
    """Two runs, and a part of their steps."""

    runs: run_comparison.ComparedRuns
    items: list[run_comparison.ComparedStep]
    next: str = ""


@post("/runs", status_code=201, summary="Start a run", **needs("operate"))
async def start_run(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    data: JSONBody[StartRun],
) -> Response[StartedRun]:
    """Begin a run of a saved workflow and return its id at once; it goes on by itself.

    Relative paths among the inputs are refused: the engine has a directory of its own.
    """
    return await _start_run(console, request, BeginRun(data.workflow, data.version, data.inputs))


async def _start_run(
    console: Console, request: Request[Principal, Any, Any], ask: Any
) -> Response[StartedRun]:
    begun = msgspec.convert(await console.ask(request, ask), StartedRun)
    headers = {"Location": f"/api/v1/runs/{quote(begun.run)}"}
    return Response(begun, status_code=201, headers=headers)


@get("/runs/{run:str}/compare/{other:str}", summary="Compare two runs", **needs("read"))
async def compare_runs(
    present: NamedDependency[Present],
    run: FromPath[str],
    other: FromPath[str],
    different: FromQuery[bool] = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> ComparedPage:
    """Return two runs step by step; `different` leaves out the steps that are the same."""
    place = place_of(cursor, int)
    both = await run_comparison.compared(present, run, other)
    found = run_comparison.compared_steps(
        both, only_different=different, after=int(place[0]) if place else -1, limit=limit + 1
    )
    more = cursor_of(found[limit - 1].place) if len(found) > limit else ""
    return ComparedPage(run_comparison.compare_runs(present, both), found[:limit], more)


@post("/runs/{run:str}/cancel", status_code=200, summary="Cancel a run", **needs("operate"))
async def cancel_run(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    run: FromPath[str],
    data: JSONBody[CancelAsked] = CancelAsked(),  # noqa: B008 - it can't change
) -> RunCancelled:
    """End a run: nothing of it starts any more, and what is at work is ended."""
    ask = CancelRun(run, data.reason or "asked for")
    return msgspec.convert(await console.ask(request, ask), RunCancelled)


@post("/runs/{run:str}/resume", status_code=200, summary="Resume a run", **needs("operate"))
async def resume_run(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    run: FromPath[str],
) -> StartedRun:
    """Take a run up again that was halted or left."""
    return msgspec.convert(await console.ask(request, ResumeRun(run)), StartedRun)


@post("/runs/{run:str}/retry", status_code=201, summary="Retry a run", **needs("operate"))
async def retry_run(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    run: FromPath[str],
    data: JSONBody[RetryAsked] = RetryAsked(),  # noqa: B008 - it can't change
) -> Response[StartedRun]:
    """Begin a new run that keeps the results of one that has ended, and does the rest again."""
    return await _start_run(console, request, RetryRun(run, data.step))


@post("/runs/{run:str}/fork", status_code=201, summary="Fork a run", **needs("operate"))
async def fork_run(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    run: FromPath[str],
    data: JSONBody[ForkAsked],
) -> Response[StartedRun]:
    """Begin a new run at a step of one that has ended, with other inputs."""
    return await _start_run(console, request, ForkRun(run, data.step, data.inputs))


HANDLERS: list[Any] = [
    *handlers_of("run"),
    start_run,
    compare_runs,
    cancel_run,
    resume_run,
    retry_run,
    fork_run,
]
