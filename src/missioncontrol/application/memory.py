"""The memory of earlier work: follows the log, is searched, given to planners, and amended."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.decisions import DECISIONS
from missioncontrol.application.decisions import STREAM as DECISION_STREAM
from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.knowledge_sources import Sources, templates_of
from missioncontrol.application.mission_results import ended_run
from missioncontrol.application.templates import Templates
from missioncontrol.domain.decision import EVENTS as DECISION_EVENTS
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Corrupt, MissionControlError, Rejected
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import (
    EVENTS,
    AddMemory,
    Amendment,
    CorrectMemory,
    ExpireMemory,
    Files,
    ForgetMemory,
    Item,
    MemoryAdded,
    MemoryCommand,
    MemoryEvent,
    Source,
    Tags,
    Text,
    Title,
    decide,
    evolve,
    forgotten,
    is_item_id,
    item_id,
    unknown,
)
from missioncontrol.domain.register import decode
from missioncontrol.knowledge.decisions import remembered_decision
from missioncontrol.knowledge.harvest import harvested
from missioncontrol.knowledge.recall import Match, recalled, searched
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore, Head
from missioncontrol.ports.memory_index import Listed, MemoryIndex, Wanted

FOLLOW_AT_ONCE = 256
READ_AT_ONCE = 4_096
BRING_UP_SECONDS_MAX = 2.0
"""A mission begins after at most so long, with what is remembered by then."""

LOOK_SECONDS = 0.01
NEAR_MAX = 40
SILENCED_MAX = 2_000
"""Ids of silenced items that are passed in full; of more, only how each begins."""

SHORTENED_MAX = 20_000
SHORT = len("memory-") + 8
EVERYTHING = ("memory-",)
"""Prefix of every id: nothing that documents state then replaces what is remembered."""

MEMORY: Concept[Amendment, MemoryCommand, MemoryEvent] = Concept(decide, evolve, unknown)
_OURS = frozenset(name for name, _ in EVENTS.values())
_DECIDED = frozenset(name for name, _ in DECISION_EVENTS.values())


class Memory:
    """What a home remembers, as one reader of its record sees it."""

    def __init__(
        self,
        store: EventStore,
        artifacts: ArtifactStore,
        index: MemoryIndex,
        *,
        now: Callable[[], float],
        templates: Templates | None = None,
    ) -> None:
        """The opener of these closes them. `templates` are found beside what the log says."""
        self._store = store
        self._artifacts = artifacts
        self.index = index
        self.now = now
        self._templates = templates

    async def follow(self, *, limit: int = FOLLOW_AT_ONCE) -> bool:
        """Take in a few more events, unless another process does so; return whether more may come.

        Raises:
            Unavailable: `memory.unwritable`, or the log can't be read now.
            Corrupt: `log.damaged`.
        """
        with self.index.turn() as mine:
            if not mine:
                return False
            try:
                reached = await self._reached()
            except Corrupt as error:
                if error.code != "memory.damaged":
                    raise
                self.index.clear()
                reached = 0
            rows = await self._store.read(after=reached, limit=limit)
            if rows:
                await self._take(rows)
            self._look_outside()
            return len(rows) == limit

    def _look_outside(self) -> None:
        """Take in the templates, whose files people edit, where they have changed."""
        if self._templates is None:
            return
        with suppress(MissionControlError):  # A malformed file is reported where it is used.
            signature, passages = templates_of(self._templates)
            if signature != self.index.outside():
                self.index.take_outside(signature, passages)

    async def _reached(self) -> int:
        """Return how far the index knows this log; one of another log is rebuilt."""
        reached = self.index.reached()
        if not reached.position:
            return 0
        rows = await self._store.read(after=reached.position - 1, limit=1)
        if rows and rows[0].hash == reached.hash:
            return reached.position
        self.index.clear()
        return 0

    async def _take(self, rows: Sequence[Recorded]) -> None:
        items: list[Item] = []
        amendments: dict[str, Amendment] = {}
        decided: dict[str, int] = {}
        sources = Sources(self._store, self._artifacts)
        for row in rows:
            if row.type == "run_settled":
                run = await ended_run(self._store, self._artifacts, row)
                if run is not None:
                    items += harvested(run) if run.mission else ()
                    sources.add_run(run)
            elif row.type in _OURS:
                event: Any = decode(row.type, row.schema, row.body)
                if isinstance(event, MemoryAdded):
                    items.append(_added(event, row))
                known = amendments.get(event.item) or self.index.amendment(event.item)
                amendments[event.item] = evolve(known, event, row.time / 1_000_000)
            elif row.type in _DECIDED:
                decided |= _decided_in(row)
            else:
                sources.add(row)
        logged = []
        for decision, at in await self._decisions(decided, rows[-1].position):
            sources.add_decision(decision)
            logged.append(remembered_decision(decision, at))
        head = Head(rows[-1].position, rows[-1].hash)
        others = await sources.taken()
        self.index.take(items, list(amendments.values()), head, logged=logged, others=others)

    async def _decisions(
        self, decided: dict[str, int], until: int
    ) -> list[tuple[LoggedDecision, int]]:
        """Return the decisions that changed, as the log has them at position `until`."""
        if not decided:
            return []
        log, _ = await fold(self._store, DECISIONS, DECISION_STREAM, until=until)
        known = log.decisions if log is not None else {}
        return [(known[name], at) for name, at in decided.items() if name in known]

    async def bring_up(self, *, seconds_max: float = BRING_UP_SECONDS_MAX) -> bool:
        """Take in what the log has now, as far as time allows; return whether that was all of it.

        Another process may be doing it: then it is waited for, so that after a change the user
        sees it in the answer.

        Raises:
            Unavailable, Corrupt: see `follow`.
        """
        ends = time.monotonic() + seconds_max
        until = (await self._store.head()).position
        while True:
            is_more = await self.follow(limit=READ_AT_ONCE)
            if not is_more and self.index.reached().position >= until:
                return True
            if time.monotonic() > ends:
                return False
            if not is_more:
                await asyncio.sleep(LOOK_SECONDS)

    # Looking.

    def item(self, name: str) -> Item:
        """Return an item, also an expired one.

        Raises:
            NotFound: `memory.unknown` or `memory.forgotten`.
        """
        found = self.index.item(name)
        if found is not None:
            return found
        amendment = self.index.amendment(name)
        raise forgotten(name) if amendment is not None and amendment.is_forgotten else unknown(name)

    def named(self, text: str) -> str:
        """Return the id that `text` means: all of it, or a beginning that only one has.

        Raises:
            NotFound: `memory.unknown`; Rejected: `memory.ambiguous`.
        """
        full = text if text.startswith("memory-") else f"memory-{text}"
        found = self.index.find(full)
        if len(found) > 1 and full not in found:
            raise Rejected("memory.ambiguous", f"{text[:80]!r} is the beginning of several items.")
        return full if full in found or not found else found[0]

    def search(
        self, text: str, wanted: Wanted, *, repository: str = "", limit: int = 50
    ) -> list[Match]:
        """Return what bears on `text`, best first; items of `repository` count more."""
        now = self.now()
        return searched(
            self.index, text, repository=repository, wanted=wanted, now=now, limit=limit
        )

    def listed(
        self, wanted: Wanted, *, before: tuple[float, str] | None = None, limit: int = 50
    ) -> list[Item]:
        """Return items, those confirmed last first."""
        return self.index.listed(wanted, now=self.now(), before=before, limit=limit)

    def counts(self) -> list[Listed]:
        """Return how many items there are by kind and repository."""
        return self.index.item_counts(now=self.now())

    def near(self, item: Item) -> list[Item]:
        """Return items that share a file or the mission with `item`; a bounded number."""
        return self.index.near(item, now=self.now(), limit=NEAR_MAX)

    def recalled(self, goal: str, repository: str) -> tuple[Recalled, ...]:
        """Return what a planner receives for a goal; nothing where the index is unusable.

        No mission waits for what is remembered, and none fails for it.
        """
        try:
            return recalled(self.index, goal, repository, now=self.now())
        except MissionControlError:
            return ()

    async def without_amended(self, remembered: Sequence[Recalled]) -> tuple[Recalled, ...]:
        """Leave out what people have amended since the index was last brought up.

        Raises:
            Unavailable, Corrupt: the log or the index can't be read.
        """
        reached = self.index.reached().position
        unchanged = []
        for each in remembered:
            amendments = await self._store.read_stream(each.item, limit=READ_AT_ONCE)
            if not amendments or amendments[-1].position <= reached:
                unchanged.append(each)
        return tuple(unchanged)

    def silenced(self) -> tuple[str, ...]:
        """Return prefixes of the ids whose source must not replace them; raises nothing.

        A planner reads the documents of the repository itself, and finds there what people have
        had forgotten. If they are too many to list, all is silenced: a document that is not
        quoted does less harm than words that a user had forgotten.
        """
        try:
            found = self.index.silenced(now=self.now(), limit=SHORTENED_MAX + 1)
        except MissionControlError:
            return EVERYTHING
        if len(found) <= SILENCED_MAX:
            return tuple(found)
        if len(found) > SHORTENED_MAX:
            return EVERYTHING
        return tuple(dict.fromkeys(each[:SHORT] for each in found))


def _decided_in(row: Recorded) -> dict[str, int]:
    """Return the decision that an event is about, with its position; two where one gave way."""
    event: Any = decode(row.type, row.schema, row.body)
    names = (event.id, getattr(event, "by", ""))
    return {name: row.position for name in names if name}


def _added(event: MemoryAdded, row: Recorded) -> Item:
    at = row.time / 1_000_000
    source = Source(position=row.position, person=row.actor)
    return Item(
        event.item,
        event.kind,
        event.title,
        event.text,
        event.repository,
        event.files,
        event.tags,
        source,
        created=at,
        confirmed=at,
        expires=event.expires,
        is_corrected=True,
    )


class CorrectItem(msgspec.Struct, frozen=True):
    """Say what an item says from now on; what is left out stays as it is."""

    item: str
    title: Title | None = None
    text: Text | None = None
    files: Files | None = None
    tags: Tags | None = None


class ItemNow(msgspec.Struct, frozen=True):
    """An item after a change."""

    item: str


class Known(Protocol):
    """Says what is remembered now."""

    async def item(self, name: str) -> Item | None:
        """Return an item as of now; None where there is none, or it was forgotten."""
        ...


STAYS = (
    "It is gone from the index and from planner context, and is not harvested again; a plan "
    "that is being made now is made again without it. "
    "The record keeps the events that it came from, plans and documents that quoted it before, and "
    "that it was forgotten: events never change, so that the history stays complete."
)
"""The note to a person who has something forgotten."""


class Forgotten(msgspec.Struct, frozen=True):
    """An item that is gone, and what of it stays where."""

    item: str
    stays: str = STAYS


class MemoryService:
    """Adds, corrects, lets expire and forgets."""

    def __init__(self, journal: Journal) -> None:
        """An engine that is at work sets `known`; items are read from the record there.

        It receives each forgotten item by `forgotten`.
        """
        self._journal = journal
        self.known: Known | None = None
        self.forgotten: Callable[[str], None] = lambda item: None

    async def add(self, command: AddMemory, *, actor: str) -> ItemNow:
        """Remember something.

        Raises:
            Rejected, NotFound: see `domain.memory.decide`.
        """
        name = item_id(command.kind, command.repository, f"{command.title}\n{command.text}")
        await self._journal.find(MEMORY, name)
        return self._tell(msgspec.structs.replace(command, item=name), actor)

    async def correct(self, command: CorrectItem, *, actor: str) -> ItemNow:
        """Change what an item says.

        Raises:
            Rejected, NotFound: see `domain.memory.decide`; `memory.unknown`.
        """
        amendment = await self._find(command.item)
        if amendment is not None and amendment.is_forgotten:
            raise forgotten(command.item)
        fields = msgspec.structs.asdict(command)
        if None in fields.values():
            seen = await self._known(command.item)
            fields = {name: getattr(seen, name) if v is None else v for name, v in fields.items()}
            fields["item"] = command.item
        return self._tell(CorrectMemory(**fields), actor)

    async def change(self, command: ExpireMemory | ForgetMemory, *, actor: str) -> ItemNow:
        """Set when an item expires, or forget it.

        Raises:
            Rejected, NotFound: see `domain.memory.decide`; `memory.unknown`.
        """
        if await self._find(command.item) is None:
            await self._known(command.item)
        made = self._tell(command, actor)
        if isinstance(command, ForgetMemory):
            self.forgotten(command.item)
        return made

    async def _find(self, item: str) -> Amendment | None:
        if not is_item_id(item):
            raise unknown(item)  # Streams of other things have other names.
        found: Amendment | None = await self._journal.find(MEMORY, item)
        return found

    def _tell(self, command: MemoryCommand, actor: str) -> ItemNow:
        self._journal.tell(MEMORY, command.item, command, actor=actor)
        self._journal.forget(command.item)
        return ItemNow(command.item)

    async def _known(self, item: str) -> Item:
        """Return an item; refuse what was never harvested: only the index knows what was."""
        found = await self.known.item(item) if self.known is not None else None
        if found is None:
            raise unknown(item)
        return found
