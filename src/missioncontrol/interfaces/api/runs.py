"""Runs as a resource of the API: begun, watched, ended, repeated, compared and replayed."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol.application.asks import BeginRun, CancelRun, ForkRun, ResumeRun, RetryRun
from missioncontrol.application.queries import replay, run_comparison, runs, steps
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import RunWord
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.surfaces.conditional import KNOWN, digest_of, tagged
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

SECONDS_MAX = 1e11
POSITION_MAX = 2**53

Trigger = Literal["manual", "api", "schedule", "webhook", "agent"]
StepStateName = Literal[
    "waiting",
    "due",
    "held",
    "expanded",
    "ready",
    "working",
    "resting",
    "succeeded",
    "skipped",
    "failed",
    "blocked",
    "cancelled",
]

Name = Annotated[str, QueryParameter(max_length=300)]
Words = Annotated[
    str, QueryParameter(max_length=300, description="Text that its id or title holds, in any case.")
]
Moment = Annotated[
    float | None,
    QueryParameter(ge=0, le=SECONDS_MAX, description="Seconds since the epoch."),
]
At = Annotated[
    int | None,
    QueryParameter(ge=1, le=POSITION_MAX, description="A position of the log; by default now."),
]
AtPosition = Annotated[
    int, QueryParameter(ge=1, le=POSITION_MAX, description="A position of the log.")
]


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


class RunCounts(msgspec.Struct, frozen=True):
    """How many runs there are."""

    all: int
    attention: int  # waiting, stuck or halted, or asking a person something
    statuses: dict[str, int]


class ComparedPage(msgspec.Struct, frozen=True):
    """Two runs, and a part of their steps."""

    runs: run_comparison.ComparedRuns
    items: list[run_comparison.ComparedStep]
    next: str = ""


@get("/runs", summary="List runs", **needs("read"))
async def list_runs(
    present: NamedDependency[Present],
    status: FromQuery[list[RunWord] | None] = None,
    workflow: Name = "",
    mission: Name = "",
    author: Name = "",
    trigger: FromQuery[Trigger | None] = None,
    schedule: Name = "",
    since: Moment = None,
    until: Moment = None,
    text: Words = "",
    attention: FromQuery[bool] = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[runs.RunItem]:
    """Return runs, newest first. `attention` chooses those that wait for a person.

    That is those that are waiting, stuck or halted, and those that ask something while they work.
    """
    choice = RunChoice(
        statuses=tuple(status or ()),
        workflow=workflow,
        mission=mission,
        author=author,
        trigger=trigger or "",
        schedule=schedule,
        since=since or 0.0,
        until=RunChoice().until if until is None else until,
        text=text,
    )
    place = place_of(cursor, str)
    before = place[0] if place else ""
    found = runs.list_runs(
        present, choice, needs_attention=attention, before=before, limit=limit + 1
    )
    more = cursor_of(found[limit - 1].id) if len(found) > limit else ""
    return Page(found[:limit], more)


@get("/run-counts", summary="Count runs", **needs("read"))
async def count_runs(present: NamedDependency[Present]) -> RunCounts:
    """Return how many runs there are of each status, and how many need a person."""
    found = runs.run_counts(present)
    return RunCounts(found.pop("all"), found.pop("attention"), found)


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


@get("/runs/{run:str}", summary="Get a run", responses=KNOWN, **needs("read"))
async def get_run(
    request: Request[Principal, Any, Any],
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    run: FromPath[str],
    at: At = None,
) -> Response[runs.RunDetail]:
    """Return a run in full but for its steps, as of now or of a position of the log."""
    found = await runs.run_detail(present, run, console.shelf.scopes, at=at)
    return tagged(request, found, f'W/"{found.revision}-{found.asks}-{digest_of(found.reason)}"')


@get("/runs/{run:str}/steps", summary="List the steps of a run", **needs("read"))
async def list_steps(
    present: NamedDependency[Present],
    run: FromPath[str],
    states: Annotated[list[StepStateName] | None, QueryParameter(name="state")] = None,
    parent: Annotated[str | None, QueryParameter(max_length=2_000)] = None,
    text: Words = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[steps.StepItem]:
    """Return steps, each followed by those that it became.

    `parent` chooses what one step became; given and empty, the steps of the workflow itself.
    """
    choice = steps.StepChoice(tuple(states or ()), parent, text)
    after = await _after_step(present, run, cursor)
    found = await steps.list_steps(present, run, choice, after=after, limit=limit + 1)
    return _paged_by_step(found, limit)


def _after(cursor: str) -> int:
    place = place_of(cursor, int)
    return int(place[0]) if place else -1


async def _after_step(present: Present, run: str, cursor: str) -> int:
    """Return the place of the step that the page before ended with; -1 at the beginning."""
    place = place_of(cursor, str)
    return await steps.place_after(present, run, place[0]) if place else -1


def _paged_by_step(found: list[Any], limit: int) -> Page[Any]:
    """Return a page of steps: their places move as they change while a client reads."""
    more = cursor_of(found[limit - 1].step) if len(found) > limit else ""
    return Page(found[:limit], more)


def _paged(found: list[Any], limit: int) -> Page[Any]:
    """Return a page of what has a place in its list; one more was looked for than it holds."""
    more = cursor_of(found[limit - 1].place) if len(found) > limit else ""
    return Page(found[:limit], more)


@get("/runs/{run:str}/steps/{step:path}", summary="Get a step", **needs("read"))
async def get_step(
    request: Request[Principal, Any, Any],
    present: NamedDependency[Present],
    run: FromPath[str],
    step: FromPath[str],
    at: At = None,
) -> Response[steps.StepDetail]:
    """Return a step in full: exact input and output, attempts, approvals, causes, what is next."""
    found = await steps.step_detail(present, run, step.removeprefix("/"), at=at)
    del request
    return Response(found)


@get("/runs/{run:str}/events", summary="List the events of a run", **needs("read"))
async def list_events(
    present: NamedDependency[Present],
    run: FromPath[str],
    step: Annotated[str, QueryParameter(max_length=2_000)] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[replay.RunEventLine]:
    """Return what happened in a run, in order, a line each; `/events` has all that they say."""
    after = max(_after(cursor), 0)
    found = await replay.run_events(present, run, after=after, step=step, limit=limit + 1)
    more = cursor_of(found[limit - 1].version) if len(found) > limit else ""
    return Page(found[:limit], more)


@get("/runs/{run:str}/graph", summary="Get the graph of a run", responses=KNOWN, **needs("read"))
async def get_graph(
    request: Request[Principal, Any, Any],
    present: NamedDependency[Present],
    run: FromPath[str],
    at: At = None,
) -> Response[runs.RunGraph]:
    """Return all steps of a run with what each needs, at most 10,000."""
    found = await runs.run_graph(present, run, at=at)
    return tagged(request, found, f'W/"{found.position}"')


@get("/runs/{run:str}/timeline", summary="Get the timeline of a run", **needs("read"))
async def get_timeline(
    present: NamedDependency[Present],
    run: FromPath[str],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[replay.TimelineRow]:
    """Return when each step waited and worked, with its attempts."""
    after = await _after_step(present, run, cursor)
    found = await replay.run_timeline(present, run, after=after, limit=limit + 1)
    return _paged_by_step(found, limit)


@get("/runs/{run:str}/costs", summary="Get what a run cost", **needs("read"))
async def get_costs(present: NamedDependency[Present], run: FromPath[str]) -> runs.RunCosts:
    """Return tokens and money by agent, by model and by step, the dearest first."""
    return await runs.run_costs(present, run)


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
    both = await run_comparison.compared(present, run, other)
    found = run_comparison.compared_steps(
        both, only_different=different, after=_after(cursor), limit=limit + 1
    )
    page = _paged(found, limit)
    return ComparedPage(run_comparison.compare_runs(present, both), page.items, page.next)


@get("/runs/{run:str}/replay", summary="Get a moment of a run", **needs("read"))
async def get_moment(
    present: NamedDependency[Present], run: FromPath[str], at: AtPosition
) -> replay.ReplayMoment:
    """Return a run as it stood after a position of the log; the same position, the same answer."""
    return await replay.replay_moment(present, run, at)


@get("/runs/{run:str}/replay/index", summary="Get the moments of a run", **needs("read"))
async def get_moments(present: NamedDependency[Present], run: FromPath[str]) -> replay.ReplayIndex:
    """Return where the events of a run are, in columns: the last 50,000 of them."""
    return await replay.replay_index(present, run)


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
    list_runs,
    count_runs,
    start_run,
    get_run,
    list_steps,
    get_step,
    list_events,
    get_graph,
    get_timeline,
    get_costs,
    compare_runs,
    get_moment,
    get_moments,
    cancel_run,
    resume_run,
    retry_run,
    fork_run,
]
