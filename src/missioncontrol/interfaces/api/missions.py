"""Missions as a resource of the API: to start, watch, steer and report on."""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol.application.asks import CarryOut
from missioncontrol.application.exports import EXPORTS, ExportNoted, stream_of
from missioncontrol.application.queries import estimates, missions, run_outcome, runs
from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import MissionWord
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import MissionAsked, beginning
from missioncontrol.interfaces.reports import SAFE, Form, paper
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations import run
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.surfaces.conditional import KNOWN, digest_of, is_known, tagged_late
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]

Words = Annotated[
    str, QueryParameter(max_length=300, description="Text in its id, title, goal or repository.")
]
Path = Annotated[str, QueryParameter(max_length=4_096, description="The repository's path.")]
Moment = Annotated[
    float | None, QueryParameter(ge=0, le=1e11, description="Seconds since the epoch.")
]
OfRun = Annotated[
    str, QueryParameter(max_length=300, description="One of its runs; by default the newest.")
]


class StartedMission(msgspec.Struct, frozen=True):
    """A mission that has just come into being, and the run that plans it."""

    mission: str
    run: str
    status: str


class PlanLine(msgspec.Struct, frozen=True):
    """A plan in a list: of which mission it is, and how much is in it."""

    mission: str
    title: str
    status: str  # of the mission
    run: str  # the newest that carries it out
    requirements: int
    tasks: int
    updated: float  # when the mission changed last, seconds since the epoch


class EstimateAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mission is going to be like."""

    repository: Annotated[str, msgspec.Meta(max_length=4_096)] = ""
    execute: bool = True
    builder: Annotated[str, msgspec.Meta(max_length=300)] = ""


class CancelAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a mission is to end."""

    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class AgainAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a mission to do again; by default all that did not succeed."""

    task: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class ForkAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which task on to do a mission again, in a run of its own."""

    task: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class Ended(msgspec.Struct, frozen=True):
    """A run that is to end."""

    run: str
    status: str


@get("/missions", summary="List missions", **needs("read"))
async def list_missions(
    present: NamedDependency[Present],
    status: FromQuery[MissionWord | None] = None,
    text: Words = "",
    repository: Path = "",
    since: Moment = None,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[missions.MissionLine]:
    """Return missions, newest first. `since` chooses those that changed then or later.

    A page looks at 2,000 missions at most: one that chooses few of them may be short, or empty,
    and still have a `next`.
    """
    choice = missions.MissionChoice(status or "", text, repository, since or 0.0)
    place = place_of(cursor, str)
    before = place[0] if place else ""
    found, last = missions.missions(present, choice, before=before, limit=limit)
    return Page(found, cursor_of(last) if last else "")


@post(
    "/missions",
    status_code=201,
    summary="Begin a mission",
    responses={201: ResponseSpec(StartedMission, description="It has begun.")},
    **needs("operate"),
)
async def begin_mission(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[MissionAsked]
) -> Response[StartedMission]:
    """Plan a goal and, unless `execute` is false, carry the plan out; return its id at once."""
    answer = await console.ask(request, beginning(data, console.home))
    begun = msgspec.convert(answer, StartedMission)
    headers = {"Location": f"/api/v1/missions/{quote(begun.mission)}"}
    return Response(begun, status_code=201, headers=headers)


@post("/missions/estimate", status_code=200, summary="Estimate a mission", **needs("read"))
async def estimate_mission(
    present: NamedDependency[Present], data: JSONBody[EstimateAsked]
) -> estimates.Estimate:
    """Return what missions took that were asked for like this one, and how many they were.

    Nothing is begun, and no model is asked. Where no mission was alike, it says so.
    """
    return await estimates.estimate(
        present, repository=data.repository, execute=data.execute, builder=data.builder
    )


@get("/missions/{mission:str}", summary="Get a mission", responses=KNOWN, **needs("read"))
async def get_mission(
    request: AnyRequest,
    present: NamedDependency[Present],
    mission: FromPath[str],
    run: OfRun = "",
) -> Response[missions.MissionView]:
    """Return a mission in full: how it stands, its way, tasks, requirements, what needs a person.

    The verdict and all that follows from it are those of its report.
    """
    story = await run_outcome.load_run_report(present, mission, run)
    standing = missions.standing(present, mission)
    tag = _tag(f"{story.version}-{digest_of(standing)}")
    return tagged_late(request, tag, lambda: missions.view(story, present))


@get(
    "/missions/{mission:str}/plan",
    summary="Get the plan of a mission",
    responses=KNOWN,
    **needs("read"),
)
async def get_plan(
    request: AnyRequest,
    present: NamedDependency[Present],
    mission: FromPath[str],
    run: OfRun = "",
) -> Response[missions.PlanView]:
    """Return phases, tasks, requirements, risks, decisions and questions, as they were accepted."""
    story = await run_outcome.load_run_report(present, mission, run)
    return tagged_late(request, _tag(story.version), lambda: missions.plan_view(story))


@get("/plans", summary="List plans", **needs("read"))
async def list_plans(
    present: NamedDependency[Present], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[PlanLine]:
    """Return the missions that have a plan, newest first, each with how much is in it.

    A page of which some missions have none yet is short, and still has a `next`.
    """
    place = place_of(cursor, str)
    before = place[0] if place else ""
    found, last = missions.missions(present, missions.MissionChoice(), before=before, limit=limit)
    lines = [
        PlanLine(
            each.id,
            each.title,
            each.status,
            each.run,
            each.requirements,
            each.tasks,
            each.updated,
        )
        for each in found
        if each.tasks or each.requirements
    ]
    return Page(lines, cursor_of(last) if last else "")


@get("/plans/{mission:str}", summary="Get a plan", responses=KNOWN, **needs("read"))
async def get_plan_of(
    request: AnyRequest, present: NamedDependency[Present], mission: FromPath[str]
) -> Response[missions.PlanView]:
    """Return the plan that holds for a mission."""
    story = await run_outcome.load_run_report(present, mission)
    return tagged_late(request, _tag(story.version), lambda: missions.plan_view(story))


@get("/missions/{mission:str}/runs", summary="List the runs of a mission", **needs("read"))
async def list_runs_of(
    present: NamedDependency[Present],
    mission: FromPath[str],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[runs.RunItem]:
    """Return the runs of a mission, newest first."""
    found = await run_outcome.mission_of(present, mission)
    place = place_of(cursor, str)
    before = place[0] if place else ""
    choice = RunChoice(mission=found.id)
    items = runs.list_runs(present, choice, before=before, limit=limit + 1)
    return Page(items[:limit], cursor_of(items[limit - 1].id) if len(items) > limit else "")


@get(
    "/missions/{mission:str}/report",
    summary="Get the report of a mission",
    responses={
        200: ResponseSpec(bytes, media_type="text/html", description="The report."),
        304: ResponseSpec(None, description="The client has it."),
    },
    **needs("read"),
)
async def get_report(
    request: AnyRequest,
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    mission: FromPath[str],
    form: Annotated[
        Form,
        QueryParameter(name="format", description="A page, Markdown, PDF, JSON, or all as a zip."),
    ] = "html",
    run: OfRun = "",
    inline: FromQuery[bool] = False,
) -> Response[bytes]:
    """Return the report of a run of the mission as it stands, as a file.

    `inline` allows a browser to show it in its window; scripts in it never run.
    """
    story = await run_outcome.load_run_report(present, mission, run)
    etag = f'W/"{story.version}-{form}"'
    headers = {**SAFE, "ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    accepted = request.headers.get("accept-encoding", "")
    made = await paper(present, story, form, request.user.actor, accepted)
    if made.coding:
        headers["Content-Encoding"] = made.coding
    kind = "inline" if inline else "attachment"
    headers["Content-Disposition"] = f'{kind}; filename="{made.name}"'
    if not inline:
        await _note_export(request, console, story.state.mission, ExportNoted(story.state.id, form))
    return Response(made.content, headers=headers, media_type=made.media_type)


async def _note_export(
    request: AnyRequest, console: Console, mission: str, noted: ExportNoted
) -> None:
    """Record that a report was exported, unless that is recorded; waits for no engine.

    A failure to record it does not stop the export of the report.
    """
    with suppress(MissionControlError):
        known = await console.present.find(EXPORTS, stream_of(mission))
        if known is None or (noted.run, noted.form) not in known.taken:
            await console.ask_afresh(request, noted)


@post(
    "/missions/{mission:str}/run", status_code=201, summary="Carry a plan out", **needs("operate")
)
async def run_mission(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[StartedMission]:
    """Carry out a mission that was only to plan: the plan stays, and a new run executes it."""
    return _begun(await console.ask(request, CarryOut(await _newest(console, mission))))


@post(
    "/missions/{mission:str}/cancel",
    status_code=200,
    summary="Cancel a mission",
    **needs("operate"),
)
async def cancel_mission(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    data: JSONBody[CancelAsked | None] = None,
) -> Ended:
    """End its newest run: nothing of it starts any more, and what is at work is ended."""
    reason = (data.reason if data else "") or "asked for"
    answer = await console.run(request, run.CANCEL, await _newest(console, mission), reason=reason)
    return msgspec.convert(msgspec.to_builtins(answer), Ended)


@post(
    "/missions/{mission:str}/resume",
    status_code=200,
    summary="Resume a mission",
    **needs("operate"),
)
async def resume_mission(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> StartedMission:
    """Take its newest run up again, where it is halted or was left."""
    answer = await console.run(request, run.RESUME, await _newest(console, mission))
    return msgspec.convert(msgspec.to_builtins(answer), StartedMission)


@post(
    "/missions/{mission:str}/retry", status_code=201, summary="Retry a mission", **needs("operate")
)
async def retry_mission(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    data: JSONBody[AgainAsked | None] = None,
) -> Response[StartedMission]:
    """Do a task again, by default all that did not succeed, with all that follows from it.

    A new run does that; it keeps the other results of the newest one.
    """
    task, newest = data.task if data else "", await _newest(console, mission)
    return _begun(await console.run(request, run.RETRY, newest, step=task))


@post("/missions/{mission:str}/fork", status_code=201, summary="Fork a mission", **needs("operate"))
async def fork_mission(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    data: JSONBody[ForkAsked],
) -> Response[StartedMission]:
    """Begin a run of the mission at one of its tasks; results before that stay."""
    newest = await _newest(console, mission)
    return _begun(await console.run(request, run.FORK, newest, step=data.task))


async def _newest(console: Console, mission: str) -> str:
    found = await run_outcome.mission_of(console.present, mission)
    if not found.runs:
        raise Rejected("run.unknown", f"Mission {mission[:100]!r} has no run yet.")
    return found.runs[-1]


def _begun(answer: Any) -> Response[StartedMission]:
    begun = msgspec.convert(msgspec.to_builtins(answer), StartedMission)
    headers = {"Location": f"/api/v1/runs/{quote(begun.run)}"}
    return Response(begun, status_code=201, headers=headers)


def _tag(version: str) -> str:
    return f'W/"{version}"'


HANDLERS: list[Any] = [
    list_missions,
    begin_mission,
    estimate_mission,
    get_mission,
    get_plan,
    list_plans,
    get_plan_of,
    list_runs_of,
    get_report,
    run_mission,
    cancel_mission,
    resume_mission,
    retry_mission,
    fork_mission,
    *handlers_of("mission"),
]
