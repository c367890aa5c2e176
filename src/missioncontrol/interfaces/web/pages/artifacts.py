"""The page of an artifact: shown as what it is, as far as that is harmless, part by part."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from missioncontrol.application.queries import artifacts
from missioncontrol.application.queries.artifacts import ArtifactRow, Content
from missioncontrol.application.read_model import Present
from missioncontrol.documents.markup import visible
from missioncontrol.documents.prose import prose
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import artifact_view
from missioncontrol.interfaces.web.rendering import fragment, is_part, page, prepare
from missioncontrol.interfaces.web.sanitising import sanitised

AnyRequest = Request[Principal, Any, Any]
PAGE, TREE = "artifacts/show.html", "artifacts/tree.html"
PLACE_MAX = 2**53

Name = Annotated[str, QueryParameter(max_length=2_000)]
Place = Annotated[int, QueryParameter(ge=0, le=PLACE_MAX)]
SOURCE = frozenset({"markdown", "json", "diff", "drawing"})
"""Kinds that can be looked at as text too."""


@get("/artifacts/{digest:str}", include_in_schema=False, before_request=prepare, **needs("read"))
async def show_artifact(
    request: AnyRequest,
    present: NamedDependency[Present],
    digest: FromPath[str],
    run: Name,
    step: Name = "",
    name: Name = "",
    shown: Annotated[Literal["", "source"], QueryParameter(name="as")] = "",
    start: Annotated[int, QueryParameter(name="from", ge=0, le=PLACE_MAX)] = 0,
    line: Place = 1,
) -> Response[str]:
    """Show an artifact that a run left."""
    row = artifacts.artifact(await artifacts.run_of(present, run), digest, step=step, name=name)
    found = await artifacts.content(present.artifacts, digest)
    kind = artifact_view.kind_of(row)
    values: dict[str, Any] = await _seen(
        found, row, "text" if shown == "source" and kind in SOURCE else kind
    )
    if values["kind"] == "text":
        values |= await _window(found, row, start, line)
    values |= {
        "row": row,
        "crumbs": _crumbs(present, row),
        "file": artifact_view.file_url(row.run, row.digest, row.step, row.name),
        "tree_url": _tree_url(row),
        "other": _other(kind, values["kind"], shown),
    }
    if is_part(request):
        return fragment(request, PAGE, "lines", **values)
    return page(request, PAGE, title=row.name[:100], area="missions", **values)


@get("/artifacts/{digest:str}/tree", include_in_schema=False, **needs("read"))
async def show_part(
    request: AnyRequest,
    present: NamedDependency[Present],
    digest: FromPath[str],
    run: Name,
    step: Name = "",
    name: Name = "",
    pointer: Annotated[str, QueryParameter(max_length=20_000)] = "",
    after: Place = 0,
    rest: FromQuery[bool] = False,
) -> Response[str]:
    """Show a part of a JSON document."""
    row = artifacts.artifact(await artifacts.run_of(present, run), digest, step=step, name=name)
    found = await artifacts.content(present.artifacts, digest)
    if found.size > artifact_view.JSON_BYTES:
        raise NotFound("artifact.no_part", "The artifact is too large to show in parts.")
    content = await artifacts.window(found)

    def part() -> artifact_view.Node:
        return artifact_view.tree(artifact_view.read_json(content), pointer, after=after)

    try:
        root = await asyncio.to_thread(part)
    except (LookupError, ValueError):
        raise NotFound("artifact.no_part", f"The artifact has no part {pointer[:100]!r}.") from None
    values: dict[str, Any] = {"root": root, "after": after, "tree_url": _tree_url(row)}
    return fragment(request, TREE, "rest" if rest else "kids", **values)


async def _seen(found: Content, row: ArtifactRow, kind: artifact_view.Kind) -> dict[str, Any]:
    """Return what the viewer of a kind shows; what does not fit it is shown as text."""
    if kind in {"image", "drawing"} and found.size > artifact_view.PICTURE_BYTES:
        head = await artifacts.window(found, 0, artifact_view.HEAD_BYTES)
        return {"kind": "binary", "note": _TOO_LARGE, **_binary(head)}
    show = _VIEWERS.get(kind)
    if show is None:
        return {"kind": kind, "note": ""}
    limit, read = show
    if limit and found.size > limit:
        return {"kind": "text", "note": _TOO_LARGE}
    content = await artifacts.window(found, 0, limit or artifact_view.HEAD_BYTES)
    try:
        shown = await asyncio.to_thread(read, content)
    except ValueError:
        return {"kind": "text", "note": f"The content does not match its type {row.media_type}."}
    return {"kind": kind, "note": "", **shown}


_TOO_LARGE = "The artifact is too large to render; its source is shown."


def _markdown(content: bytes) -> dict[str, Any]:
    html = sanitised(str(prose(content.decode("utf-8", "replace"))))
    return {"html": html, "left_out": 0}


def _json(content: bytes) -> dict[str, Any]:
    return {"root": artifact_view.tree(artifact_view.read_json(content))}


def _diff(content: bytes) -> dict[str, Any]:
    return {"text": visible(content.decode("utf-8", "replace"))}


def _binary(content: bytes) -> dict[str, Any]:
    return {"hex": artifact_view.hexdump(content), "head_bytes": len(content)}


_VIEWERS: dict[str, tuple[int, Callable[[bytes], dict[str, Any]]]] = {
    "markdown": (artifact_view.PROSE_BYTES, _markdown),
    "json": (artifact_view.JSON_BYTES, _json),
    "diff": (artifact_view.DIFF_BYTES, _diff),
    "binary": (0, _binary),
}


async def _window(found: Content, row: ArtifactRow, start: int, line: int) -> dict[str, Any]:
    content = await artifacts.window(found, start, artifact_view.WINDOW_BYTES)
    if artifact_view.is_binary(content):
        return {"kind": "binary", **_binary(content[: artifact_view.HEAD_BYTES])}

    def part() -> artifact_view.Window:
        return artifact_view.window(content, row.name, start=start, first=line, size=found.size)

    return {"part": await asyncio.to_thread(part)}


def _crumbs(present: Present, row: ArtifactRow) -> list[tuple[str, str]]:
    run_row = present.board.run(row.run)
    if run_row is None or not run_row.mission:
        return [("/runs", "Runs"), (f"/runs/{row.run}", row.run)]
    title = present.board.title_of(run_row)
    return [
        ("/missions", "Missions"),
        (f"/missions/{run_row.mission}?view=documents&document=artifacts", title),
    ]


def _other(kind: str, shown_as: str, shown: str) -> tuple[str | None, str] | None:
    if kind not in SOURCE:
        return None
    if shown == "source":
        return None, "Show rendered"
    return ("source", "Show source") if shown_as == kind else None


def _tree_url(row: ArtifactRow) -> Callable[[str, int], str]:
    def url(pointer: str, after: int) -> str:
        place = {"run": row.run, "step": row.step, "name": row.name, "pointer": pointer}
        return f"/artifacts/{row.digest}/tree?{urlencode({**place, 'after': after})}"

    return url


HANDLERS: list[Any] = [show_artifact, show_part]
