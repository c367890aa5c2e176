"""Queries of documents of missions: their kinds, a version, sections, a diff."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import documents
from missioncontrol.application.queries.documents import DocumentDiff, DocumentLine, DocumentView
from missioncontrol.application.queries.run_outcome import RunReport, load_run_report
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import ItemQuery, Query, Target
from missioncontrol.documents.studio.model import Document
from missioncontrol.domain.document import DocumentKind
from missioncontrol.domain.document_kinds import known_kind
from missioncontrol.queries import decision as decisions
from missioncontrol.queries.mission import MISSION, NOT_TYPED, OfRun

VERSION_MAX = 1_000_000

DOCUMENTS = msgspec.structs.replace(MISSION, resource="documents")
DOCUMENT = Target(
    noun="document",
    path="/documents",
    within=MISSION,
    field="kind",
    parameter="kind",
    metavar="KIND",
    help="the kind of the document, such as prd or design",
)

Number = Annotated[int, Meta(ge=1, le=VERSION_MAX)]


class OfVersion(OfRun, frozen=True):
    """Which version of a document is wanted, and of which run."""

    version: Annotated[Number | None, Meta(description="By default the newest.")] = None


class Between(OfRun, frozen=True):
    """Which versions of a document are compared, and of which run."""

    older: Annotated[Number | None, Meta(description="By default the one before.")] = None
    newer: Annotated[Number | None, Meta(description="By default the newest.")] = None


async def listed(present: Present, mission: str, of: OfRun) -> list[DocumentLine]:
    """Return every kind of document of a run of a mission."""
    story = await load_run_report(present, mission, of.run)
    return list(await documents.documents(present.store, story.state.id))


async def view_of(
    present: Present, story: RunReport, kind: DocumentKind, version: int | None = None
) -> DocumentView:
    """Return a version of a document, by default the newest, or a draft where none is stored.

    A draft is generated for each reader: it takes some hundredths of a second.

    Raises:
        NotFound: `document.unknown` or `document.unknown_version`.
    """
    return await documents.version_or_draft(
        present.store,
        present.artifacts,
        story.reading.record,
        kind,
        version,
        lambda: decisions.log_of(present),
    )


async def document(present: Present, id_: str, of: OfVersion) -> DocumentView:
    """Return a version of a document in full; see `view_of`."""
    story, kind = await _found(present, id_, of)
    return await view_of(present, story, kind, of.version)


async def sections(present: Present, id_: str, of: OfRun) -> Document:
    """Return the sections of a document that were generated last."""
    story, kind = await _found(present, id_, of)
    return await documents.typed(present.store, present.artifacts, story.state.id, kind)


async def difference(present: Present, id_: str, of: Between) -> DocumentDiff:
    """Return what a version of a document says differently from another."""
    story, kind = await _found(present, id_, of)
    store, artifacts = present.store, present.artifacts
    return await documents.difference(store, artifacts, story.state.id, kind, of.older, of.newer)


async def _found(present: Present, id_: str, of: OfRun) -> tuple[RunReport, DocumentKind]:
    mission, kind = DOCUMENT.split(id_).values()
    return await load_run_report(present, mission, of.run), known_kind(kind)


LIST = ItemQuery(
    name="document.list",
    operation_id="list_documents",
    title="List the documents of a mission",
    text="Return every kind of document with its newest version; 0 where none is stored.",
    surfaces=NOT_TYPED,
    target=DOCUMENTS,
    path="documents",
    options=OfRun,
    find=listed,
    returns=list[DocumentLine],
)

GET = ItemQuery(
    name="document.get",
    title="Get a document",
    text="Return a version in full: its text, its sources, all versions, and open conflicts.\n\n"
    "Where none is stored yet, it is the draft of a mission that has a plan, with version 0.",
    surfaces=NOT_TYPED,
    target=DOCUMENT,
    options=OfVersion,
    find=document,
    returns=DocumentView,
)

SECTIONS = ItemQuery(
    name="document.sections",
    operation_id="get_sections",
    title="Get the sections of a document",
    text="Return what was generated last as typed sections, every statement with its sources.",
    surfaces=NOT_TYPED,
    target=DOCUMENT,
    path="sections",
    options=OfRun,
    find=sections,
    returns=Document,
)

DIFF = ItemQuery(
    name="document.diff",
    operation_id="diff_document",
    title="Compare versions of a document",
    text="Return what one version says differently from another, as a unified diff.",
    surfaces=NOT_TYPED,
    target=DOCUMENT,
    path="diff",
    options=Between,
    find=difference,
    returns=DocumentDiff,
)

QUERIES: tuple[Query, ...] = (LIST, GET, SECTIONS, DIFF)
