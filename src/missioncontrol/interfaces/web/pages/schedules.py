"""The pages of schedules: what the clock starts, one schedule in full, and the form for one."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody

from missioncontrol.application.queries import schedules as queries
from missioncontrol.application.queries.schedules import Preview, ScheduleView
from missioncontrol.declarations import Operation
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.seen import FIELD, refuse_overtaken
from missioncontrol.operations import schedule as operations
from missioncontrol.projections.schedules import ScheduleRow
from missioncontrol.surfaces.conditional import tag_of

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
Words = Annotated[str, QueryParameter(max_length=300)]

LIST = "schedules/list.html"
ONE = "schedules/schedule.html"
FORM = "schedules/form.html"
CATCH_UP = 10
MISFIRES = [
    ("skip", "None"),
    ("latest", "Run the newest"),
    ("all", "Run several, one at a time"),
]
OVERLAPS = [
    ("skip", "Skip the slot"),
    ("queue", "Queue one slot"),
    ("cancel", "Cancel the active run"),
    ("allow", "Start in parallel"),
]
EMPTY = {
    "name": "",
    "workflow": "",
    "version": "",
    "cron": "0 7 * * *",
    "zone": "UTC",
    "inputs": "{}",
    "misfire": "skip",
    "catch_up": "",
    "overlap": "skip",
    "jitter": "",
    "window": "",
    "reason": "",
    FIELD: "",
}


@get("/schedules", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest, console: NamedDependency[Console], removed: FromQuery[bool] = False
) -> Response[str]:
    """Show what the clock starts."""
    now = console.instruments.now
    found = queries.schedules(console.present, console.calendar, now, removed=removed)
    values: dict[str, Any] = {"schedules": found, "verdict": verdict(found), "removed": removed}
    if is_part(request):
        return fragment(request, LIST, "rows", **values)
    return page(request, LIST, title="Schedules", area="schedules", **values)


def verdict(found: list[ScheduleView]) -> str:
    """Return in a sentence how the schedules stand."""
    active = [each for each in found if each.status == "active"]
    failing = [each for each in active if each.last_status == "failed"]
    if not found:
        return "No schedules yet"
    are = _active(len(active), len(found))
    if failing:
        names = ", ".join(each.id for each in failing[:3])
        return f"{are}. The last run of {names} failed."
    if not any(each.last_status for each in active):
        return f"{are}."
    return f"{are}. No last run failed."


def _active(active: int, known: int) -> str:
    if known == 1:
        return "1 active schedule" if active else "No active schedule"
    return f"{active or 'None'} of {known} schedules {'are' if active > 1 else 'is'} active"


@get("/schedules/new", include_in_schema=False, **needs("operate"))
async def new_page(
    request: AnyRequest, console: NamedDependency[Console], workflow: Words = ""
) -> Response[str]:
    """Show the form for a schedule."""
    return await _form(request, console, {**EMPTY, "workflow": workflow}, "")


@get("/schedules/preview", include_in_schema=False, **needs("read"))
async def preview_part(
    request: AnyRequest, console: NamedDependency[Console], cron: Words = "", zone: Words = "UTC"
) -> Response[str]:
    """Show when the expression that is being typed fires, or what is wrong with it."""
    return fragment(request, FORM, "preview", **_preview(console, cron, zone))


def _preview(console: Console, cron: str, zone: str) -> dict[str, Any]:
    now = console.instruments.now
    found = queries.refusal_of(console.calendar, cron.strip(), zone.strip() or "UTC", now)
    is_good = isinstance(found, Preview)
    return {"preview": found if is_good else None, "fault": None if is_good else found}


async def _form(
    request: AnyRequest,
    console: Console,
    typed: dict[str, str],
    name: str,
    *,
    error: MissionControlError | None = None,
) -> Response[str]:
    """Show the form, with what was typed and what is wrong with it."""
    values = {
        "said": {**EMPTY, **typed},
        "name": name,
        "error": error,
        "workflows": [each.name for each in await _workflows(console)],
        "misfires": MISFIRES,
        "overlaps": OVERLAPS,
        **_preview(console, typed.get("cron", ""), typed.get("zone", "UTC")),
    }
    if error is not None:
        return fragment(request, FORM, "form", status=422, **values)
    title = f"Edit {name}" if name else "New schedule"
    return page(request, FORM, title=title, area="schedules", **values)


async def _workflows(console: Console) -> list[Any]:
    from missioncontrol.application.queries import workflows

    return await workflows.workflows(console.shelf, after="", limit=500)


@post("/schedules/new", include_in_schema=False, status_code=200, **needs("operate"))
async def add(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """Add a schedule."""
    try:
        name = data.get("name", "").strip()
        await console.run(request, operations.ADD, name=name, **given_by(data))
    except MissionControlError as error:
        return await _form(request, console, data, "", error=error)
    return moved(request, f"/schedules/{quote(name, safe='')}")


@get("/schedules/{name:str}", include_in_schema=False, **needs("read"))
async def schedule_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show one schedule: its next slots, and what became of the ones before."""
    found = await queries.schedule_detail(
        console.present, console.calendar, name, console.now, limit=100
    )
    values: dict[str, Any] = {"schedule": found.schedule, "past": found.past}
    if is_part(request):
        return fragment(request, ONE, "standing", **values)
    return page(request, ONE, title=name, area="schedules", **values)


@get("/schedules/{name:str}/edit", include_in_schema=False, **needs("operate"))
async def edit_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show the form of a schedule as it is."""
    row = queries.schedule_row(console.present, name)
    policy = row.policy
    typed = {
        "name": name,
        "workflow": row.workflow,
        "version": str(row.version or ""),
        "cron": row.cron,
        "zone": row.zone,
        "inputs": msgspec.json.format(msgspec.json.encode(row.inputs), indent=2).decode(),
        "misfire": policy.misfire,
        "catch_up": str(policy.catch_up or ""),
        "overlap": policy.overlap,
        "jitter": f"{policy.jitter_seconds:g}s" if policy.jitter_seconds else "",
        "window": f"{policy.window_seconds:g}s" if policy.window_seconds else "",
    }
    return await _form(request, console, {**typed, FIELD: tag(row)}, name)


def tag(row: ScheduleRow) -> str:
    """Return the tag of what the form changes; what the clock does meanwhile is not of it."""
    return tag_of(row.workflow, row.version, row.cron, row.zone, row.inputs, row.policy)


@post("/schedules/{name:str}/edit", include_in_schema=False, status_code=200, **needs("operate"))
async def edit(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str], data: Form
) -> Response[Any]:
    """Change a schedule."""
    try:
        given = given_by(data)
        row = queries.schedule_row(console.present, name)
        refuse_overtaken(data, tag(row), f"Schedule {name!r}")
        await console.run(request, operations.CHANGE, name, **given)
    except MissionControlError as error:
        return await _form(request, console, data, name, error=error)
    return moved(request, f"/schedules/{quote(name, safe='')}")


def given_by(data: dict[str, str]) -> dict[str, Any]:
    """Return the fields of the schedule that a form describes.

    Raises:
        Rejected: `schedule.bad_version`, `schedule.bad_inputs` or `schedule.bad_policy`.
    """
    misfire: Any = data.get("misfire", "skip")
    overlap: Any = data.get("overlap", "skip")
    catch_up = _whole(data.get("catch_up", ""), "Catch-up", "schedule.bad_policy")
    policy = Policy(
        misfire,
        (CATCH_UP if catch_up is None else catch_up) if misfire == "all" else 0,
        0.0 if misfire == "skip" else _span(data.get("window", ""), "The window"),
        overlap,
        _span(data.get("jitter", ""), "The jitter"),
    )
    return {
        "workflow": data.get("workflow", "").strip(),
        "cron": data.get("cron", "").strip(),
        "zone": data.get("zone", "").strip() or "UTC",
        "version": _whole(data.get("version", ""), "The version", "schedule.bad_version"),
        "inputs": _inputs(data.get("inputs", "")),
        "policy": policy,
        "reason": data.get("reason", ""),
    }


def _whole(text: str, what: str, code: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or len(text) > 9:
        raise Rejected(code, f"{what} is {text[:40]!r}, and no whole number.")
    return int(text)


def _span(text: str, what: str) -> float:
    if not text.strip():
        return 0.0
    seconds = seconds_of(text.strip())
    if isinstance(seconds, str):
        raise Rejected("schedule.bad_policy", f"{what} is {text[:40]!r}.", hint=seconds)
    return seconds


def _inputs(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Rejected(
            "schedule.bad_inputs",
            f"The inputs are not a JSON object: {error}.",
            hint='Write them as {"name": value}.',
        ) from None


STEERING: Mapping[str, Operation[Any, Any]] = {
    "pause": operations.PAUSE,
    "resume": operations.RESUME,
    "skip": operations.SKIP,
    "remove": operations.REMOVE,
}


@post(
    "/schedules/{name:str}/{verb:str}", include_in_schema=False, status_code=200, **needs("operate")
)
async def steer(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    verb: FromPath[Literal["pause", "resume", "remove", "run", "skip"]],
    data: Form,
) -> Response[Any]:
    """Pause it, resume it, skip its next slot, start a run now, or end it."""
    given: dict[str, Any] = {"reason": data.get("reason", "").strip()}
    if verb == "skip":
        given["slot"] = _slot(data.get("slot", ""))
    if verb == "run":
        given["force"] = data.get("force") == "on"
        started = await console.run(request, operations.RUN, name, **given)
        return moved(request, f"/runs/{started.run}")
    await console.run(request, STEERING[verb], name, **given)
    return moved(
        request, "/schedules" if verb == "remove" else f"/schedules/{quote(name, safe='')}"
    )


def _slot(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Rejected("schedule.bad_slot", f"{text[:40]!r} is no slot.") from None


HANDLERS: list[Any] = [
    list_page,
    new_page,
    preview_part,
    add,
    schedule_page,
    edit_page,
    edit,
    steer,
]
