"""Documents of a mission as a resource of the API: written, read, edited, compared, passed on."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from missioncontrol.application.queries import run_outcome
from missioncontrol.application.read_model import Present
from missioncontrol.application.studio import digest_of
from missioncontrol.documents.studio.export import Form
from missioncontrol.domain.document_kinds import known_kind
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.reports import SAFE
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.studio import file_of
from missioncontrol.queries.document import view_of
from missioncontrol.surfaces.conditional import (
    FRESH,
    is_known,
    tag_of,
)
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]

OfRun = Annotated[
    str, QueryParameter(max_length=300, description="One of its runs; by default the newest.")
]
Number = Annotated[
    int | None, QueryParameter(ge=1, le=1_000_000, description="By default the newest.")
]


@get(
    "/missions/{mission:str}/documents/{kind:str}/file",
    summary="Get a document as a file",
    responses={
        200: ResponseSpec(bytes, media_type="text/markdown", description="The document."),
        304: ResponseSpec(None, description="The client has it."),
    },
    **needs("read"),
)
async def get_file(
    request: AnyRequest,
    present: NamedDependency[Present],
    mission: FromPath[str],
    kind: FromPath[str],
    form: Annotated[
        Form, QueryParameter(name="format", description="Markdown, a page, PDF, or DOCX.")
    ] = "md",
    version: Number = None,
    run: OfRun = "",
) -> Response[bytes]:
    """Return a version of a document, or its draft, as a file to pass on.

    PDF and DOCX are rendered a few at a time, users in turn, and cached for a while. Where that
    takes too long, `Retry-After` says when to ask again; it is made meanwhile.
    """
    found = await run_outcome.load_run_report(present, mission, run)
    view = await view_of(present, found, known_kind(kind), version)
    revision = view.version or digest_of(view.text)  # A draft changes with what it is made of.
    etag = tag_of(view.run, view.kind, revision, form, found.version)
    headers = {**SAFE, "ETag": etag, "Cache-Control": FRESH}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    made = await file_of(present, found, view, form, request.user.actor)
    headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return Response(made.content, headers=headers, media_type=made.media_type)


HANDLERS: list[Any] = [*handlers_of("document"), get_file]
