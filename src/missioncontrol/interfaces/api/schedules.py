"""Schedules as a resource of the API: workflows that are started by the clock."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries import schedules as queries
from missioncontrol.application.queries.schedules import Preview, ScheduleDetail, ScheduleView
from missioncontrol.application.schedules import Asked, NewSchedule
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.schedule.events import Misfire, Overlap, Policy
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

PAST = 50

AnyRequest = Request[Principal, Any, Any]
Verb = Literal["pause", "resume", "skip"]
Why = Annotated[str, msgspec.Meta(max_length=2_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
Removed = Annotated[bool, QueryParameter(description="Those that were removed, too.")]
Events = Annotated[int, QueryParameter(ge=1, le=queries.PAST_MAX, description="How many at most.")]
Cron = Annotated[str, QueryParameter(max_length=200, description="Five fields, or `@daily` …")]
Zone = Annotated[str, QueryParameter(max_length=100, description="Such as Europe/Berlin.")]


class PolicyAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to slots that come at a bad time."""

    misfire: Misfire = "skip"  # which of the slots that were missed run after all
    catch_up: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0  # with `all`: how many, the newest
    window_seconds: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 0.0  # older ones never run
    overlap: Overlap = "skip"  # what a slot does that finds a run of the schedule at work
    jitter_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be started, and when."""

    workflow: Words
    cron: Words
    zone: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "UTC"
    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] | None = None
    inputs: dict[str, Any] = {}
    policy: PolicyAsked = PolicyAsked()
    reason: Why = ""


class Planned(Times, frozen=True, kw_only=True):
    """A schedule to be added."""

    name: Name


class ReasonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the record."""

    reason: Why = ""


class ByHand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run now."""

    reason: Why = ""
    force: bool = False  # also beside a run that has not ended


class Skipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next slot, which is to go by."""

    slot: Annotated[float, msgspec.Meta(gt=0, le=1e11)]  # as `next` of the schedule names it
    reason: Why = ""


class Started(msgspec.Struct, frozen=True):
    """A run that was started by hand."""

    schedule: str
    run: str


def wanted_of(name: str, data: Times) -> NewSchedule:
    """Return the schedule that a request describes."""
    policy = Policy(**msgspec.structs.asdict(data.policy))
    return NewSchedule(name, data.workflow, data.cron, data.zone, data.version, data.inputs, policy)


@get("/schedules", summary="List schedules", **needs("read"))
async def list_schedules(
    console: NamedDependency[Console],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
    removed: Removed = False,
) -> Page[ScheduleView]:
    """Return schedules by name, each with its next slot, its last run and its success rate."""
    place = place_of(cursor, str)
    found = queries.schedules(
        console.present, console.instruments, console.instruments.now, removed=removed
    )
    left = [each for each in found if place is None or each.id > place[0]]
    more = cursor_of(left[limit - 1].id) if len(left) > limit else ""
    return Page(left[:limit], more)


@get("/schedules/{name:str}", summary="A schedule", responses=KNOWN, **needs("read"))
async def get_schedule(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    limit: Events = PAST,
) -> Response[ScheduleDetail]:
    """Return a schedule with its next ten slots and what became of the ones before."""
    found = await detail(console, name, limit)
    return tagged(request, found, _tag(found, limit))


def _tag(found: ScheduleDetail, limit: int = PAST) -> str:
    schedule = found.schedule
    return tag_of(schedule.id, schedule.events, [slot.at for slot in schedule.next], limit)


async def detail(console: Console, name: str, limit: int = PAST) -> ScheduleDetail:
    """Return a schedule as it is now.

    Raises:
        NotFound: `schedule.unknown`.
    """
    return await queries.schedule_detail(
        console.present, console.instruments, name, console.instruments.now, limit=limit
    )


@get("/schedule-preview", summary="When a schedule would fire", **needs("read"))
async def preview(console: NamedDependency[Console], cron: Cron, zone: Zone = "UTC") -> Preview:
    """Return the next ten slots of a cron expression in a zone, with what daylight saving does."""
    return queries.preview(console.instruments, cron, zone, console.instruments.now)


@post(
    "/schedules",
    summary="Add a schedule",
    response_headers=[ResponseHeader(name="Location", description="The schedule", value="")],
    **needs("operate"),
)
async def add_schedule(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[Planned]
) -> Response[ScheduleDetail]:
    """Start a workflow by the clock from now on; its first slot is the next one."""
    await console.ask(request, Asked("add", data.name, data.reason, wanted_of(data.name, data)))
    where = {"Location": f"/api/v1/schedules/{data.name}"}
    return Response(await detail(console, data.name), status_code=201, headers=where)


@put("/schedules/{name:str}", summary="Change a schedule", responses=CHANGED, **needs("operate"))
async def change_schedule(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    data: JSONBody[Times],
    if_match: IfMatch = "",
) -> ScheduleDetail:
    """Change what a schedule starts, or when, in the name of the user who changes it."""
    await change(
        console, request, Asked("change", name, data.reason, wanted_of(name, data)), if_match
    )
    return await detail(console, name)


async def change(console: Console, request: AnyRequest, ask: Asked, if_match: str = "") -> Any:
    """Send a change of an existing schedule to the engine.

    Raises:
        NotFound: `schedule.unknown`.
        Rejected: see `application.schedules`.
        Stale: `request.stale`.
    """
    queries.schedule_row(console.present, ask.name)
    if if_match:
        tag = _tag(await detail(console, ask.name))
        refuse_stale(if_match, tag, f"Schedule {ask.name!r}")
    return await console.ask(request, ask)


Steering = Callable[..., Awaitable[ScheduleDetail]]


async def steering(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Steering:
    """Return what steers the schedule of the address, and tells how it is then."""

    async def steer(verb: Verb, reason: str, **more: Any) -> ScheduleDetail:
        await change(console, request, Asked(verb, name, reason, **more))
        return await detail(console, name)

    return steer


STEER: Mapping[str, Any] = {
    "status_code": 200,
    "dependencies": {"steering": Provide(steering)},
    **needs("operate"),
}
"""What routes have in common that steer a schedule."""


@post("/schedules/{name:str}/pause", summary="Pause", **STEER)
async def pause(steering: NamedDependency[Steering], data: JSONBody[ReasonBody]) -> ScheduleDetail:
    """Fire no slot until the schedule is resumed; runs in flight go on."""
    return await steering("pause", data.reason)


@post("/schedules/{name:str}/resume", summary="Resume", **STEER)
async def resume(steering: NamedDependency[Steering], data: JSONBody[ReasonBody]) -> ScheduleDetail:
    """Fire slots again from now on; those that were due during the pause are skipped."""
    return await steering("resume", data.reason)


@post("/schedules/{name:str}/skip", summary="Skip a slot", **STEER)
async def skip(steering: NamedDependency[Steering], data: JSONBody[Skipped]) -> ScheduleDetail:
    """Skip the next slot without a run."""
    return await steering("skip", data.reason, slot=data.slot)


@post("/schedules/{name:str}/run", summary="Run now", **needs("operate"))
async def run_now(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    data: JSONBody[ByHand],
) -> Response[Started]:
    """Start a run of it now, also while it is paused."""
    run = await change(console, request, Asked("run", name, data.reason, force=data.force))
    where = {"Location": f"/api/v1/runs/{run}"}
    return Response(Started(name, run), status_code=201, headers=where)


@delete(
    "/schedules/{name:str}",
    status_code=204,
    summary="Remove a schedule",
    responses=CHANGED,
    **needs("operate"),
)
async def remove(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    reason: Because = "",
    if_match: IfMatch = "",
) -> None:
    """End a schedule. Its runs go on, and what it did stays readable."""
    await change(console, request, Asked("remove", name, reason), if_match)


HANDLERS: list[Any] = [
    list_schedules,
    get_schedule,
    preview,
    add_schedule,
    change_schedule,
    pause,
    resume,
    skip,
    run_now,
    remove,
]
