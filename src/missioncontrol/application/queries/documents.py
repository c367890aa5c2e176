"""Documents of a run as people read them: which there are, a version, and what differs."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.checkout import reader_of
from missioncontrol.application.studio import DOCUMENT
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.studio import builder, markdown
from missioncontrol.documents.studio.model import Document, Source
from missioncontrol.domain.decision import DecisionLog, LoggedDecision
from missioncontrol.domain.document import (
    KINDS,
    TITLES,
    Dispute,
    DocumentEdited,
    DocumentGenerated,
    DocumentKind,
    StoredDocument,
    stream_of,
    unknown,
    version_of,
)
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.register import decode
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore

READ_AT_ONCE = 2_000
DIFF_LINES_MAX = 4_000


class VersionLine(msgspec.Struct, frozen=True):
    """One version in the list of all."""

    version: int
    made: str  # generated, edited
    at: float  # seconds since the epoch
    by: str  # the actor
    digest: str
    characters: int
    base: int  # the version that it was made of; 0 where it is the first
    note: str
    signed_by: tuple[str, ...] = ()  # the actors whose signatures hold for this text


class DocumentLine(msgspec.Struct, frozen=True):
    """A kind of document, and how far it is with a run."""

    kind: DocumentKind
    title: str
    version: int  # the newest; 0 where none is stored
    at: float | None
    by: str
    made: str
    is_edited: bool  # whether a person's words may be in it
    conflicts: int


class SourceLine(msgspec.Struct, frozen=True):
    """A source that a version names."""

    number: int  # as the numbered form shows it
    key: str
    kind: str  # goal, requirement, artifact, code …; "" where a person wrote it
    text: str
    digest: str
    pointer: str
    path: str
    line: int
    position: int


class DocumentView(msgspec.Struct, frozen=True):
    """One version of a document, in full."""

    run: str
    mission: str
    kind: DocumentKind
    title: str
    version: int  # 0 where it is a draft: what the log says now, without a stored version
    newest: int
    text: str  # Markdown with footnotes
    sources: tuple[SourceLine, ...]
    conflicts: tuple[Dispute, ...]  # open ones, of the newest version
    versions: tuple[VersionLine, ...]
    is_edited: bool


class DocumentDiff(msgspec.Struct, frozen=True):
    """What one version says differently from another."""

    run: str
    kind: DocumentKind
    older: int
    newer: int
    diff: str  # unified


class DocumentHistory(msgspec.Struct, frozen=True):
    """A document as the log tells it, with who made each version."""

    state: StoredDocument
    versions: tuple[VersionLine, ...]


async def read_document_history(
    store: EventStore, run: str, kind: DocumentKind
) -> DocumentHistory | None:
    """Return a document, or None where it was never written."""
    state: StoredDocument | None = None
    by: dict[int, str] = {}
    after = 0
    while rows := await store.read_stream(stream_of(run, kind), after=after, limit=READ_AT_ONCE):
        for row in rows:
            event: Any = decode(row.type, row.schema, row.body)
            state = DOCUMENT.evolve(state, event, row.time / 1_000_000)
            if isinstance(event, DocumentGenerated | DocumentEdited):
                by[event.version] = row.actor
            after = row.version
        if len(rows) < READ_AT_ONCE:
            break
    if state is None:
        return None
    lines = tuple(
        VersionLine(
            each.number,
            each.made,
            each.at,
            by.get(each.number, ""),
            each.digest,
            each.characters,
            each.base,
            each.note,
            tuple(s.by for s in state.signatures if s.version == each.number),
        )
        for each in state.versions
    )
    return DocumentHistory(state, lines)


async def documents(store: EventStore, run: str) -> tuple[DocumentLine, ...]:
    """Return all kinds of documents of a run, written or not."""
    return tuple([_line(kind, await read_document_history(store, run, kind)) for kind in KINDS])


async def document(
    store: EventStore,
    artifacts: ArtifactStore,
    run: str,
    kind: DocumentKind,
    version: int | None = None,
) -> DocumentView:
    """Return a version of a document, the newest where none is named.

    Raises:
        NotFound: `document.unknown` or `document.unknown_version`.
    """
    found = await _known(store, run, kind)
    state = found.state
    chosen = version_of(state, version)
    text = _text(artifacts, chosen.digest)
    return DocumentView(
        run,
        state.mission,
        kind,
        TITLES[kind],
        chosen.number,
        state.newest.number,
        text,
        _sources(text, _typed(artifacts, state.typed)),
        state.disputes,
        found.versions,
        state.is_edited,
    )


def draft(
    record: MissionRecord,
    kind: DocumentKind,
    read: ReadArtifact,
    logged: Mapping[str, LoggedDecision],
) -> DocumentView:
    """Return the present content of a document without a stored version: version 0.

    It is the text that writing it would keep, as the record and the log of decisions stand.
    """
    document = builder.built(record, kind, read, logged, reader_of(record.repository))
    known = {markdown.key_of(each): each for each in document.sources().values()}
    text = markdown.text_of(document)
    sources = _sources(text, known)
    return DocumentView(
        record.run, record.mission, kind, TITLES[kind], 0, 0, text, sources, (), (), is_edited=False
    )


async def version_or_draft(
    store: EventStore,
    artifacts: ArtifactStore,
    record: MissionRecord,
    kind: DocumentKind,
    version: int | None,
    decisions: Callable[[], Awaitable[DecisionLog | None]],
) -> DocumentView:
    """Return a version, by default the newest; with none stored, and a plan, a draft.

    Raises:
        NotFound: `document.unknown` or `document.unknown_version`.
    """
    try:
        return await document(store, artifacts, record.run, kind, version)
    except NotFound as error:
        if error.code != "document.unknown" or version is not None or not record.tasks:
            raise
    log = await decisions()
    logged = dict(log.decisions) if log else {}
    return await asyncio.to_thread(draft, record, kind, artifacts.get, logged)


async def typed(
    store: EventStore, artifacts: ArtifactStore, run: str, kind: DocumentKind
) -> Document:
    """Return the sections that were generated last, each statement with its sources.

    Raises:
        NotFound: `document.unknown`.
    """
    found = await _known(store, run, kind)
    return msgspec.json.decode(artifacts.get(found.state.typed), type=Document)


async def difference(
    store: EventStore,
    artifacts: ArtifactStore,
    run: str,
    kind: DocumentKind,
    older: int | None = None,
    newer: int | None = None,
) -> DocumentDiff:
    """Return what a version, by default the newest, says differently from the one before it.

    Raises:
        NotFound: `document.unknown` or `document.unknown_version`.
    """
    state = (await _known(store, run, kind)).state
    later = version_of(state, newer)
    earlier = version_of(state, older if older is not None else max(later.number - 1, 1))
    diff = text_diff(
        _text(artifacts, earlier.digest),
        _text(artifacts, later.digest),
        f"{kind} version {earlier.number}",
        f"{kind} version {later.number}",
    )
    return DocumentDiff(run, kind, earlier.number, later.number, diff)


def text_diff(older: str, newer: str, older_name: str, newer_name: str) -> str:
    """Return what a text says otherwise than another one, as a unified diff of bounded length."""
    both = older.splitlines(), newer.splitlines()
    lines = list(difflib.unified_diff(*both, older_name, newer_name, lineterm=""))
    if len(lines) > DIFF_LINES_MAX:
        left = len(lines) - DIFF_LINES_MAX
        lines = [*lines[:DIFF_LINES_MAX], f"\\ {left} more lines differ"]
    return "\n".join(lines)


async def _known(store: EventStore, run: str, kind: DocumentKind) -> DocumentHistory:
    found = await read_document_history(store, run, kind)
    if found is None:
        raise unknown(kind)
    return found


def _line(kind: DocumentKind, found: DocumentHistory | None) -> DocumentLine:
    if found is None:
        return DocumentLine(kind, TITLES[kind], 0, None, "", "", False, 0)
    last = found.versions[-1]
    state = found.state
    open_ = len(state.disputes)
    return DocumentLine(
        kind, TITLES[kind], last.version, last.at, last.by, last.made, state.is_edited, open_
    )


def _text(artifacts: ArtifactStore, digest: str) -> str:
    return artifacts.get(digest).decode("utf-8", "replace")


def _typed(artifacts: ArtifactStore, digest: str) -> Mapping[str, Source]:
    try:
        document = msgspec.json.decode(artifacts.get(digest), type=Document)
    except (msgspec.DecodeError, NotFound):
        return {}
    return {markdown.key_of(each): each for each in document.sources().values()}


def _sources(text: str, known: Mapping[str, Source]) -> tuple[SourceLine, ...]:
    _, listed = markdown.numbered(text)
    return tuple(
        _source(number, key, statement, known.get(key))
        for number, (key, statement) in enumerate(listed, start=1)
    )


def _source(number: int, key: str, statement: str, found: Source | None) -> SourceLine:
    if found is None:
        return SourceLine(number, key, "", statement, "", "", "", 0, 0)
    return SourceLine(
        number,
        key,
        found.kind,
        statement,
        found.digest,
        found.pointer,
        found.path,
        found.line,
        found.position,
    )
