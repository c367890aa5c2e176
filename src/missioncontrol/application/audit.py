"""Walks the log and says whether it is verified, unproven or broken."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.document import DocumentEdited, DocumentGenerated
from missioncontrol.domain.envelope import GENESIS, Recorded, is_chained
from missioncontrol.domain.errors import Corrupt, MissionControlError
from missioncontrol.domain.evaluation import Judged, TrialJudged
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository.events import TaskDocumentTaken
from missioncontrol.domain.run.events import RunCreated, StepStarted, StepSucceeded
from missioncontrol.domain.work import Work
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.log_heads import ExternalHeads, SignedHead

READ_AT_ONCE = 2_000


FRESH_SECONDS = 60.0
"""Events that are younger may be missing from heads elsewhere: those are still on the way."""


NO_OWN_HEADS = (
    "The data directory holds no signed heads, although every engine signs them: they were "
    "deleted, or an engine was killed in its first second."
)


class Verdict(msgspec.Struct, frozen=True):
    """What a walk over the log found.

    `verified`: the chain is unbroken, and a head stored outside of the data directory covers
    every event but those of the last `FRESH_SECONDS`. `unproven`: nothing contradicts the log, but
    anyone who can write to the data directory could have cut or rewritten and re-signed it.
    `broken`: something contradicts it.
    """

    state: Literal["verified", "unproven", "broken"]
    summary: str  # in sentences; every surface says this
    events: int  # that were read and found in order
    artifacts: int  # that were read and found unchanged
    heads: int  # of the data directory that the log agrees with
    proven: int = 0  # position of the last event that a head stored elsewhere covers
    position: int = 0  # of the first bad event; 0 where none is bad
    problem: str = ""  # empty where nothing contradicts the log
    warnings: tuple[str, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Whether nothing contradicts the log; that alone proves nothing."""
        return self.state != "broken"


class Contradiction(msgspec.Struct, frozen=True):
    """How a log differs from one of its signed heads."""

    code: str
    problem: str


async def contradiction(head: SignedHead, store: EventStore) -> Contradiction | None:
    """Say how the log contradicts `head`, if it does; this reads one event and proves nothing."""
    end = (await store.head()).position
    if end < head.position:
        return Contradiction("log.cut", _cut(end, head, ""))
    (event,) = await store.read(after=head.position - 1, limit=1)
    if event.hash.hex() != head.hash:
        return Contradiction("log.rewritten", _rewritten(head.position, head, ""))
    return None


def _cut(end: int, head: SignedHead, source: str) -> str:
    return (
        f"The log ends at event {end}, but a head signed at {head.time}{source} says that it had "
        f"{head.position}: its end is missing."
    )


def _rewritten(position: int, head: SignedHead, source: str) -> str:
    return f"Event {position} is not the one in the head signed at {head.time}{source}."


async def verify(
    store: EventStore,
    heads: Iterable[SignedHead],
    artifacts: ArtifactStore | None = None,
    *,
    elsewhere: ExternalHeads | None = None,
) -> Verdict:
    """Check every event, every signed head, and every artifact that an event names.

    The first bad event is the first whose place, stream version, shape or hash does not follow
    from those before it, or that can't be read. A log whose end is missing is found against the
    newest signed head. All heads count: where two of one place differ, the log grew again after
    it was cut. `heads` are those of the data directory; only `external_heads` can prove a log.
    """
    walk = _Walk(heads, elsewhere)
    try:
        walk.warnings = tuple(f"The log's {name} is missing." for name in await store.protections())
        async for event in _one_by_one(store):
            problem = walk.problem_with(event)
            if problem:
                return walk.broken(walk.events + 1, problem)
    except Corrupt as error:
        return walk.broken(walk.events + 1, error.reason)
    if problem := walk.missing_end():
        return walk.broken(walk.events + 1, problem)
    return _with_artifacts(walk, artifacts)


def _with_artifacts(walk: "_Walk", artifacts: ArtifactStore | None) -> Verdict:
    if artifacts is not None:
        for digest, position in walk.digests.items():
            try:
                artifacts.get(digest)
            except MissionControlError as error:
                return walk.broken(position, error.reason)
            walk.artifacts += 1
    return walk.intact()


class _Signed(msgspec.Struct, frozen=True):
    """A head, and whether it is stored outside of the data directory."""

    head: SignedHead
    is_elsewhere: bool


class _Walk:
    """What is known after the events so far."""

    def __init__(self, heads: Iterable[SignedHead], elsewhere: ExternalHeads | None) -> None:
        self.warnings: tuple[str, ...] = ()
        self.events = 0
        self.artifacts = 0
        self.heads = 0
        self.digests: dict[str, int] = {}
        self._previous = GENESIS
        self._versions: dict[str, int] = {}
        self._external_heads = elsewhere
        self._signed: dict[int, list[_Signed]] = {}
        for head in heads:
            self._signed.setdefault(head.position, []).append(_Signed(head, is_elsewhere=False))
        self._own_end = max(self._signed, default=0)
        self._proof: SignedHead | None = None  # the newest one elsewhere that the log agrees with
        self._stale = 0  # events after it that should have been covered by now
        for head in elsewhere.heads if elsewhere is not None else ():
            self._signed.setdefault(head.position, []).append(_Signed(head, is_elsewhere=True))

    def problem_with(self, event: Recorded) -> str:
        """Say what is wrong with the next event, or return an empty string and go past it."""
        expected = self.events + 1
        if event.position != expected:
            return f"Event {expected} is missing; event {event.position} follows {self.events}."
        if not _fits_chain(event, self._previous):
            return f"Event {expected} ({event.type!r} of {event.stream!r}) was changed or moved."
        if event.version != self._versions.get(event.stream, 0) + 1:
            return f"Event {expected} is not the next of stream {event.stream!r}."
        signed = self._signed.get(expected, [])
        for each in signed:
            if each.head.hash != event.hash.hex():
                return self._rewritten(expected, each)
        try:
            self._note_artifacts(event)
        except Corrupt as error:
            return f"Event {expected}: {error.reason}"
        self.events = expected
        self._take_heads(signed)
        if self._external_heads is not None and not any(each.is_elsewhere for each in signed):
            age = self._external_heads.read - event.time / 1_000_000
            self._stale += abs(age) > FRESH_SECONDS  # A time to come makes nothing fresh.
        self._previous = event.hash
        self._versions[event.stream] = event.version
        return ""

    def _note_artifacts(self, event: Recorded) -> None:
        match decode(event.type, event.schema, event.body):
            case StepSucceeded(work=work):
                works = [work]
            case RunCreated(kept=reused):
                works = [result.work for result in reused.values()]
            case StepStarted(handed=handed):
                works = [Work(artifacts=handed)]
            case DocumentGenerated(digest=text, generated=generated, typed=typed):
                for digest in (text, generated, typed):
                    self.digests.setdefault(digest, event.position)
                return
            case (
                DocumentEdited(digest=text)
                | TaskDocumentTaken(digest=text)
                | TrialJudged(judged=Judged(patch=text))
            ) if text:
                self.digests.setdefault(text, event.position)
                return
            case _:
                return
        for work in works:
            for artifact in work.artifacts:
                self.digests.setdefault(artifact.digest, event.position)

    def _take_heads(self, signed: Sequence[_Signed]) -> None:
        for each in signed:
            if not each.is_elsewhere:
                self.heads += 1
            elif self._external_heads is not None and not self._external_heads.fault:
                self._proof, self._stale = each.head, 0

    def _source(self, signed: _Signed) -> str:
        if not signed.is_elsewhere or self._external_heads is None:
            return ""
        return f" and stored in {self._external_heads.source}"

    def _rewritten(self, position: int, signed: _Signed) -> str:
        problem = _rewritten(position, signed.head, self._source(signed))
        if not signed.is_elsewhere:
            return problem
        return problem + (
            self._other_key(signed)
            or " The log was rewritten, whatever the data directory's own heads say."
        )

    def _other_key(self, signed: _Signed) -> str:
        own = (each for at in self._signed.values() for each in at if not each.is_elsewhere)
        key = next((each.head.key for each in own), signed.head.key)
        if key == signed.head.key:
            return ""
        return (
            " That head has another key than the data directory's own: it is of another log, or "
            "log and key were replaced."
        )

    def missing_end(self) -> str:
        """Say that signed events are missing at the end, where they are."""
        newest = max(self._signed, default=0)
        if newest <= self.events:
            return ""
        signed = self._signed[newest][0]
        problem = _cut(self.events, signed.head, self._source(signed))
        if not signed.is_elsewhere or not 0 < self._own_end <= self.events:
            return problem
        return problem + (
            self._other_key(signed)
            or " The data directory's own heads end before that too: an older copy of log and "
            "heads was put back, or both were cut."
        )

    def broken(self, position: int, problem: str) -> Verdict:
        """Return the verdict where something contradicts the log."""
        summary = f"The log is damaged at event {position:,}. {problem}"
        return self._verdict("broken", summary, position, problem)

    def intact(self) -> Verdict:
        """Return the verdict where nothing contradicts the log: verified, or unproven."""
        if self.events and not self._own_end:
            self.warnings = (*self.warnings, NO_OWN_HEADS)
        chain = (
            f"{self.events:,} events in an unbroken chain, {self.heads:,} signed heads of the data "
            f"directory agree, {self.artifacts:,} artifacts are unchanged."
        )
        if reason := self._doubt():
            return self._verdict("unproven", f"The log is unproven: {reason} It has {chain}")
        return self._verdict("verified", f"The log is verified {self._proven()} It has {chain}")

    def _proven(self) -> str:
        assert self._proof is not None
        assert self._external_heads is not None
        after = self.events - self._proof.position
        tail = (
            f"; the {after:,} events after it are less than {FRESH_SECONDS:g} s old and unproven."
            if after
            else ", its last event then."
        )
        return (
            f"to position {self._proof.position:,} by a head signed at {self._proof.time} and "
            f"stored in {self._external_heads.source}{tail}"
        )

    def _doubt(self) -> str:
        """Say why nothing proves the log; empty where something does."""
        if self._external_heads is None:
            return (
                "a writer of the data directory could have cut or rewritten it and signed "
                "it again, and no external head was given."
            )
        if self._external_heads.fault:
            return self._external_heads.fault
        if self._proof is None:
            return f"{self._external_heads.source} holds no head of it yet."
        if self._stale:
            after = self.events - self._proof.position
            return (
                f"the newest head in {self._external_heads.source}, signed at {self._proof.time}, "
                f"covers it to position {self._proof.position:,} only, and the {after:,} events "
                f"after it are not all of the last {FRESH_SECONDS:g} s."
            )
        return ""

    def _verdict(
        self,
        state: Literal["verified", "unproven", "broken"],
        summary: str,
        position: int = 0,
        problem: str = "",
    ) -> Verdict:
        return Verdict(
            state,
            summary,
            self.events,
            self.artifacts,
            self.heads,
            self._proof.position if self._proof is not None else 0,
            position,
            problem,
            self.warnings,
        )


def _fits_chain(event: Recorded, previous: bytes) -> bool:
    try:
        return is_chained(event, previous)
    except (TypeError, UnicodeEncodeError):  # A column holds what this program never writes.
        return False


async def _one_by_one(store: EventStore) -> AsyncIterator[Recorded]:
    """Yield the log as `_events` does, and where a page can't be read, what stands before."""
    position = 0
    try:
        async for event in _events(store):
            yield event
            position = event.position
    except Corrupt:
        while rows := await store.read(after=position, limit=1):
            yield rows[0]
            position = rows[0].position
        raise


async def _events(store: EventStore) -> AsyncIterator[Recorded]:
    position = 0
    while True:
        rows = await store.read(after=position, limit=READ_AT_ONCE)
        for row in rows:
            yield row
        if len(rows) < READ_AT_ONCE:
            return
        position = rows[-1].position


async def export(store: EventStore) -> AsyncIterator[bytes]:
    """Yield the log as JSON lines, each event with all that its hash was made of.

    `body` is the data as a string, byte for byte as hashed; see `domain.envelope.chain`.
    """
    async for event in _events(store):
        yield line_of(event)


def line_of(event: Recorded) -> bytes:
    """Return an event as `export` writes it."""
    fields = msgspec.structs.asdict(event)
    texts = {name: _text(value) for name, value in fields.items() if isinstance(value, str)}
    body, digest = event.body.decode("utf-8", "replace"), event.hash.hex()
    return msgspec.json.encode({**fields, **texts, "body": body, "hash": digest}) + b"\n"


def _text(stored: str) -> str:
    """Return `stored` as valid Unicode; a store reads what is none byte for byte."""
    return stored.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
