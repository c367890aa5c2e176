"""A generated document of a mission: its versions, people's edits of them, and open conflicts."""

from typing import Annotated, Literal, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.document_kinds import KINDS as KINDS
from missioncontrol.domain.document_kinds import TITLES as TITLES
from missioncontrol.domain.document_kinds import DocumentKind as DocumentKind
from missioncontrol.domain.errors import Conflict, Corrupt, NotFound, Rejected

CHARACTERS_MAX = 400_000
"""Of one version."""

VERSIONS_MAX = 1_000
NOTE_MAX = 500

Choice = Literal["mine", "theirs", "edited"]
"""How a conflict ended: with the person's words, with the generated ones, or with others."""


def stream_of(run: str, kind: str) -> str:
    """Return the stream of a document; a run has at most one of each kind."""
    return f"document-{run}-{kind}"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""

    kind: DocumentKind
    run: str
    version: int  # from 1


class Dispute(msgspec.Struct, frozen=True):
    """A place where a person and the generator wrote different things; both are in the text."""

    id: str  # of what both wrote
    section: str  # its heading, or "" before the first one
    mine: str  # the person's; "" where they took it out
    theirs: str  # generated; "" where it is generated no more


class DocumentGenerated(Event, frozen=True, kw_only=True):
    """It was written from the record, on what a person had made of the version before."""

    mission: str
    digest: str  # SHA-256 of the text, in the artifact store
    characters: int
    generated: str  # SHA-256 of what was generated alone: what the next one is compared with
    typed: str  # SHA-256 of its sections and sources as JSON
    base: int = 0  # the version that it was brought together with; 0 where it is the first


class DocumentEdited(Event, frozen=True, kw_only=True):
    """A person changed it."""

    digest: str
    characters: int
    base: int  # the version that they changed
    note: str = ""  # what they say about it


class DocumentConflicted(Event, frozen=True, kw_only=True):
    """In this version, generated words stand beside a person's, for a person to decide."""

    disputes: tuple[Dispute, ...]


class ConflictSettled(Event, frozen=True, kw_only=True):
    """A person decided; the version is the first with that decision."""

    dispute: str
    choice: Choice


class DocumentSigned(Event, frozen=True, kw_only=True):
    """A person signed a version, and no other text."""

    digest: str
    by: str


DocumentEvent = (
    DocumentGenerated | DocumentEdited | DocumentConflicted | ConflictSettled | DocumentSigned
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    DocumentGenerated: ("document_generated", 1),
    DocumentEdited: ("document_edited", 1),
    DocumentConflicted: ("document_conflicted", 1),
    ConflictSettled: ("document_conflict_settled", 1),
    DocumentSigned: ("document_signed", 1),
}
"""The lasting name and version of every event."""


class GenerateDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what was generated, on the version that it was brought together with."""

    kind: DocumentKind
    run: str
    mission: str
    digest: str
    characters: int
    generated: str
    typed: str
    base: int
    disputes: tuple[Dispute, ...] = ()
    settled: tuple[tuple[str, Choice], ...] = ()


class EditDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what a person made of version `base`."""

    kind: DocumentKind
    run: str
    digest: str
    characters: int
    base: int
    note: str = ""
    settled: tuple[tuple[str, Choice], ...] = ()


class SignVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Sign the newest version, if it is the one that was read."""

    kind: DocumentKind
    run: str
    base: int  # the version that was read
    by: str


class SignDocument(msgspec.Struct, frozen=True):
    """Sign a version of a document of a mission."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    document: Annotated[DocumentKind, Meta(description="Its kind.")]
    version: Annotated[int, Meta(ge=1, le=VERSIONS_MAX, description="The version that was read.")]


DocumentCommand = GenerateDocument | EditDocument | SignVersion


class Signature(msgspec.Struct, frozen=True):
    """That a person signed one version."""

    version: int
    digest: str
    by: str
    at: float  # seconds since the epoch


class DocumentVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text that the document had."""

    number: int
    made: Literal["generated", "edited"]
    at: float  # seconds since the epoch
    digest: str
    characters: int
    base: int = 0
    note: str = ""


class StoredDocument(msgspec.Struct, frozen=True):
    """What is true of a document now."""

    kind: DocumentKind
    run: str
    mission: str
    generated: str
    typed: str
    versions: tuple[DocumentVersion, ...]
    disputes: tuple[Dispute, ...] = ()  # open ones
    signatures: tuple[Signature, ...] = ()  # of all versions, the oldest first

    @property
    def newest(self) -> DocumentVersion:
        """The version that holds."""
        return self.versions[-1]

    @property
    def is_edited(self) -> bool:
        """Whether a person's words may be in it."""
        return self.newest.digest != self.generated


def decide(
    command: DocumentCommand, document: StoredDocument | None, now: float
) -> list[DocumentEvent]:
    """Answer `command` with the events it makes true; none where it says nothing new.

    Raises:
        Conflict: `document.stale`.
        Rejected: `document.too_long`, `document.too_many_versions` or `document.bad_note`.
        NotFound: `document.unknown`.
    """
    del now
    if document is None and not isinstance(command, GenerateDocument):
        raise unknown(command.kind)
    _refuse_stale(command, document)
    if isinstance(command, SignVersion):
        assert document is not None, "only what is generated begins a document"
        return _signed(command, document)
    _refuse_large(command, document)
    if document is not None and _is_unchanged(command, document):
        return []
    version = command.base + 1
    kind, run = command.kind, command.run
    found: list[DocumentEvent] = [_version(command, version)]
    if isinstance(command, GenerateDocument) and command.disputes:
        found.append(DocumentConflicted(kind, run, version, disputes=command.disputes))
    known = {each.id for each in document.disputes} if document else set()
    found += [
        ConflictSettled(kind, run, version, dispute=dispute, choice=choice)
        for dispute, choice in command.settled
        if dispute in known
    ]
    return found


def evolve(document: StoredDocument | None, event: DocumentEvent, at: float) -> StoredDocument:
    """Apply `event`, which became true at `at` (seconds since the epoch).

    Raises:
        Corrupt: `document.no_beginning`, where the stream does not begin with what was generated.
    """
    if document is None:
        if not isinstance(event, DocumentGenerated):
            raise Corrupt(
                "document.no_beginning",
                f"A document's log begins with {type(event).__name__}, not DocumentGenerated.",
            )
        first = (_version_of(event, at),)
        return StoredDocument(
            event.kind, event.run, event.mission, event.generated, event.typed, first
        )
    replace = msgspec.structs.replace
    match event:
        case DocumentGenerated():
            versions = (*document.versions, _version_of(event, at))
            texts = {"generated": event.generated, "typed": event.typed}
            return replace(document, versions=versions, **texts)
        case DocumentEdited():
            return replace(document, versions=(*document.versions, _version_of(event, at)))
        case DocumentConflicted():
            known = {each.id for each in document.disputes}
            new = tuple(each for each in event.disputes if each.id not in known)
            return replace(document, disputes=(*document.disputes, *new))
        case ConflictSettled():
            left = tuple(each for each in document.disputes if each.id != event.dispute)
            return replace(document, disputes=left)
        case DocumentSigned():
            new_one = Signature(event.version, event.digest, event.by, at)
            return replace(document, signatures=(*document.signatures, new_one))
        case _:
            assert_never(event)


def unknown(kind: str) -> NotFound:
    """Say that this document was never written."""
    return NotFound(
        "document.unknown",
        f"This run has no document of kind {kind[:40]!r} yet.",
        hint=f"`mission document write RUN {kind[:40]}` writes it.",
    )


def version_of(document: StoredDocument, number: int | None) -> DocumentVersion:
    """Return one version of a document, the newest where none is named.

    Raises:
        NotFound: `document.unknown_version`.
    """
    newest = document.newest
    if number is None:
        return newest
    if not 1 <= number <= newest.number:
        raise NotFound(
            "document.unknown_version",
            f"There is no version {number} of this document.",
            hint=f"It has 1 to {newest.number}." if newest.number > 1 else "It has only 1.",
        )
    return document.versions[number - 1]


def _signed(command: SignVersion, document: StoredDocument) -> list[DocumentEvent]:
    """Return the signature; none where this person signed the version already."""
    if document.disputes:
        raise Rejected(
            "document.in_conflict",
            f"The document has {len(document.disputes)} open conflicts, and none of them is read "
            "as one text.",
            hint="Decide the conflicts, then sign the version.",
        )
    newest = document.newest
    if any(s.version == newest.number and s.by == command.by for s in document.signatures):
        return []
    signed = DocumentSigned(
        kind=command.kind,
        run=command.run,
        version=newest.number,
        digest=newest.digest,
        by=command.by,
    )
    return [signed]


Written = GenerateDocument | EditDocument


def _version(command: Written, version: int) -> DocumentGenerated | DocumentEdited:
    if isinstance(command, EditDocument):
        return DocumentEdited(
            kind=command.kind,
            run=command.run,
            version=version,
            digest=command.digest,
            characters=command.characters,
            base=command.base,
            note=command.note,
        )
    return DocumentGenerated(
        kind=command.kind,
        run=command.run,
        version=version,
        mission=command.mission,
        digest=command.digest,
        characters=command.characters,
        generated=command.generated,
        typed=command.typed,
        base=command.base,
    )


def _version_of(event: DocumentGenerated | DocumentEdited, at: float) -> DocumentVersion:
    made: Literal["generated", "edited"] = "edited"
    if isinstance(event, DocumentGenerated):
        made = "generated"
    note = event.note if isinstance(event, DocumentEdited) else ""
    return DocumentVersion(
        event.version, made, at, event.digest, event.characters, event.base, note
    )


def _is_unchanged(command: Written, document: StoredDocument) -> bool:
    if command.digest != document.newest.digest or command.settled:
        return False
    if isinstance(command, EditDocument):
        return True
    return (command.generated, command.typed) == (document.generated, document.typed)


def _refuse_stale(command: DocumentCommand, document: StoredDocument | None) -> None:
    newest = document.newest if document else None
    number = newest.number if newest else 0
    if command.base == number:
        return
    what = f"version {number} is there by now, {newest.made}" if newest else "none is there"
    raise Conflict(
        "document.stale",
        f"This was made of version {command.base} of the document, and {what}.",
        hint=f"`mission document diff {command.run} {command.kind} --older {command.base or 1}` "
        "shows what is newer; take over what both want, and save it on that.",
    )


def _refuse_large(command: Written, document: StoredDocument | None) -> None:
    if command.characters > CHARACTERS_MAX:
        raise Rejected(
            "document.too_long",
            f"The text has {command.characters:,} characters; at most {CHARACTERS_MAX:,} fit.",
            hint="Shorten it, or put a part of it into a file of the repository.",
        )
    if document is not None and len(document.versions) >= VERSIONS_MAX:
        raise Rejected(
            "document.too_many_versions", f"There are {VERSIONS_MAX:,} versions; no more fit."
        )
    if isinstance(command, EditDocument) and len(command.note) > NOTE_MAX:
        raise Rejected(
            "document.bad_note",
            f"The note has {len(command.note):,} characters; at most {NOTE_MAX} fit.",
        )
