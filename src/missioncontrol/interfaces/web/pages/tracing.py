"""What people do on the trace of a mission: waivers, owners of risks, and the scope of tasks."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.application.queries import run_outcome
from missioncontrol.application.tracing import TraceAsked
from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.traces import newest_run
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import mission_views, scope_form
from missioncontrol.interfaces.web.mission_sheet import sheet
from missioncontrol.interfaces.web.mission_tabs import Place
from missioncontrol.interfaces.web.rendering import moved, page, prepare

AnyRequest = Request[Principal, Any, Any]
FIELD_MAX = 4_000


@post(
    "/missions/{mission:str}/waivers", status_code=200, include_in_schema=False, **needs("approve")
)
async def waive(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Waive a gap."""
    field = await _form_reader(request)
    run = await newest_run(console, mission)
    ask = TraceAsked("waive", run, field("gap"), field("reason"), field("digest"))
    return await _done(request, console, mission, ask)


@post(
    "/missions/{mission:str}/waivers/withdraw",
    status_code=200,
    include_in_schema=False,
    **needs("approve"),
)
async def withdraw(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Take a waiver back."""
    field = await _form_reader(request)
    run = await newest_run(console, mission)
    ask = TraceAsked("withdraw", run, field("gap"), field("reason"))
    return await _done(request, console, mission, ask)


@post(
    "/missions/{mission:str}/risks/owner",
    status_code=200,
    include_in_schema=False,
    **needs("operate"),
)
async def assign(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Name who sees to a risk."""
    field = await _form_reader(request)
    run = await newest_run(console, mission)
    ask = TraceAsked("assign", run, field("risk"), field("owner"))
    return await _done(request, console, mission, ask, "decisions")


@post(
    "/missions/{mission:str}/tasks/scope",
    status_code=200,
    include_in_schema=False,
    **needs("operate"),
)
async def change_scope(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Set which files a task should change; faults are shown, and typed values retained."""
    typed = scope_form.typed_in(await request.form())
    run = await newest_run(console, mission)
    files = tuple(typed.files)
    ask = TraceAsked("scope", run, typed.task, typed.reason, typed.shown, files)
    try:
        if not typed.reason:
            raise Rejected("task.no_reason", "Give a reason, for later readers.")
        await console.ask(request, ask)
    except (Rejected, Conflict) as error:
        return await _again(request, console, mission, typed, error)
    return moved(request, f"/missions/{quote(mission)}?view=plan#task-{quote(typed.task)}")


async def _again(
    request: AnyRequest,
    console: Console,
    mission: str,
    typed: scope_form.Typed,
    error: Rejected | Conflict,
) -> Response[Any]:
    await prepare(request)
    story = await run_outcome.load_run_report(console.present, mission, "")
    place = Place("plan", "list")
    values = sheet(console.present, story, place)
    values |= await mission_views.values(place, request, console, story)
    values["scoping"] = scope_form.form(story, typed.task, typed, str(error))
    title = story.mission.title[:100]
    template = "missions/mission.html"
    return page(request, template, title=title, area="missions", status=422, **values)


async def _form_reader(request: AnyRequest) -> Any:
    form = await request.form()
    return lambda field: str(form.get(field, "")).strip()[:FIELD_MAX]


async def _done(
    request: AnyRequest,
    console: Console,
    mission: str,
    ask: TraceAsked,
    place: str = "plan&show=trace",
) -> Response[Any]:
    await console.ask(request, ask)
    return moved(request, f"/missions/{quote(mission)}?view={place}")


HANDLERS: list[Any] = [waive, withdraw, assign, change_scope]
