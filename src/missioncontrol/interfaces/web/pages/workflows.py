"""The pages of workflows: the list, one with its versions and runs, the start form, the editor."""

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from missioncontrol.application.asks import SaveWorkflow
from missioncontrol.application.queries import workflow_inputs as inputs
from missioncontrol.application.queries import workflow_versions as versions
from missioncontrol.application.queries import workflows as queries
from missioncontrol.domain.definition import Definition
from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.operations import run
from missioncontrol.surfaces.paging import LIMIT, Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]

FIRST_TEXT = """\
name: new-workflow
description: What it is for.

steps:
  first:
    agent: command
    effects: [reads_files]
    with: {argv: [echo, hello]}
"""
FILE = "workflow.yaml"
FORM_ERRORS = (Rejected, Conflict, Unavailable)
"""Refusals after which a form comes back with what was typed in it."""

VERSIONS_SHOWN = 20
STEPS_SHOWN = 300
STEPS_DRAWN_MAX = 1_000


@get("/workflows", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    q: FromQuery[str] = "",
    cursor: Cursor = "",
) -> Response[str]:
    """Show saved workflows."""
    place = place_of(cursor, str)
    after = place[0] if place else ""
    found = await queries.workflows(console.shelf, after=after, limit=LIMIT + 1, text=q)
    values: dict[str, Any] = {
        "items": found[:LIMIT],
        "more": cursor_of(found[LIMIT - 1].name) if len(found) > LIMIT else "",
        "q": q,
        "count_all": len(await console.shelf.listed()),
    }
    if is_part(request):
        return fragment(request, "workflows/list.html", "rows", **values)
    return page(request, "workflows/list.html", title="Workflows", area="workflows", **values)


@get("/workflows/new", include_in_schema=False, **needs("operate"))
async def new_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the editor with a workflow that can be saved as it is."""
    definition, _ = await console.shelf.faults(FIRST_TEXT, FILE)
    return _editor(request, "", 0, FIRST_TEXT, drawn=await _drawn_of(console, definition))


@get("/workflows/{name:str}", include_in_schema=False, **needs("read"))
async def workflow_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show a workflow: its steps, versions, runs and schedules."""
    return await _workflow(request, console, name, None)


@get("/workflows/{name:str}/versions/{version:int}", include_in_schema=False, **needs("read"))
async def version_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    version: FromPath[int],
) -> Response[str]:
    """Show a version of a workflow as the newest one is shown."""
    return await _workflow(request, console, name, version)


async def _workflow(
    request: AnyRequest, console: Console, name: str, version: int | None
) -> Response[str]:
    shelf = console.shelf
    view = await queries.workflow(shelf, name, version)
    values: dict[str, Any] = {
        "view": view,
        "graph": _graph(view.steps),
        "steps_shown": STEPS_SHOWN,
        "text_of": inputs.text_of,
        "runs": queries.runs_of(shelf, name),
        "schedules": queries.schedules_of(shelf, name),
        "versions": await versions.versions(shelf, name, limit=VERSIONS_SHOWN),
    }
    if is_part(request):
        return fragment(request, "workflows/workflow.html", "runs", **values)
    return page(request, "workflows/workflow.html", title=name, area="workflows", **values)


def _graph(steps: list[queries.StepView]) -> dict[str, Any] | None:
    if len(steps) > STEPS_DRAWN_MAX:
        return None
    return {"steps": [_drawn(step) for step in steps], "links": _links(steps)}


def _drawn(step: queries.StepView) -> dict[str, Any]:
    """Return a step as the graph draws it, with what it shows beside its name."""
    marks = {
        "approvals": "needs approval" if step.approval else "",
        "branch": f"if {step.condition}" if step.condition else "",
        "menu": step.repeats if step.repeats.startswith("for each") else "",
        "retry": step.repeats if step.repeats.startswith("until") else "",
    }
    return {
        "key": step.key,
        "title": step.title,
        "who": step.who,
        "kind": step.kind,
        "needs": step.needs,
        "marks": [{"glyph": glyph, "text": text} for glyph, text in marks.items() if text],
    }


def _links(steps: list[queries.StepView]) -> list[dict[str, str]]:
    return [
        {"from": need, "to": step.key, "kind": "failure" if need in step.handles else "needs"}
        for step in steps
        for need in step.needs
    ]


@get(
    "/workflows/{name:str}/versions/{older:int}/diff/{newer:int}",
    include_in_schema=False,
    **needs("read"),
)
async def difference_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    older: FromPath[int],
    newer: FromPath[int],
) -> Response[str]:
    """Show what one version says differently from another."""
    found = await versions.difference(console.shelf, name, older, newer)
    newest = await console.shelf.version_of(name)
    title = f"{name}, {older} and {newer}"
    return page(
        request,
        "workflows/difference.html",
        title=title,
        area="workflows",
        found=found,
        newest=newest,
    )


@get("/workflows/{name:str}/edit", include_in_schema=False, **needs("operate"))
async def edit_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    version: FromQuery[int | None] = None,
) -> Response[str]:
    """Show the editor; with `version` it begins from the text of an older one."""
    newest = await console.shelf.get(name)
    chosen = newest if version is None else await console.shelf.get(name, version)
    drawn = await _drawn_of(console, chosen.definition)
    return _editor(request, name, newest.version, chosen.source, begun=chosen.version, drawn=drawn)


async def _drawn_of(console: Console, definition: Definition | None) -> dict[str, Any] | None:
    if definition is None:
        return None
    return _graph(queries.steps_of(definition, await console.shelf.tiers(definition)))


def _editor(
    request: AnyRequest,
    name: str,
    version: int,
    text: str,
    *,
    begun: int = 0,
    drawn: dict[str, Any] | None = None,
    faults: tuple[str, ...] = (),
) -> Response[str]:
    """Show a text that becomes the version after `version`; `begun` is the one it is from."""
    return page(
        request,
        "workflows/editor.html",
        title=f"Edit {name}" if name else "New workflow",
        area="workflows",
        status=422 if faults else 200,
        name=name,
        version=version,
        begun=begun or version,
        text=text,
        drawn=drawn or {"steps": [], "links": []},
        faults=faults,
    )


@post("/workflows/save", include_in_schema=False, **needs("operate"))
async def save(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Save what the editor holds in a browser that runs no script."""
    form = await request.form()
    # Browsers send line ends as CR LF, whatever the file has.
    text, name = str(form.get("text", "")).replace("\r\n", "\n"), str(form.get("name", ""))
    given = str(form.get("base_version", ""))
    base = int(given) if given.isdecimal() and len(given) <= len("1000000000") else None
    always = not await console.shelf.version_of(name) or not _is_same(
        text, (await console.shelf.get(name)).source
    )
    try:
        saved = await console.ask(request, SaveWorkflow(text, FILE, base, always))
    except FORM_ERRORS as error:
        return _editor(request, name, base or 0, text, faults=tuple(str(error).splitlines()))
    return moved(request, f"/workflows/{saved['name']}")


def _is_same(text: str, source: str) -> bool:
    return text == source.replace("\r\n", "\n")


@get("/workflows/{name:str}/start", include_in_schema=False, **needs("operate"))
async def start_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    version: FromQuery[int | None] = None,
) -> Response[str]:
    """Show the form that the inputs of a workflow make."""
    view = await queries.workflow(console.shelf, name, version)
    given = {field.name: inputs.text_of(field.default) for field in view.inputs}
    return _start(request, view, given, {}, "")


def _start(
    request: AnyRequest,
    view: queries.WorkflowView,
    given: dict[str, str],
    errors: dict[str, str],
    fault: str,
) -> Response[str]:
    return page(
        request,
        "workflows/start.html",
        title=f"Start {view.name}",
        area="workflows",
        status=422 if errors or fault else 200,
        view=view,
        given=given,
        errors=errors,
        fault=fault,
        text_of=inputs.text_of,
    )


@post("/workflows/{name:str}/start", include_in_schema=False, **needs("operate"))
async def start(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    version: FromQuery[int | None] = None,
) -> Response[Any]:
    """Begin a run with what the form says, and go to it; what does not fit comes back as typed."""
    form = await request.form()
    found = await console.shelf.get(name, version)
    typed = {field: str(form.get(f"in-{field}", "")) for field in found.definition.inputs}
    given = {field: text.replace("\r\n", "\n") for field, text in typed.items()}
    values, errors = await asyncio.to_thread(inputs.given_inputs, found.definition, given)
    fault = ""
    if not errors:
        try:
            version = found.version
            begun = await console.run(
                request, run.START, workflow=name, version=version, inputs=values
            )
            return moved(request, f"/runs/{begun.run}")
        except FORM_ERRORS as error:
            fault = str(error)
    view = await queries.workflow(console.shelf, name, found.version)
    return _start(request, view, given, errors, fault)


HANDLERS: list[Any] = [
    list_page,
    new_page,
    workflow_page,
    version_page,
    difference_page,
    edit_page,
    save,
    start_page,
    start,
]
