"""What is remembered, as shown: each item with its source, its score and its neighbours."""

from collections.abc import Sequence
from typing import Any

import msgspec

from missioncontrol.application.memory import Memory
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.memory import KINDS, Item, gives_orders
from missioncontrol.knowledge.recall import Match
from missioncontrol.ports.memory_index import Wanted

WORDS_MAX = 300


class ItemView(msgspec.Struct, frozen=True):
    """Something that is remembered."""

    id: str
    kind: str
    title: str
    text: str
    repository: str  # "" where it holds everywhere
    files: tuple[str, ...]
    tags: tuple[str, ...]
    source: str  # in words
    mission: str
    run: str
    step: str
    position: int  # of the event in the log
    path: str  # of the document
    line: int
    commit: str
    person: str
    created: float  # seconds since the epoch
    confirmed: float
    seen: int  # times that it was harvested
    expires: float  # 0: never
    status: str  # held, expired, or suspicious: it gives orders to its reader, and is withheld
    is_corrected: bool


class PartView(msgspec.Struct, frozen=True):
    """One factor of a score."""

    name: str
    value: float
    why: str


class MatchView(msgspec.Struct, frozen=True):
    """An item that was found, and why."""

    item: ItemView
    score: float
    parts: tuple[PartView, ...]
    matched: dict[str, tuple[str, ...]]  # field → the words in it


class NearView(msgspec.Struct, frozen=True):
    """Another item, and what it shares."""

    item: ItemView
    files: tuple[str, ...]
    is_same_mission: bool


class ItemDetail(msgspec.Struct, frozen=True):
    """An item with its neighbours."""

    item: ItemView
    near: tuple[NearView, ...]


class SortView(msgspec.Struct, frozen=True):
    """How many items there are of a kind in a repository."""

    kind: str
    repository: str
    items: int


class Remembering(msgspec.Struct, frozen=True):
    """How much is remembered, and how far the record is known."""

    sorts: tuple[SortView, ...]
    items: int
    position: int


def view(item: Item, now: float) -> ItemView:
    """Return an item as it is shown."""
    source = msgspec.structs.asdict(item.source)
    status = item.status(now)
    is_poisoned = not item.is_corrected and gives_orders(f"{item.title}\n{item.text}")
    return ItemView(
        item.id,
        item.kind,
        item.title,
        item.text,
        item.repository,
        item.files,
        item.tags,
        item.source.words,
        **source,
        created=item.created,
        confirmed=item.confirmed,
        seen=item.seen,
        expires=item.expires,
        status="suspicious" if is_poisoned and status == "held" else status,
        is_corrected=item.is_corrected,
    )


def match_view(match: Match, now: float) -> MatchView:
    """Return a match as it is shown."""
    parts = tuple(PartView(part.name, part.value, part.why) for part in match.parts)
    return MatchView(view(match.item, now), match.score, parts, dict(match.matched))


def wanted_of(**given: Any) -> Wanted:
    """Return what is asked for; what is empty asks for nothing.

    Raises:
        Rejected: `memory.bad_kind`.
    """
    kind = given.get("kind", "")
    if kind and kind not in KINDS:
        raise Rejected(
            "memory.bad_kind",
            f"{kind[:80]!r} is no kind of what is remembered.",
            hint=f"There are {', '.join(KINDS)}.",
        )
    return Wanted(**given)


def items(
    memory: Memory, wanted: Wanted, *, before: tuple[float, str] | None, limit: int
) -> list[ItemView]:
    """Return items, those confirmed last first."""
    now = memory.now()
    return [view(item, now) for item in memory.listed(wanted, before=before, limit=limit)]


def found(
    memory: Memory, text: str, wanted: Wanted, *, repository: str = "", limit: int
) -> list[MatchView]:
    """Return what bears on `text`, best first."""
    now = memory.now()
    matches = memory.search(text, wanted, repository=repository, limit=limit)
    return [match_view(match, now) for match in matches]


def detail(memory: Memory, name: str) -> ItemDetail:
    """Return an item with its neighbours.

    Raises:
        NotFound: `memory.unknown` or `memory.forgotten`.
    """
    now = memory.now()
    item = memory.item(memory.named(name))
    near = tuple(_near(item, other, now) for other in memory.near(item))
    return ItemDetail(view(item, now), near)


def _near(item: Item, other: Item, now: float) -> NearView:
    same = other.repository == item.repository
    shared = tuple(path for path in item.files if path in other.files) if same else ()
    is_same = bool(item.source.mission) and item.source.mission == other.source.mission
    return NearView(view(other, now), shared, is_same)


def remembering(memory: Memory) -> Remembering:
    """Return how much is remembered."""
    sorts = tuple(SortView(each.kind, each.repository, each.items) for each in memory.counts())
    total = sum(each.items for each in sorts)
    return Remembering(sorts, total, memory.index.reached().position)


def by_kind(sorts: Sequence[SortView]) -> dict[str, int]:
    """Return how many items there are of each kind that there is."""
    counted: dict[str, int] = {}
    for each in sorts:
        counted[each.kind] = counted.get(each.kind, 0) + each.items
    return {kind: counted[kind] for kind in KINDS if kind in counted}
