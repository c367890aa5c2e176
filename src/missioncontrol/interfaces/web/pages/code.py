"""The page of a file of a mission's repository, as it stood when the mission was planned."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from missioncontrol.application.queries import run_outcome, sources
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.queries.sources import SourceView
from missioncontrol.documents.page import ticked
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import artifact_view
from missioncontrol.interfaces.web.codes import code_url
from missioncontrol.interfaces.web.rendering import page

AnyRequest = Request[Principal, Any, Any]
PAGE = "missions/code.html"
LINE_MAX = 10_000_000
LINES_SHOWN = 400
LINES_BEFORE = 20
"""Above the line that was asked for."""

WHOLE_BYTES = 200_000
"""What is larger is coloured from the first line shown, and may begin inside of a text."""

Path = Annotated[str, QueryParameter(max_length=sources.PATH_MAX)]
Line = Annotated[int, QueryParameter(ge=0, le=LINE_MAX)]


@get("/missions/{mission:str}/code", include_in_schema=False, **needs("read"))
async def show_code(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    path: Path = "",
    line: Line = 0,
    last: Line = 0,
    start: Annotated[int, QueryParameter(name="from", ge=0, le=LINE_MAX)] = 0,
    run: Annotated[str, QueryParameter(max_length=100)] = "",
) -> Response[str]:
    """Show a file around a line, or what a directory has in it."""
    story = await run_outcome.load_run_report(console.present, mission, run)
    found = await sources.source(console.instruments.sources, story, path)
    first = start or max(line - LINES_BEFORE, 1)
    shown = await asyncio.to_thread(_lines, found, first)
    lines = found.content.count(b"\n") + (not found.content.endswith(b"\n") and bool(found.content))
    values: dict[str, Any] = {
        "found": found,
        "name": found.entry.path or found.repository.rpartition("/")[2],
        "is_binary": artifact_view.is_binary(found.content),
        "lines": shown,
        "line_count": lines,
        "marked": range(line, max(line, last) + 1) if line else range(0),
        "earlier": max(shown[0].number - LINES_SHOWN, 1) if shown and shown[0].number > 1 else 0,
        "later": shown[-1].number + 1 if shown and shown[-1].number < lines else 0,
        "code_of": lambda name: code_url(story, name),
        "ticked": ticked,
        "crumbs": _crumbs(story, found.entry.path),
        "place_of": _places(story),
        "mission": story.mission.id,
    }
    title = f"{values['name'][:100]} · {story.mission.title[:60]}"
    return page(request, PAGE, title=title, area="missions", **values)


def _lines(found: SourceView, first: int) -> list[artifact_view.Line]:
    """Return the lines that a page has room for, from `first` on."""
    content, name = found.content, found.entry.path
    if found.entry.kind != "file" or not content or artifact_view.is_binary(content):
        return []
    size = len(content)
    if size <= WHOLE_BYTES:
        whole = artifact_view.window(content, name, start=0, first=1, size=size).lines
        first = min(first, max(len(whole), 1))
        return whole[first - 1 : first - 1 + LINES_SHOWN]
    rows = content.split(b"\n")
    first = min(first, len(rows))
    part = b"\n".join(rows[first - 1 : first - 1 + LINES_SHOWN])
    return artifact_view.window(part, name, start=0, first=first, size=len(part)).lines


def _crumbs(story: RunReport, path: str) -> list[tuple[str, str]]:
    base = f"/missions/{quote(story.mission.id)}"
    found = [("/missions", "Missions"), (f"{base}?run={story.state.id}", story.mission.title)]
    found.append((code_url(story, ""), story.mission.repository.rpartition("/")[2]))
    parts = path.split("/")[:-1]
    return found + [
        (code_url(story, "/".join(parts[: number + 1])), name) for number, name in enumerate(parts)
    ]


def _places(story: RunReport) -> Any:
    """Return where the page of the mission tells a requirement, a task or a decision."""
    base = f"/missions/{quote(story.mission.id)}?{urlencode({'run': story.state.id})}"
    where = story.reading.where

    def place(kind: str, key: str) -> str:
        if kind == "task":
            return f"{base}&view=plan#task-{quote(key)}"
        if kind == "decision":
            return f"{base}&view=decisions#{where.decisions.get(key, '')}"
        return f"{base}&view=plan&show=requirements#places-{quote(key)}"

    return place


HANDLERS: list[Any] = [show_code]
