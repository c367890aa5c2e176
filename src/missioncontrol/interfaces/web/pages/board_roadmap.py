"""The roadmap: missions and schedules on one axis of time or in a calendar, and what moves them."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from missioncontrol.application.queries import schedules as queries
from missioncontrol.application.roadmap import Roadmap, roadmap_of
from missioncontrol.application.schedule_moves import MovePreview, preview_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.schedule.moving import moved as moved_cron
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import roadmap_calendar as calendar
from missioncontrol.interfaces.web import roadmap_view as view
from missioncontrol.interfaces.web.pages.board import TABS, words
from missioncontrol.interfaces.web.pages.schedules import tag
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.seen import refuse_overtaken
from missioncontrol.operations import work_item as operations
from missioncontrol.operations.schedule import CHANGE

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
PAGE = "board/roadmap.html"
COLLIDES_DAYS = 90
KEPT = ("workflow", "zone", "version", "inputs", "policy")
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}


@get("/board/roadmap", include_in_schema=False, **needs("read"))
async def roadmap_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show missions and schedules, and what a move would change before it is saved."""
    choice = chosen_by(request)
    axis = view.axis_of(choice, console.now)
    first, since, until = calendar.month_span(choice, console.now)
    if choice.view == "timeline":
        # Slots beyond the axis may still collide with those of a move.
        since, until = axis.since, max(axis.until, console.now + COLLIDES_DAYS * view.DAY)
    times = console.instruments.calendar
    road = await roadmap_of(console.present, times, console.now, since, until)
    values: dict[str, Any] = {
        "choice": choice,
        "road": road,
        "axis": axis,
        "marks": view.marks_of(choice, axis),
        "zooms": tuple(view.SPANS),
        "verdict": view.verdict_of(road),
        "grounds": view.grounds_of(road),
        "board_tabs": TABS,
        "tab": "/board/roadmap",
        **words(),
    }
    if choice.view == "calendar":
        values["month"] = calendar.month_of(road, first, since, until)
    else:
        values |= _timeline(console, choice, road, axis)
    if is_part(request):
        return fragment(request, PAGE, "now", **values)
    return page(request, PAGE, title="Roadmap", area="board", **values)


def chosen_by(request: AnyRequest) -> view.Choice:
    """Return what the address says.

    Raises:
        Rejected: `work_item.bad_input`.
    """
    named = {each.name for each in msgspec.structs.fields(view.Choice)}
    given = {name: value[:300] for name, value in request.query_params.items() if name in named}
    try:
        return msgspec.convert({k: v for k, v in given.items() if v}, view.Choice)
    except msgspec.ValidationError as error:
        raise Rejected("work_item.bad_input", f"The address is no roadmap: {error}.") from None


def _timeline(
    console: Console, choice: view.Choice, road: Roadmap, axis: view.Axis
) -> dict[str, Any]:
    shown = road.epics if choice.show == "all" else road.epics[: view.EPICS]
    preview, fault, typed = _moving(console, choice, road)
    lines = [
        view.line_of(each, axis, preview.next if preview and preview.schedule == each.id else ())
        for each in road.schedules
    ]
    due = next((each for epic in road.epics for each in epic.dues if each.item == choice.due), None)
    return {
        "bars": [view.bar_of(each, axis) for each in shown],
        "more": len(road.epics) - len(shown) + road.left,
        "lines": lines,
        "preview": preview,
        "fault": fault,
        "typed": typed,
        "seen": tag(queries.schedule_row(console.present, choice.move)) if choice.move else "",
        "due": due,
        "time_of": view.time_of,
        "local": view.local,
    }


def _moving(
    console: Console, choice: view.Choice, road: Roadmap
) -> tuple[MovePreview | None, MissionControlError | None, dict[str, str]]:
    """Return what a move would change, or why it can't be, and what its form holds.

    Raises:
        NotFound: `schedule.unknown`.
    """
    if not choice.move:
        return None, None, {}
    row = queries.schedule_row(console.present, choice.move)
    found = next((each for each in road.schedules if each.id == choice.move), None)
    following = found.next if found is not None else []
    slot = _number(choice.slot) or (following[0] if following else road.now)
    typed = {
        "slot": f"{slot:.0f}",
        "to": choice.to or view.local(slot, row.zone).isoformat(timespec="minutes"),
        "cron": choice.cron or row.cron,
    }
    if not choice.to and not choice.cron:
        return None, None, typed
    try:
        cron = choice.cron
        if not cron or cron == row.cron:
            cron = moved_cron(row.cron, view.local(slot, row.zone), _time(choice.to))
        preview = preview_of(road, console.instruments.calendar, choice.move, cron)
    except MissionControlError as error:
        return None, error, typed
    return preview, None, typed | {"cron": preview.after}


def _number(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise Rejected("schedule.bad_slot", f"{text[:40]!r} is no slot.") from None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected(
            "schedule.bad_time", f"{text[:40]!r} is no time.", hint="Write it as 2027-03-31T22:00."
        ) from None
    return found.replace(tzinfo=None, second=0, microsecond=0)


@post("/board/roadmap/schedules/{name:str}", **DONE, **needs("operate"))
async def move_schedule(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str], data: Form
) -> Response[Any]:
    """Save the times of a schedule that were previewed; all else of it stays."""
    row = queries.schedule_row(console.present, name)
    refuse_overtaken(data, tag(row), f"Schedule {name!r}")
    cron = data.get("cron", "").strip()
    kept = {each: getattr(row, each) for each in KEPT}
    await console.run(request, CHANGE, name, cron=cron, reason="Moved on the roadmap.", **kept)
    return moved(request, _back(data))


@post("/board/roadmap/dues/{item:str}", **DONE, **needs("operate"))
async def move_due(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str], data: Form
) -> Response[Any]:
    """Save the due date of an item."""
    await console.run(request, operations.EDIT, item, due=data.get("due", "").strip())
    return moved(request, _back(data))


def _back(data: dict[str, str]) -> str:
    back = data.get("back", "")
    is_ours = back == "/board/roadmap" or back.startswith("/board/roadmap?")
    return back if is_ours else "/board/roadmap"


HANDLERS: list[Any] = [roadmap_page, move_schedule, move_due]
