"""Changes of a mission's documents from its page: written, edited, and conflicts decided."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.application.queries import documents as queries
from missioncontrol.application.queries import run_outcome
from missioncontrol.application.studio import ReviseDocument
from missioncontrol.domain.document import (
    CHARACTERS_MAX,
    KINDS,
    TITLES,
)
from missioncontrol.domain.document_kinds import known_kind
from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import documents_view
from missioncontrol.interfaces.web.mission_sheet import sheet
from missioncontrol.interfaces.web.mission_tabs import Place
from missioncontrol.interfaces.web.rendering import answered, moved, page, prepare
from missioncontrol.operations.document import EDIT, SETTLE, WRITE
from missioncontrol.operations.mission import SIGN

AnyRequest = Request[Principal, Any, Any]
AT = "/missions/{mission:str}/documents/{kind:str}"


@post(f"{AT}/write", status_code=200, include_in_schema=False, **needs("operate"))
async def write(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
) -> Response[Any]:
    """Write it from the record, or all of them where it is called `all`."""
    run = await _run(request, console, mission)
    if kind == "all":
        for each in KINDS:
            await console.run_afresh(request, WRITE, f"{mission}/{each}", run=run)
    else:
        await console.run(request, WRITE, f"{mission}/{kind}", run=run)
    return moved(request, address(mission, run, KINDS[0] if kind == "all" else kind))


@post(f"{AT}/edit", status_code=200, include_in_schema=False, **needs("operate"))
async def edit(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
) -> Response[Any]:
    """Keep what was typed; where another version is newer, show what it says and keep the text."""
    run = await _run(request, console, mission)
    form = await request.form()
    text, base = str(form.get("text", "")), str(form.get("base", ""))
    note = str(form.get("note", ""))
    revised = ReviseDocument(
        id=mission, run=run, kind=known_kind(kind), text=text, base=_number(base), note=note
    )
    given = {"run": run, "text": text, "base": revised.base, "note": note}
    try:
        await console.run(request, EDIT, f"{mission}/{kind}", **given)
    except (Rejected, Conflict) as error:
        return await _again(request, console, revised, error)
    return moved(request, address(mission, run, kind))


@post(f"{AT}/settle", status_code=200, include_in_schema=False, **needs("operate"))
async def settle(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
) -> Response[Any]:
    """Settle a conflict: keep a person's text, or replace it with the generated one."""
    run = await _run(request, console, mission)
    form = await request.form()
    await console.run(
        request,
        SETTLE,
        f"{mission}/{kind}",
        run=run,
        conflict=str(form.get("conflict", ""))[:300],
        choice="theirs" if form.get("choice") == "theirs" else "mine",
    )
    return moved(request, address(mission, run, kind))


@post(f"{AT}/sign", status_code=200, include_in_schema=False, **needs("approve"))
async def sign(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
) -> Response[Any]:
    """Sign the version that was read."""
    form = await request.form()
    version = _number(str(form.get("version", "")))
    await console.run(request, SIGN, mission, document=known_kind(kind), version=version)
    run = await _run(request, console, mission)
    return moved(request, address(mission, run, kind))


@post(f"{AT}/preview", status_code=200, include_in_schema=False, **needs("operate"))
async def preview(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
) -> Response[Any]:
    """Show a text as it will be read, and what it changes; nothing is saved."""
    run = await _run(request, console, mission)
    text = str((await request.form()).get("text", ""))[:CHARACTERS_MAX].replace("\r\n", "\n")
    store, artifacts = console.present.store, console.present.artifacts
    view = await queries.document(store, artifacts, run, known_kind(kind))
    story = await run_outcome.load_run_report(console.present, mission, run)
    shown = msgspec.structs.replace(view, text=text)
    values = documents_view.read_values(shown, story)
    values["diff"] = queries.text_diff(view.text, text, "saved", "yours")
    return await answered(
        request,
        "missions/preview.html",
        "preview",
        title=f"Preview of {TITLES[known_kind(kind)]}",
        area="missions",
        back=(address(mission, run, kind), TITLES[known_kind(kind)]),
        **values,
    )


def address(mission: str, run: str, kind: str) -> str:
    """Return where a document is read."""
    return f"/missions/{mission}?{urlencode({'view': 'documents', 'document': kind, 'run': run})}"


async def _again(
    request: AnyRequest,
    console: Console,
    ask: ReviseDocument,
    error: Rejected | Conflict,
) -> Response[Any]:
    await prepare(request)
    mission, kind = ask.id, known_kind(ask.kind)
    story = await run_outcome.load_run_report(console.present, mission, ask.run)
    lines = await queries.documents(console.present.store, ask.run)
    store, artifacts = console.present.store, console.present.artifacts
    view = await queries.document(store, artifacts, ask.run, kind)
    newer = None
    if error.code == "document.stale" and 1 <= ask.base < view.newest:
        newer = await queries.difference(store, artifacts, ask.run, kind, ask.base)
    values = sheet(console.present, story, Place("documents")) | {
        "documents": lines,
        "document": next(each for each in lines if each.kind == kind),
        "says": documents_view.DESCRIPTIONS[kind],
        "mode": "edit",
        "shown_version": view,
        "difference": newer,
        "stale": str(error),
        "draft": ask.text,
        "parts": (),
        "cited": (),
        "is_cut": False,
    }
    title = f"{TITLES[kind]} · {story.mission.title[:80]}"
    return page(
        request, "missions/mission.html", title=title, area="missions", status=422, **values
    )


async def _run(request: AnyRequest, console: Console, mission: str) -> str:
    asked = request.query_params.get("run", "")
    return (await run_outcome.load_run_report(console.present, mission, asked)).state.id


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


HANDLERS: list[Any] = [write, edit, settle, sign, preview]
