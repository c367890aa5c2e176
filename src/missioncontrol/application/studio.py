"""The way in to documents: writing them from the record, keeping edits, and deciding conflicts."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.checkout import reader_of
from missioncontrol.application.concept import Concept
from missioncontrol.application.decisions import DECISIONS
from missioncontrol.application.decisions import STREAM as DECISION_STREAM
from missioncontrol.application.journal import Journal
from missioncontrol.application.records import gather
from missioncontrol.documents import merge
from missioncontrol.documents.attribution import BY, attributed, definitions
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.studio import builder, markdown
from missioncontrol.domain import document as d
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.document import (
    DocumentCommand,
    DocumentEvent,
    DocumentKind,
    EditDocument,
    GenerateDocument,
    SignDocument,
    SignVersion,
    StoredDocument,
    stream_of,
)
from missioncontrol.domain.document_kinds import known_kind
from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from missioncontrol.domain.person import person
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.output_store import OutputStore

TRIES_MAX = 3
"""Times that a document is written again because it changed meanwhile."""

DOCUMENT: Concept[StoredDocument, DocumentCommand, DocumentEvent] = Concept(
    d.decide, d.evolve, lambda stream: d.unknown(kind_of(stream))
)


class ChangeDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request to change a document of a mission."""

    id: str  # the mission; or one of its runs, which is meant then
    kind: str
    run: Annotated[
        str, Meta(max_length=300, description="One of its runs; by default the newest.")
    ] = ""


class WriteDocument(ChangeDocument, frozen=True):
    """Write a document from the record as it stands."""


class ReviseDocument(ChangeDocument, frozen=True, kw_only=True):
    """Keep a text of a person as the next version."""

    text: Annotated[str, Meta(min_length=1, max_length=d.CHARACTERS_MAX)]
    base: Annotated[int, Meta(ge=1, le=1_000_000, description="The version it was made of.")]
    note: Annotated[
        str, Meta(max_length=d.NOTE_MAX, description="What was changed, stored for ever.")
    ] = ""


class SettleConflict(ChangeDocument, frozen=True, kw_only=True):
    """Decide whose words stay: a person's (`mine`), or the generated ones (`theirs`)."""

    conflict: str
    choice: Literal["mine", "theirs"]


class CurrentDocument(msgspec.Struct, frozen=True):
    """The version that holds now."""

    run: str
    kind: str
    version: int
    digest: str
    is_new: bool  # False where nothing was to be changed
    conflicts: list[str]  # ids of open ones


class DocumentSignature(msgspec.Struct, frozen=True):
    """A version of a document and who signed it."""

    mission: str
    run: str
    document: DocumentKind
    version: int
    signed_by: tuple[str, ...]


class Texts(msgspec.Struct, frozen=True):
    """What was generated: the whole text, what its footnotes say, and its parts as JSON."""

    text: str
    typed: bytes


def kind_of(stream: str) -> str:
    """Return the kind of the document that a stream tells of."""
    return next((kind for kind in d.KINDS if stream.endswith(f"-{kind}")), "")


class Studio:
    """Writes documents and takes what people make of them."""

    def __init__(
        self,
        journal: Journal,
        output: OutputStore,
        artifacts: ArtifactStore,
        *,
        program: str,
        scrub: Callable[[str], str] = lambda text: text,
    ) -> None:
        """`program` is the name and version of what writes.

        `scrub` takes secrets out of a person's text before anything keeps it.
        """
        self._program = program
        self._journal = journal
        self._output = output
        self._artifacts = artifacts
        self._scrub = scrub

    async def change(self, command: ChangeDocument, *, actor: str) -> CurrentDocument:
        """Change a document, and return the version that holds then, with its open conflicts.

        Raises:
            NotFound: `mission.unknown`, `run.unknown`, `document.unknown_kind`,
                `document.unknown` or `document.unknown_conflict`.
            Rejected, Conflict: `run.no_mission`, or see `domain.document.decide`.
        """
        run, kind = await self._run_of(command), known_kind(command.kind)
        command = msgspec.structs.replace(command, run=run, kind=kind)
        stream = stream_of(run, kind)
        match command:
            case ReviseDocument():
                made = await self._edit(command, stream, actor)
            case SettleConflict():
                made = await self._settle(command, stream, actor)
            case _:
                made = await self._write(command, stream, actor)
        state = await self._journal.load(DOCUMENT, stream)
        newest, open_ones = state.newest, [each.id for each in state.disputes]
        return CurrentDocument(run, kind, newest.number, newest.digest, made, open_ones)

    async def _run_of(self, command: ChangeDocument) -> str:
        """Return the run that is meant: by default the newest of the mission."""
        if command.id.startswith("run-"):
            return command.id
        mission = await self._journal.load_mission(command.id)
        run = command.run or (mission.runs[-1] if mission.runs else "")
        if run not in mission.runs:
            raise NotFound("run.unknown", f"Mission {command.id!r} has no run {run[:100]!r}.")
        return run

    async def sign(self, command: SignDocument, *, actor: str) -> DocumentSignature:
        """Sign the newest version of a document of the newest run, and return whose names it has.

        Raises:
            NotFound: `mission.unknown`, `document.unknown`.
            Conflict: `document.stale`, where another version is newer.
            Rejected: `run.unknown`, `document.in_conflict`.
        """
        mission = await self._journal.load_mission(command.id)
        run = mission.runs[-1] if mission.runs else ""
        kind, stream = command.document, stream_of(run, command.document)
        sign = SignVersion(kind=kind, run=run, base=command.version, by=actor)
        await self._journal.load(DOCUMENT, stream)
        self._handle(stream, sign, actor)
        state = await self._journal.load(DOCUMENT, stream)
        names = tuple(s.by for s in state.signatures if s.version == command.version)
        return DocumentSignature(command.id, run, kind, command.version, names)

    async def _write(self, ask: ChangeDocument, stream: str, actor: str) -> bool:
        if self._journal.has_pending:
            await self._journal.durable()  # A record is read from what is on disk.
        record = await gather(self._journal.store, self._output, ask.run, program=self._program)
        log = await self._journal.find(DECISIONS, DECISION_STREAM)
        logged = dict(log.decisions) if log else {}
        made = await asyncio.to_thread(self._built, record, known_kind(ask.kind), logged)
        tries = 1
        while True:
            state = await self._journal.find(DOCUMENT, stream)
            command = await asyncio.to_thread(self._merged, made, record.mission, ask, state)
            try:
                return self._handle(stream, command, actor)
            except Conflict as error:
                if error.code != "document.stale" or tries >= TRIES_MAX:
                    raise
            tries += 1  # A user changed it meanwhile; their words are to be in it.

    def _built(
        self, record: MissionRecord, kind: DocumentKind, logged: Mapping[str, LoggedDecision]
    ) -> Texts:
        source = reader_of(record.repository)
        document = builder.built(record, kind, self._artifacts.get, logged, source)
        text = markdown.text_of(document)
        return Texts(text, msgspec.json.encode(document, order="deterministic"))

    def _merged(
        self, made: Texts, mission: str, ask: ChangeDocument, state: StoredDocument | None
    ) -> GenerateDocument:
        """Bring what was generated together with what people made of the version before."""
        text, disputes, settled = made.text, [], []
        if state is not None:
            text, found = brought_together(
                self._text(state.generated), self._text(state.newest.digest), made.text
            )
            # Two sections of one name may be in the same conflict; one decision settles both.
            disputes = list({each.id: each for each in map(_dispute, found)}.values())
            settled = [
                each.id for each in state.disputes if not merge.stands(text, _conflict(each))
            ]
        return GenerateDocument(
            kind=known_kind(ask.kind),
            run=ask.run,
            mission=mission,
            digest=self._store_text(text),
            characters=len(text),
            generated=self._store_text(made.text),
            typed=self._artifacts.put(made.typed),
            base=state.newest.number if state else 0,
            disputes=tuple(disputes),
            settled=tuple((each, "edited") for each in settled),
        )

    async def _edit(self, ask: ReviseDocument, stream: str, actor: str) -> bool:
        state = await self._journal.load(DOCUMENT, stream)
        text = self._scrub(ask.text.replace("\r\n", "\n"))
        _refuse_nothing(text)
        before, made = self._text(state.newest.digest), self._text(state.generated)
        text = await asyncio.to_thread(theirs_named, text, before, made, person(actor) or actor)
        gone = [e.id for e in state.disputes if not merge.stands(text, _conflict(e))]
        return self._change(ask, state, stream, text, [(each, "edited") for each in gone], actor)

    async def _settle(self, ask: SettleConflict, stream: str, actor: str) -> bool:
        state = await self._journal.load(DOCUMENT, stream)
        dispute = _named(ask.conflict, state.disputes)
        if dispute is None:
            raise NotFound(
                "document.unknown_conflict",
                f"No conflict {ask.conflict[:80]!r} is open in this document.",
                hint=f"`mission document show {ask.run} {ask.kind}` names those that are.",
            )
        text = in_use(
            merge.settled(
                self._text(state.newest.digest), _conflict(dispute), theirs=ask.choice == "theirs"
            )
        )
        # What stood within the words that went is decided with them.
        gone = [
            (each.id, "edited")
            for each in state.disputes
            if each != dispute and not merge.stands(text, _conflict(each))
        ]
        return self._change(ask, state, stream, text, [(dispute.id, ask.choice), *gone], actor)

    def _change(
        self,
        ask: ReviseDocument | SettleConflict,
        state: StoredDocument,
        stream: str,
        text: str,
        settled: list[tuple[str, Any]],
        actor: str,
    ) -> bool:
        base, note = state.newest.number, ""
        if isinstance(ask, ReviseDocument):
            base, note = ask.base, ask.note.strip()
        command = EditDocument(
            kind=known_kind(ask.kind),
            run=ask.run,
            digest=digest_of(text),
            characters=len(text),
            base=base,
            note=note,
            settled=tuple(settled),
        )
        d.decide(command, state, 0.0)  # Nothing of a refused command is stored.
        self._store_text(text)
        return self._handle(stream, command, actor)

    def _handle(self, stream: str, command: DocumentCommand, actor: str) -> bool:
        return bool(
            self._journal.tell(DOCUMENT, stream, command, actor=actor, correlation=command.run)
        )

    def _text(self, digest: str) -> str:
        return self._artifacts.get(digest).decode("utf-8", "replace")

    def _store_text(self, text: str) -> str:
        return self._artifacts.put(text.encode("utf-8", "replace"))


def brought_together(base: str, mine: str, theirs: str) -> tuple[str, tuple[merge.Conflict, ...]]:
    """Merge a person's text with what is generated now; the list of sources follows from both."""
    defined = {**markdown.defined_in(base), **markdown.defined_in(theirs)}
    known = (markdown.defined_in(base), defined, markdown.defined_in(theirs))
    named = {key: listed for key, listed in markdown.defined_in(mine).items() if key.startswith(BY)}
    mine = markdown.without_sources(mine, named)
    defined |= {**named, **definitions(named, defined)}
    bodies = [
        markdown.without_sources(text, listed)
        for text, listed in zip((base, mine, theirs), known, strict=True)
    ]
    # A definition that the person has from before is generated text too, and no words of theirs.
    bodies[1] = markdown.without_sources(markdown.without_sources(mine, known[0]), known[2])
    found = merge.merged(*bodies)
    return markdown.with_sources(found.text, defined), found.conflicts


def theirs_named(text: str, before: str, generated: str, person: str) -> str:
    """Return a text as a user edited it, in which their changes name them as the source."""
    sources = {**markdown.defined_in(generated), **markdown.defined_in(before)}
    bodies = [markdown.without_sources(each, sources) for each in (text, before, generated)]
    body = attributed(bodies[0], bodies[1], bodies[2], person)
    defined = {**sources, **definitions(markdown.notes_in(body), sources)}
    return markdown.with_sources(body, defined) if body != bodies[0] else in_use(text)


def in_use(text: str) -> str:
    """Return a text without the footnotes that name a person and that nothing in it has."""
    used = set(markdown.notes_in(text))
    idle = {
        key: source
        for key, source in markdown.defined_in(text).items()
        if key.startswith(BY) and key not in used
    }
    return markdown.without_sources(text, idle) if idle else text


def digest_of(text: str) -> str:
    """Return the digest under which a text is stored."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _named(name: str, disputes: Sequence[d.Dispute]) -> d.Dispute | None:
    """Return the conflict of this id, or the one that the document itself marks so."""
    found = [each for each in disputes if each.id == name]
    if name and not found:
        found = [each for each in disputes if merge.mark(_conflict(each)) == name]
    return found[0] if len(found) == 1 else None


def _dispute(conflict: merge.Conflict) -> d.Dispute:
    content = "\0".join((conflict.section, conflict.mine, conflict.theirs))
    return d.Dispute(digest_of(content)[:12], conflict.section, conflict.mine, conflict.theirs)


def _conflict(dispute: d.Dispute) -> merge.Conflict:
    return merge.Conflict(dispute.section, dispute.mine, dispute.theirs)


def _refuse_nothing(text: str) -> None:
    if not text.strip():
        raise Rejected(
            "document.empty",
            "The text is empty.",
            hint="Write the document again to have what is generated.",
        )
