"""The pages of the area missions: the list, a new one, and one in full."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from missioncontrol.application.queries import missions, run_outcome
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import MISSION_WORDS, WORDS, alike, titles_of
from missioncontrol.interfaces.api.missions import StartedMission
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import beginning
from missioncontrol.interfaces.reports import SAFE, paper
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats, mission_form, mission_views
from missioncontrol.interfaces.web.mission_sheet import sheet
from missioncontrol.interfaces.web.mission_tabs import moved_query
from missioncontrol.interfaces.web.mission_tabs import place_of as shown_place
from missioncontrol.interfaces.web.pages import artifacts
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page, prepare
from missioncontrol.operations import mission as operations
from missioncontrol.surfaces.paging import LIMIT, Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]

ANSWER = "answer."
"""How the fields of answers to a plan are called: answer.Q1."""

LIST, NEW, MISSION = "missions/list.html", "missions/new.html", "missions/mission.html"


@get("/missions", include_in_schema=False, before_request=prepare, **needs("read"))
async def list_missions(
    request: AnyRequest,
    console: NamedDependency[Console],
    q: FromQuery[str] = "",
    status: FromQuery[str] = "",
    repository: FromQuery[str] = "",
    cursor: Cursor = "",
) -> Response[str]:
    """Show missions, newest first; what is looked for stands in the address."""
    present = console.present
    words = alike(status) if status in MISSION_WORDS else ()
    choice = missions.MissionChoice(None, q.strip()[:300], repository)
    place = place_of(cursor, str)
    before = place[0] if place else ""
    lines, last = missions.missions(present, choice, words=words, before=before, limit=LIMIT)
    around = missions.around(present)
    counts = around.counts
    values: dict[str, Any] = {
        "lines": lines,
        "next": cursor_of(last) if last else "",
        "counts": counts,
        "verdict": _verdict(counts),
        "sub": _sub(counts),
        "q": q,
        "wanted": status,
        "repository": repository,
        "is_filtered": bool(q or status or repository or cursor),
        "choices": [(each, each.rpartition("/")[2]) for each in around.repositories],
        "parts_of": parts_of,
        "words": list(titles_of(MISSION_WORDS).items()),
    }
    if is_part(request):
        return fragment(request, LIST, "list", **values)
    return page(request, LIST, title="Missions", area="missions", **values)


def _verdict(counts: dict[str, int]) -> str:
    going = sum(counts.get(word, 0) for word in ("planning", "building", "in_review"))
    held = {word: _number(counts, word) for word in ("stuck", "waiting", "failed")}
    if not counts:
        return "No missions yet."
    parts = [_are(going, "on the way")] if going else []
    parts += [_are(number, WORDS[word].lower()) for word, number in held.items() if number]
    return f"{', '.join(parts)}." if parts else "No mission is in progress or failed."


def _number(counts: dict[str, int], word: str) -> int:
    return sum(counts.get(each, 0) for each in alike(word))


def _are(number: int, what: str) -> str:
    return f"{formats.count(number, 'mission is', 'missions are')} {what}"


def _sub(counts: dict[str, int]) -> str:
    parts = [
        f"{formats.number(_number(counts, word))} {title.lower()}"
        for word, title in titles_of(MISSION_WORDS).items()
        if _number(counts, word)
    ]
    return ", ".join(parts).capitalize() + "." if parts else ""


def parts_of(line: missions.MissionLine) -> list[tuple[str, int]]:
    """Return how many of all tasks are in each state, the plan and those that people do too."""
    known = [(name, getattr(line, name)) for name in _COUNTED]
    rest = max(line.steps - sum(number for _, number in known), 0)
    going = "running" if line.status in ("planning", "building", "in_review") else "waiting"
    left = line.tasks - line.handed_over if line.status == "planned" else 0
    return [*known, (going, rest), ("not_started", left + line.handed_over)]


_COUNTED = ("succeeded", "failed", "blocked", "cancelled")


@get("/missions/new", include_in_schema=False, before_request=prepare, **needs("operate"))
async def show_form(
    request: AnyRequest, console: NamedDependency[Console], template: FromQuery[str] = ""
) -> Response[str]:
    """Show the form of a new mission: what a template asks, or filled from an older mission."""
    typed = mission_form.of_template(mission_form.template_of(console, template))
    older = request.query_params.get("from", "")
    if older:
        mission = await run_outcome.mission_of(console.present, older)
        typed = mission_form.of_mission(
            mission,
            request.query_params.getall("answer", []),
            scaffold=request.query_params.get("scaffold", "")[:40],
        )
    repository = request.query_params.get("repository", "")
    if repository:
        typed = msgspec.structs.replace(typed, repository=repository)
    values = await mission_form.values(console, typed)
    return page(request, NEW, title="New mission", area="missions", **values)


@post("/missions/estimate", status_code=200, include_in_schema=False, **needs("operate"))
async def show_estimate(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what a mission may take, as far as it was typed."""
    typed = await mission_form.typed_in(request)
    values = await mission_form.values(console, typed)
    return fragment(request, NEW, "estimate", **values)


@post("/missions", status_code=200, include_in_schema=False, **needs("operate"))
async def begin(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Begin a mission and go to its page; faults are shown, and typed values retained."""
    typed = await mission_form.typed_in(request)
    asked, errors = mission_form.parse_mission(typed)
    if asked is not None:
        try:
            answer = await console.ask(request, beginning(asked, console.home))
            begun = msgspec.convert(answer, StartedMission)
            return moved(request, f"/missions/{quote(begun.mission)}")
        except Rejected as error:
            errors = mission_form.errors_of(error)
    values = await mission_form.values(console, typed, errors=errors)
    if is_part(request):
        return fragment(request, NEW, "form", status=422, **values)
    await prepare(request)
    return page(request, NEW, title="New mission", area="missions", status=422, **values)


@get("/missions/{mission:str}", include_in_schema=False, before_request=prepare, **needs("read"))
async def show_mission(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    run: FromQuery[str] = "",
) -> Response[Any]:
    """Show a mission: how it stands, and one of its five tabs."""
    query = dict(request.query_params.items())
    if (now := moved_query(query)) is not None:
        return Redirect(f"/missions/{quote(mission)}?{urlencode(now)}", status_code=302)
    place = shown_place(query)
    story = await run_outcome.load_run_report(console.present, mission, run)
    values = sheet(console.present, story, place)
    values |= await mission_views.values(place, request, console, story)
    if is_part(request):
        return fragment(request, MISSION, "now", **values)
    return page(request, MISSION, title=story.mission.title[:100], area="missions", **values)


@get("/missions/{mission:str}/report", include_in_schema=False, **needs("read"))
async def show_report(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    run: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the report alone, for the frame of the mission's page."""
    story = await run_outcome.load_run_report(console.present, mission, run)
    made = await paper(console.present, story, "html", request.user.actor)
    headers = {**SAFE, "Cache-Control": "no-store"}
    return Response(made.content, headers=headers, media_type=made.media_type)


@post("/missions/{mission:str}/run", status_code=200, include_in_schema=False, **needs("operate"))
async def carry_out(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Carry out the plan."""
    return await _done(request, console, operations.RUN, mission)


@post(
    "/missions/{mission:str}/cancel", status_code=200, include_in_schema=False, **needs("operate")
)
async def cancel(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """End what runs of it."""
    reason = str((await request.form()).get("reason", "")).strip()[:2_000]
    return await _done(request, console, operations.CANCEL, mission, reason=reason)


@post(
    "/missions/{mission:str}/resume", status_code=200, include_in_schema=False, **needs("operate")
)
async def resume(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Take it up again."""
    return await _done(request, console, operations.RESUME, mission)


@post("/missions/{mission:str}/retry", status_code=200, include_in_schema=False, **needs("operate"))
async def retry(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Do again what did not succeed, in a new run."""
    return await _done(request, console, operations.RETRY, mission)


@post("/missions/{mission:str}/fork", status_code=200, include_in_schema=False, **needs("operate"))
async def fork(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Do a task and all that follows from it again, in a new run."""
    task = str((await request.form()).get("task", ""))[:2_000]
    return await _done(request, console, operations.FORK, mission, task=task)


@post(
    "/missions/{mission:str}/answers", status_code=200, include_in_schema=False, **needs("operate")
)
async def answer(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Plan again with the answers that were given; fields left empty answer nothing."""
    form = await request.form()
    named = ((name.removeprefix(ANSWER), str(text)) for name, text in form.items())
    given = [f"{name}: {text.strip()}" for name, text in named if name[:1] == "Q" and text.strip()]
    if not given:
        raise Rejected("plan.bad_answer", "There is no answer.", hint="Answer a question.")
    return await _done(request, console, operations.ANSWER, mission, answers=tuple(given))


@post("/missions/{mission:str}/build", status_code=200, include_in_schema=False, **needs("operate"))
async def build(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[Any]:
    """Have an agent build the plan."""
    builder = str((await request.form()).get("builder", ""))[:300]
    return await _done(request, console, operations.BUILD, mission, builder=builder)


async def _done(
    request: AnyRequest,
    console: Console,
    operation: Operation[Any, Any],
    mission: str,
    **given: Any,
) -> Response[Any]:
    """Execute an operation, and show the mission with its newest run."""
    await console.run(request, operation, mission, **given)
    return moved(request, f"/missions/{quote(mission)}")


HANDLERS: list[Any] = [
    list_missions,
    show_form,
    show_estimate,
    begin,
    show_mission,
    show_report,
    carry_out,
    cancel,
    resume,
    retry,
    fork,
    answer,
    build,
    *artifacts.HANDLERS,
]
