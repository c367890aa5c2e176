"""Execution packs as files: what a developer needs to do a mission's work."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from missioncontrol.application.checkout import reader_of
from missioncontrol.application.queries import artifacts, packs, run_outcome
from missioncontrol.application.queries.packs import Form
from missioncontrol.application.read_model import Present
from missioncontrol.documents.pack import packed
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.artifacts import SAFE
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import is_known, tag_of

OfRun = Annotated[
    str, QueryParameter(max_length=300, description="One of its runs; by default the newest.")
]
OfTask = Annotated[
    str, QueryParameter(max_length=200, description="The key of a task; by default all of them.")
]
MEDIA_TYPES: dict[Form, str] = {"md": "text/markdown", "json": "application/json"}


@get(
    "/missions/{mission:str}/pack",
    summary="Get an execution pack",
    responses={
        200: ResponseSpec(bytes, media_type="text/markdown", description="The pack."),
        304: ResponseSpec(None, description="The client has it."),
    },
    **needs("read"),
)
async def get_pack(
    request: Request[Principal, Any, Any],
    present: NamedDependency[Present],
    mission: FromPath[str],
    task: OfTask = "",
    form: Annotated[
        Form, QueryParameter(name="format", description="Markdown as in AGENTS.md, or JSON.")
    ] = "md",
    run: OfRun = "",
) -> Response[bytes]:
    """Return what Codex, Claude Code or a person needs to do one task, or all of the work."""
    story = await run_outcome.load_run_report(present, mission, run)
    row = packs.pack(story.state, task, form)
    record = story.reading.record
    found = await artifacts.content(present.artifacts, row.digest)
    content = await artifacts.window(found, 0, found.size)
    etag = f'"{row.digest}"'
    if record.scopes:
        source = reader_of(record.repository)
        content = await asyncio.to_thread(packed, record.rescoped, content, form, task, source)
        # What it shows of the repository may have changed since, whatever the record says.
        etag = tag_of(row.digest, record.scopes, content.decode("utf-8", "replace"))
    headers = {**SAFE, "ETag": etag, "Cache-Control": "no-cache"}
    headers.pop("Accept-Ranges")
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    name = f"{task or packs.WHOLE}.{form}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, headers=headers, media_type=MEDIA_TYPES[form])


HANDLERS: list[Any] = [get_pack]
