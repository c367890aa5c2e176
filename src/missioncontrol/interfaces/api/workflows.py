"""Saved workflows as a resource of the API: lists, versions, differences, checks, saving."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.asks import SaveWorkflow
from missioncontrol.application.queries import workflow_inputs as inputs
from missioncontrol.application.queries import workflow_versions as versions
from missioncontrol.application.queries import workflow_writing as writing
from missioncontrol.application.queries import workflows as queries
from missioncontrol.application.workflows import Saved
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.problems import Problem
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import KNOWN, IfMatch, refuse_stale, tagged
from missioncontrol.surfaces.http import handlers_of

FILE = "workflow.yaml"
FILE_NAME_MAX = 200
YAML = "application/yaml"

AnyRequest = Request[Principal, Any, Any]


class Text(msgspec.Struct, frozen=True):
    """The text of a workflow file."""

    text: Annotated[str, msgspec.Meta(max_length=2_000_000)]  # YAML or JSON, at most 1 MiB
    file: Annotated[str, msgspec.Meta(max_length=FILE_NAME_MAX)] = FILE  # its name, for faults


class NewVersion(Text, frozen=True):
    """A version to be saved."""

    base_version: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None
    """The newest version that its writer knew, 0 for none; saving another one's away is refused."""

    always: bool = False
    """Store it even if a version has the same content: new comments, or an old version."""


class InputSchema(msgspec.Struct, frozen=True):
    """What a run of it is given, as JSON Schema, and as the fields of a form."""

    name: str
    version: int
    input_schema: dict[str, Any]
    fields: list[inputs.InputField]


def etag_of(version: int) -> str:
    """Return the tag of a workflow whose newest version is this."""
    return f'W/"{version}"'


@post(
    "/workflows",
    summary="Save a version of a workflow",
    responses={
        200: ResponseSpec(Saved, description="A version says the same already"),
        409: ResponseSpec(Problem, description="Another version was saved meanwhile"),
        412: ResponseSpec(Problem, description="The newest version is not that of `If-Match`"),
        422: ResponseSpec(Problem, description="Something is wrong with the text"),
    },
    response_headers=[
        ResponseHeader(name="Location", description="The version", value=""),
        ResponseHeader(name="ETag", description="Of the newest version", value=""),
    ],
    **needs("operate"),
)
async def save_workflow(
    request: AnyRequest,
    console: NamedDependency[Console],
    data: JSONBody[NewVersion],
    if_match: IfMatch = "",
) -> Response[Saved]:
    """Keep a text as the next version of the workflow that it names.

    Where a version has this content already, the answer is that version with status 200, and
    nothing is stored,
    unless `always` asks for it.
    """
    base = await _base(console, data, if_match)
    ask = SaveWorkflow(data.text, data.file or FILE, base, data.always)
    answer = await console.ask(request, ask)
    saved = msgspec.convert(answer, Saved)
    where = f"/api/v1/workflows/{saved.name}/versions/{saved.version}"
    return Response(
        saved,
        status_code=201 if saved.is_new else 200,
        headers={"Location": where, "ETag": etag_of(saved.newest)},
    )


async def _base(console: Console, data: NewVersion, if_match: str) -> int | None:
    """Return the version that the writer began from.

    Raises:
        Stale: `request.stale`, where `If-Match` names another version than the newest.
    """
    if not if_match or if_match == "*":
        return data.base_version
    checked = await writing.check(console.shelf, data.text, data.file)
    if not checked.name:
        return data.base_version  # The faults of the text are reported when it is saved.
    refuse_stale(if_match, etag_of(checked.newest), f"Workflow {checked.name!r}")
    return checked.newest


@post("/workflow-check", status_code=200, summary="Check a workflow", **needs("read"))
async def check_workflow(
    console: NamedDependency[Console], data: JSONBody[Text]
) -> writing.Checked:
    """Return everything that keeps a text from being saved, each with its line."""
    return await writing.check(console.shelf, data.text, data.file or FILE)


@get("/workflow-palette", summary="What steps can be made of", **needs("read"))
async def workflow_palette(console: NamedDependency[Console]) -> writing.Palette:
    """Return the agents, capabilities, workflows and effects that a step can name."""
    return await writing.palette(console.shelf)


@get("/workflow-schema", summary="What a workflow file may say", **needs("read"))
async def workflow_schema(console: NamedDependency[Console]) -> dict[str, Any]:
    """Return the JSON Schema of workflow files: every key with its meaning and its bounds."""
    return console.shelf.schema()


@get("/workflows/{name:str}", summary="Read a workflow", responses=KNOWN, **needs("read"))
async def get_workflow(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[queries.WorkflowView]:
    """Return the newest version of a workflow."""
    found = await queries.workflow(console.shelf, name)
    return tagged(request, found, etag_of(found.newest))


@get("/workflows/{name:str}/versions/{version:int}", summary="Read a version", **needs("read"))
async def get_version(
    console: NamedDependency[Console], name: FromPath[str], version: FromPath[int]
) -> queries.WorkflowView:
    """Return a version of a workflow; it never changes."""
    return await queries.workflow(console.shelf, name, version)


@get(
    "/workflows/{name:str}/versions/{version:int}/file",
    summary="Export a version",
    media_type=YAML,
    **needs("read"),
)
async def export_version(
    console: NamedDependency[Console], name: FromPath[str], version: FromPath[int]
) -> Response[bytes]:
    """Return the text of a version's file, as it was saved."""
    found = await console.shelf.get(name, version)
    return Response(
        found.source.encode(),
        media_type=YAML,
        headers={"Content-Disposition": f'attachment; filename="{found.name}@{version}.yaml"'},
    )


@get(
    "/workflows/{name:str}/versions/{older:int}/diff/{newer:int}",
    summary="Compare two versions",
    **needs("read"),
)
async def compare_versions(
    console: NamedDependency[Console],
    name: FromPath[str],
    older: FromPath[int],
    newer: FromPath[int],
) -> versions.Difference:
    """Return what one version says differently from another, by meaning and by lines."""
    return await versions.difference(console.shelf, name, older, newer)


@get("/workflows/{name:str}/input-schema", summary="What a run is given", **needs("read"))
async def get_input_schema(
    console: NamedDependency[Console],
    name: FromPath[str],
    version: Annotated[int | None, QueryParameter(ge=1, le=1_000_000_000)] = None,
) -> InputSchema:
    """Return the inputs of a workflow as JSON Schema and as fields of a form."""
    found = await console.shelf.get(name, version)
    definition = found.definition
    return InputSchema(
        found.name, found.version, inputs.input_schema(definition), inputs.fields_of(definition)
    )


HANDLERS: list[Any] = [
    *handlers_of("workflow"),
    save_workflow,
    check_workflow,
    workflow_palette,
    workflow_schema,
    get_workflow,
    get_version,
    export_version,
    compare_versions,
    get_input_schema,
]
