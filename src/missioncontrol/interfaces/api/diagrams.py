"""Diagrams of a mission as files."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from missioncontrol.application.queries import diagrams, run_outcome
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import is_known

AnyRequest = Request[Principal, Any, Any]
OfRun = Annotated[
    str, QueryParameter(max_length=300, description="One of its runs; by default the newest.")
]
FILE = {
    "X-Content-Type-Options": "nosniff",
    # A drawing opened by itself can run nothing and load nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "no-cache",
}


@get(
    "/missions/{mission:str}/diagrams/{kind:str}",
    summary="Get a diagram of a mission",
    responses={
        200: ResponseSpec(bytes, media_type="image/svg+xml", description="The diagram."),
        304: ResponseSpec(None, description="The client has it."),
    },
    **needs("read"),
)
async def get_diagram(
    request: AnyRequest,
    present: NamedDependency[Present],
    mission: FromPath[str],
    kind: FromPath[str],
    form: Annotated[
        diagrams.Form, QueryParameter(name="format", description="SVG, PNG, Mermaid or JSON.")
    ] = "svg",
    run: OfRun = "",
) -> Response[bytes]:
    """Return a diagram as a file: `flow`, `as-is`, `proposed`, `deployment`, `data-model`, `tasks`.

    Where there is nothing to draw, the problem says why.
    """
    story = await run_outcome.load_run_report(present, mission, run)
    etag = f'W/"{story.version}-{form}"'
    if is_known(request, etag):
        return Response(b"", status_code=304, headers={**FILE, "ETag": etag})
    content = await diagrams.file_of(present, story, kind, form, request.user.actor)
    name = f"{story.state.id}-{kind}.{diagrams.ENDINGS[form]}"
    headers = {**FILE, "ETag": etag, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, headers=headers, media_type=diagrams.MEDIA_TYPES[form])


HANDLERS: list[Any] = [get_diagram]
