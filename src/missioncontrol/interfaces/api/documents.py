"""Documents of a mission as a resource of the API: written, read, edited, compared, passed on."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries import documents, run_outcome
from missioncontrol.application.read_model import Present
from missioncontrol.application.studio import DocumentAsked, digest_of
from missioncontrol.documents.studio.export import Form
from missioncontrol.domain.document import CHARACTERS_MAX, NOTE_MAX
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.problems import Problem
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.reports import SAFE
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.studio import file_of
from missioncontrol.queries.document import known_kind, view_of
from missioncontrol.surfaces.conditional import (
    CHANGED,
    FRESH,
    IfMatch,
    is_known,
    refuse_stale,
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
STALE = {409: ResponseSpec(Problem, description="Another version is the newest.")}


class TextGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a document is to say."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=CHARACTERS_MAX)]
    base: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """The version that it was made of; refused where another one is the newest."""

    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX)] = ""
    """What was changed, stored for ever."""


class ChoiceGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose words stay: a person's (`mine`), or the generated ones (`theirs`)."""

    choice: Literal["mine", "theirs"]


class CurrentDocument(msgspec.Struct, frozen=True):
    """The version that holds now."""

    run: str
    kind: str
    version: int
    digest: str
    is_new: bool  # False where nothing was to be changed
    conflicts: list[str]  # ids of open ones


@post(
    "/missions/{mission:str}/documents/{kind:str}",
    status_code=200,
    summary="Write a document",
    responses=STALE,
    **needs("operate"),
)
async def write_document(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
    run: OfRun = "",
) -> CurrentDocument:
    """Write it from the record as it stands. People's edits stay; conflicts are reported."""
    found = await run_outcome.load_run_report(console.present, mission, run)
    return await _done(request, console, DocumentAsked("write", found.state.id, known_kind(kind)))


@put(
    "/missions/{mission:str}/documents/{kind:str}",
    summary="Edit a document",
    responses={**STALE, **CHANGED},
    **needs("operate"),
)
async def edit_document(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
    data: JSONBody[TextGiven],
    if_match: IfMatch = "",
    run: OfRun = "",
) -> CurrentDocument:
    """Keep a text as the next version, made of `base`."""
    present = console.present
    found = await run_outcome.load_run_report(present, mission, run)
    if if_match:
        now = await documents.document(
            present.store, present.artifacts, found.state.id, known_kind(kind)
        )
        refuse_stale(if_match, tag_of(now), "The document")
    ask = DocumentAsked(
        "edit", found.state.id, known_kind(kind), text=data.text, base=data.base, note=data.note
    )
    return await _done(request, console, ask)


@post(
    "/missions/{mission:str}/documents/{kind:str}/conflicts/{conflict:str}",
    status_code=200,
    summary="Decide a conflict",
    responses=STALE,
    **needs("operate"),
)
async def settle_conflict(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    kind: FromPath[str],
    conflict: FromPath[str],
    data: JSONBody[ChoiceGiven],
    run: OfRun = "",
) -> CurrentDocument:
    """Settle a conflict: keep a person's text, or replace it with the generated one."""
    found = await run_outcome.load_run_report(console.present, mission, run)
    ask = DocumentAsked(
        "settle", found.state.id, known_kind(kind), conflict=conflict[:300], choice=data.choice
    )
    return await _done(request, console, ask)


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


async def _done(request: AnyRequest, console: Console, ask: DocumentAsked) -> CurrentDocument:
    return msgspec.convert(await console.ask(request, ask), CurrentDocument)


HANDLERS: list[Any] = [
    *handlers_of("document"),
    write_document,
    edit_document,
    settle_conflict,
    get_file,
]
