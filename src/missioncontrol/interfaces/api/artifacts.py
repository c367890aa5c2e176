"""Artifacts as a resource of the API: what is declared, and their bytes, whole or in parts."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from missioncontrol.application.queries import artifacts
from missioncontrol.application.queries.artifacts import ArtifactRow, Content
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]

BINARY = "application/octet-stream"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
DRAWINGS = frozenset({"image/svg+xml"})
"""Shown by pages as the source of an image, where they can neither run nor load anything."""

SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Accept-Ranges": "bytes",
}
"""What keeps a browser from doing anything with an artifact but showing or saving it."""

_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*", re.ASCII)
_DIGITS_MAX = 18
"""Digits of a place in a file."""

Name = Annotated[str, QueryParameter(max_length=2_000)]
InRun = Annotated[
    str,
    QueryParameter(max_length=300, description="A run that left it: says its name and type."),
]


class Part(NamedTuple):
    """Bytes of a file from the first to before the end."""

    start: int
    end: int


@route(
    "/artifacts/{digest:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    summary="Get an artifact",
    responses={
        200: ResponseSpec(bytes, media_type=BINARY, description="All of it."),
        206: ResponseSpec(bytes, media_type=BINARY, description="The part that was asked for."),
        304: ResponseSpec(None, description="The client has it."),
        416: ResponseSpec(None, description="It has no such part."),
    },
    **needs("read"),
)
async def get_artifact(
    request: AnyRequest,
    present: NamedDependency[Present],
    digest: FromPath[str],
    run: InRun = "",
    step: Name = "",
    name: Name = "",
) -> Response[Any]:
    """Return the bytes of an artifact, or with `Range` a part of them.

    With the run that left it, it has the name and the type that it was given there; without one
    it is bytes and nothing else. What a browser could run is a file to be saved.
    """
    row: ArtifactRow | None = None
    if run:
        row = artifacts.artifact(await artifacts.run_of(present, run), digest, step=step, name=name)
    found = await artifacts.content(present.artifacts, digest)
    headers = {
        **SAFE,
        **_named(digest, row),
        "ETag": f'"{digest}"',
        "Cache-Control": _CACHE_FOREVER,
    }
    if _is_known(request, digest):
        return Response(None, status_code=304, headers=headers)
    return _sent(request, found, headers, _media_type(row))


_CACHE_FOREVER = "private, max-age=31536000, immutable"
"""Bytes never change under their digest."""


def _sent(
    request: AnyRequest, found: Content, headers: dict[str, str], media_type: str
) -> Response[Any]:
    part, is_there = _requested_part(request, found)
    if not is_there:
        headers = {**headers, "Content-Range": f"bytes */{found.size}"}
        return Response(None, status_code=416, headers=headers)
    start, end = part or Part(0, found.size)
    headers = {**headers, "Content-Length": str(end - start)}
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 200 if part is None else 206
    if request.method == HttpMethod.HEAD:
        return Response(b"", status_code=status, headers=headers, media_type=media_type)
    content = _blocks(found, start, end)
    return Stream(content, status_code=status, headers=headers, media_type=media_type)


async def _blocks(found: Content, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        block = await artifacts.window(found, start, min(artifacts.BLOCK_BYTES, end - start))
        if not block:
            return
        start += len(block)
        yield block


def _requested_part(request: AnyRequest, found: Content) -> tuple[Part | None, bool]:
    """Return the part that is asked for, None for all of it, and whether there is such a part.

    A range that can't be made out, or several of them, are as good as none (RFC 9110, 14.2).
    """
    known = request.headers.get("if-range", "").strip()
    matched = _RANGE.fullmatch(request.headers.get("range", ""))
    if matched is None or (known and known != f'"{found.digest}"'):
        return None, True
    first, last = matched[1], matched[2]
    if max(len(first), len(last)) > _DIGITS_MAX or not (first or last):
        return None, True
    if not first:
        start, end = max(found.size - int(last), 0), found.size
    else:
        start, end = int(first), min(int(last) + 1, found.size) if last else found.size
        if last and int(last) < start:
            return None, True
    return Part(start, end), start < end


def _is_known(request: AnyRequest, digest: str) -> bool:
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    return "*" in known or any(each.removeprefix("W/") == f'"{digest}"' for each in known)


def _media_type(row: ArtifactRow | None) -> str:
    """Return the media type for a browser: the artifact's own only where it is safe to show."""
    if row is None:
        return BINARY
    kind = row.media_type.partition(";")[0].strip().lower()
    if kind in PICTURES | DRAWINGS or kind == "application/json":
        return kind
    if _is_text(kind):
        return "text/plain"
    return BINARY


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") and kind not in {"text/html", "text/xml", "text/xsl"}


def _named(digest: str, row: ArtifactRow | None) -> dict[str, str]:
    """Return how a browser is to take it: shown where that is harmless, else saved, by its name."""
    name = row.name.rpartition("/")[2] if row else digest
    kind = _media_type(row)
    is_shown = kind in PICTURES or kind.startswith("text/plain")
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)[:120] or digest
    how = "inline" if is_shown else "attachment"
    star = quote(name[:200].encode("utf-8", "replace"))
    return {"Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{star}"}


HANDLERS: list[Any] = [*handlers_of("artifact"), get_artifact]
