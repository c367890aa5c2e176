"""Missions as a resource of the API: what is declared of them, begin, estimate and report."""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol.application.exports import EXPORTS, ExportNoted, stream_of
from missioncontrol.application.queries import estimates, run_outcome
from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import MissionAsked, beginning
from missioncontrol.interfaces.reports import SAFE, Form, paper
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import is_known
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]

OfRun = Annotated[
    str, QueryParameter(max_length=300, description="One of its runs; by default the newest.")
]


class StartedMission(msgspec.Struct, frozen=True):
    """A mission that has just come into being, and the run that plans it."""

    mission: str
    run: str
    status: str


class EstimateAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mission is going to be like."""

    repository: Annotated[str, msgspec.Meta(max_length=4_096)] = ""
    execute: bool = True
    builder: Annotated[str, msgspec.Meta(max_length=300)] = ""


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


HANDLERS: list[Any] = [begin_mission, estimate_mission, get_report, *handlers_of("mission")]
