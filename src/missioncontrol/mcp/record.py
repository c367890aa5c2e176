"""Tools that read the record: search, artifacts, documents."""

from typing import Annotated, Any

from pydantic import Field

from missioncontrol.domain.document_kinds import DocumentKind
from missioncontrol.domain.errors import Rejected
from missioncontrol.mcp.bounds import PART_MAX, Cursor, Limit, Offset, Part, bounded, part_of
from missioncontrol.mcp.missions import Mission, OfRun
from missioncontrol.mcp.runs import Run
from missioncontrol.mcp.server import Ctx, client_of

LETTER_BYTES_MAX = 4
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of its bytes.")]


async def search(
    ctx: Ctx, words: Annotated[str, Field(min_length=1, max_length=300)]
) -> dict[str, Any]:
    """Search the record: missions, runs, workflows and more by name, and events by their words."""
    async with client_of(ctx) as client:
        return bounded(await client.search(words))


async def list_artifacts(
    ctx: Ctx,
    run: Run,
    step: Annotated[str, Field(max_length=2_000, description="Only of this step.")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List the files that the steps of a run left, each with its digest and size."""
    async with client_of(ctx) as client:
        return bounded(await client.artifacts.list(run, step=step).page(cursor, limit))


async def read_artifact(ctx: Ctx, digest: Digest, offset: Offset = 0) -> Part:
    """Read a part of an artifact that is text; `offset` counts bytes."""
    found = await bytes_of(ctx, digest, offset)
    text, length = _text_of(found, digest)
    is_last = len(found) < PART_MAX
    return Part(text=text, offset=offset, next=None if is_last else offset + length)


async def list_documents(ctx: Ctx, mission: Mission, run: OfRun = "") -> dict[str, Any]:
    """List the documents of a mission: requirements, design, plan, decisions, tests and more."""
    async with client_of(ctx) as client:
        return bounded({"items": await client.documents.list(mission, run=run)})


async def read_document(
    ctx: Ctx,
    mission: Mission,
    kind: DocumentKind,
    version: Annotated[int | None, Field(ge=0, description="By default the newest.")] = None,
    run: OfRun = "",
    offset: Offset = 0,
) -> Part:
    """Read a document of a mission as Markdown, a part at a time."""
    async with client_of(ctx) as client:
        found = await client.documents.file(mission, kind, "md", version=version, run=run)
    return part_of(found.decode(), offset)


async def bytes_of(ctx: Ctx, digest: str, offset: int) -> bytes:
    """Return at most `PART_MAX` bytes of an artifact, from `offset` on."""
    async with client_of(ctx) as client:
        return await client.artifacts.part(digest, offset, offset + PART_MAX)


def _text_of(found: bytes, digest: str) -> tuple[str, int]:
    """Return the text of a part, and how many bytes it is: a letter at its end may be half there.

    Raises:
        Rejected: `mcp.no_text`.
    """
    for left in range(LETTER_BYTES_MAX):
        end = len(found) - left
        try:
            return found[:end].decode(), end
        except UnicodeDecodeError:
            continue
    raise Rejected(
        "mcp.no_text",
        f"What begins there in artifact {digest} is no text.",
        hint=f"Its bytes are the resource mission://artifacts/{digest}/0.",
    )
