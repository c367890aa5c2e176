"""The pages of repositories: what is in hand, one repository, and one task with its documents."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from markupsafe import Markup

from missioncontrol.application.queries import repositories as queries
from missioncontrol.application.queries.repository_tasks import DocumentView
from missioncontrol.application.repositories import SignOffAsked
from missioncontrol.documents.page import ticked
from missioncontrol.documents.prose import prose
from missioncontrol.documents.task_measures.measures import definitions
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS, TaskDocument
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.api.repositories import (
    State,
    measures_of,
    page_of_repositories,
    page_of_tasks,
    seen,
)
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import artifact_view, formats
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.sanitising import sanitised
from missioncontrol.surfaces.paging import LIMIT, Cursor

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
LIST = "repositories/list.html"
ONE = "repositories/repository.html"
TASK = "repositories/task.html"
MEASURES_SECONDS_MAX = 20.0
"""That a page waits for what git tells; `mission repo metrics` takes the time it needs."""


@get("/repositories", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest, console: NamedDependency[Console], cursor: Cursor = ""
) -> Response[str]:
    """Show the repositories whose tasks are stored here."""
    found = page_of_repositories(console.present, cursor, LIMIT)
    values: dict[str, Any] = {"found": found, "name_of": name_of}
    if is_part(request):
        return fragment(request, LIST, "now", **values)
    return page(request, LIST, title="Repositories", area="repositories", **values)


def name_of(path: str) -> str:
    """Return what a repository is called: the last part of where it is."""
    return path.rstrip("/").rpartition("/")[2] or path


@get("/repositories/{repository:str}", include_in_schema=False, **needs("read"))
async def repository_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    repository: FromPath[str],
    which: State = "open",
    cursor: Cursor = "",
) -> Response[str]:
    """Show what is in hand in a repository, which run holds which files, and how work goes."""
    present = console.present
    found = await queries.repository_view(present, repository)
    values: dict[str, Any] = {
        "found": found,
        "name": name_of(found.row.path),
        "tasks": await page_of_tasks(present, repository, which, cursor, LIMIT),
        "chosen": which,
        "at_hand": await _is_at_hand(found.row.path),
        "ticked": ticked,
    }
    if is_part(request):
        return fragment(request, ONE, "now", **values)
    return page(request, ONE, title=values["name"], area="repositories", **values)


async def _is_at_hand(path: str) -> bool:
    return await asyncio.to_thread(Path(path).is_dir)


@get("/repositories/{repository:str}/measures", include_in_schema=False, **needs("read"))
async def measures_part(
    request: AnyRequest, console: NamedDependency[Console], repository: FromPath[str]
) -> Response[str]:
    """Show the progress of work, as soon as git has reported what became of the changes."""
    measures, fault = [], ""
    try:
        async with asyncio.timeout(MEASURES_SECONDS_MAX):
            measures = list((await measures_of(console, repository)).measures)
    except Unavailable as error:
        fault = error.reason
    except TimeoutError:
        fault = "Its history is long: `mission repo metrics` in the checkout takes its time."
    shown = [(each, _value(each.unit, each.value)) for each in measures]
    beside = {
        each.key: _value(each.unit, each.baseline) for each in measures if each.baseline is not None
    }
    values: dict[str, Any] = {"told": shown, "beside": beside, "fault": fault}
    values["definitions"] = definitions()
    return fragment(request, "repositories/measures.html", "measures", **values)


def _value(unit: str, value: float | None) -> str:
    if value is None:
        return "none"
    match unit:
        case "share":
            return formats.percent(value, 1)
        case "seconds":
            return formats.duration(value)
        case "rounds":
            return f"{value:.2f} rounds"
    return f"${value:,.4f}"


@get("/repositories/{repository:str}/tasks/{task:int}", include_in_schema=False, **needs("read"))
async def task_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    repository: FromPath[str],
    task: FromPath[int],
    document: FromQuery[str] = "",
) -> Response[str]:
    """Show a task: a document as the record has it, who signs it, gates, scope, runs, rounds."""
    found = await seen(request, console, repository, task)
    state = await queries.state_of(console.present, repository)
    opened = _opened(found.documents, document, str(found.item.phase))
    values: dict[str, Any] = {
        "found": found,
        "name": name_of(state.path),
        "opened": opened,
        "text": await _text(console, opened),
        "ticked": ticked,
        "at_hand": await _is_at_hand(state.path),
        "key": _key(console, f"{repository}/{task}"),
    }
    if is_part(request):
        return fragment(request, TASK, "now", **values)
    title = f"Task {found.item.task}: {found.item.title}"
    return page(request, TASK, title=title, area="repositories", **values)


def _key(console: Console, source: str) -> str:
    """Return the key of a task on the board."""
    console.present.work_items  # noqa: B018 - reads the index that is asked here
    item = console.present.work.item(source)
    return item.id if item is not None else source


def _opened(documents: list[DocumentView], asked: str, phase: str) -> DocumentView | None:
    """Return the document to show: the one that is asked for, else that of its phase."""
    by_kind: dict[str, DocumentView] = {each.kind: each for each in documents}
    if asked and asked not in by_kind:
        raise NotFound("repository.no_document", f"This task has no {asked[:40]!r}.")
    return by_kind.get(asked or phase) or (documents[-1] if documents else None)


class Text(NamedTuple):
    """A document for a reader: as prose, and with what prose does not show."""

    html: Markup  # empty where it is too large for that
    exact: str  # every character, also of what prose leaves out, such as the meaning of a link


async def _text(console: Console, opened: DocumentView | None) -> Text | None:
    """Return a document; None where the home has it no longer."""
    if opened is None:
        return None
    try:
        content = await asyncio.to_thread(console.present.artifacts.get, opened.digest)
    except NotFound:
        return None
    text = content.decode("utf-8", "replace")
    if len(content) > artifact_view.PROSE_BYTES:
        return Text(Markup(), visible(text))
    html = await asyncio.to_thread(prose, text)
    return Text(sanitised(str(html)), visible(text))


@post(
    "/repositories/{repository:str}/tasks/{task:int}/signatures",
    include_in_schema=False,
    status_code=200,
    **needs("approve"),
)
async def sign(
    request: AnyRequest,
    console: NamedDependency[Console],
    repository: FromPath[str],
    task: FromPath[int],
    data: Form,
) -> Response[Any]:
    """Sign exactly the text that the form was shown with."""
    kind = _kind(data.get("kind", ""))
    fields: dict[str, Any] = {
        "repository": repository,
        "task": task,
        "kind": kind,
        "role": data.get("role", ""),
        "digest": data.get("digest", ""),
        "reason": data.get("reason", "").strip(),
    }
    await console.perform(request, SignOffAsked.__name__, fields)
    return moved(
        request, f"/repositories/{quote(repository, safe='')}/tasks/{task}?document={kind}"
    )


def _kind(text: str) -> TaskDocument:
    found = next((kind for kind in TASK_DOCUMENTS if kind == text), None)
    if found is None:
        raise Rejected("repository.no_document", f"There is no document {text[:40]!r}.")
    return found


HANDLERS: list[Any] = [list_page, repository_page, measures_part, task_page, sign]
