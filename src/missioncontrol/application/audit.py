"""Walks the log and says whether it is whole."""

from collections.abc import AsyncIterator, Iterable

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
from missioncontrol.ports.heads import SignedHead

READ_AT_ONCE = 2_000


class Verdict(msgspec.Struct, frozen=True):
    """What a walk over the log found."""

    whole: bool
    events: int  # that were read and found in order
    artifacts: int  # that were read and found unchanged
    heads: int  # signed statements that the log agrees with
    position: int = 0  # of the first bad event; 0 where none is bad
    problem: str = ""  # empty where the log is whole
    warnings: tuple[str, ...] = ()


async def verify(
    store: EventStore, heads: Iterable[SignedHead], artifacts: ArtifactStore | None = None
) -> Verdict:
    """Check every event, every signed head, and every artifact that an event names.

    The first bad event is the first whose place, stream version, shape or hash does not follow
    from those before it, or that can't be read. A log whose end is missing is found against the
    newest signed head. All heads count: where two of one place differ, the log grew again after
    it was cut.
    """
    signed: dict[int, list[SignedHead]] = {}
    for head in heads:
        signed.setdefault(head.position, []).append(head)
    walk = _Walk(signed)
    try:
        walk.warnings = tuple(f"The log's {name} is missing." for name in await store.protections())
        async for event in _one_by_one(store):
            problem = walk.problem_with(event)
            if problem:
                return walk.verdict(walk.events + 1, problem)
    except Corrupt as error:
        return walk.verdict(walk.events + 1, error.reason)
    newest = max(signed, default=0)
    if newest > walk.events:
        problem = (
            f"The log ends at event {walk.events}, but a head signed at {signed[newest][0].time} "
            f"says that it had {newest}: its end is missing."
        )
        return walk.verdict(walk.events + 1, problem)
    if walk.events and not signed:
        walk.warnings += ("No signed head is at hand: an end that was cut off can't be found.",)
    return _with_artifacts(walk, artifacts)


def _with_artifacts(walk: "_Walk", artifacts: ArtifactStore | None) -> Verdict:
    if artifacts is not None:
        for digest, position in walk.digests.items():
            try:
                artifacts.get(digest)
            except MissionControlError as error:
                return walk.verdict(position, error.reason)
            walk.artifacts += 1
    return walk.verdict(0, "")


class _Walk:
    """What is known after the events so far."""

    def __init__(self, signed: dict[int, list[SignedHead]]) -> None:
        self.warnings: tuple[str, ...] = ()
        self.events = 0
        self.artifacts = 0
        self.heads = 0
        self.digests: dict[str, int] = {}
        self._previous = GENESIS
        self._versions: dict[str, int] = {}
        self._signed = signed

    def problem_with(self, event: Recorded) -> str:
        """Say what is wrong with the next event, or return an empty string and go past it."""
        expected = self.events + 1
        if event.position != expected:
            return f"Event {expected} is missing; event {event.position} follows {self.events}."
        if not _fits_chain(event, self._previous):
            return f"Event {expected} ({event.type!r} of {event.stream!r}) was changed or moved."
        if event.version != self._versions.get(event.stream, 0) + 1:
            return f"Event {expected} is not the next of stream {event.stream!r}."
        heads = self._signed.get(expected, [])
        for head in heads:
            if head.hash != event.hash.hex():
                return f"Event {expected} is not the one in the head signed at {head.time}."
        try:
            self._note_artifacts(event)
        except Corrupt as error:
            return f"Event {expected}: {error.reason}"
        self.events = expected
        self.heads += len(heads)
        self._previous = event.hash
        self._versions[event.stream] = event.version
        return ""

    def _note_artifacts(self, event: Recorded) -> None:
        match decode(event.type, event.schema, event.body):
            case StepSucceeded(work=work):
                works = [work]
            case RunCreated(kept=kept):
                works = [result.work for result in kept.values()]
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

    def verdict(self, position: int, problem: str) -> Verdict:
        return Verdict(
            not problem, self.events, self.artifacts, self.heads, position, problem, self.warnings
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
