"""The index of what is remembered: items by their words, files and kinds."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from missioncontrol.domain.memory import Amendment, Item
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.knowledge_index import KnowledgeIndex, Passage, Use


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which items are asked for; what is left empty asks for nothing."""

    kind: str = ""
    repository: str | None = None  # "" asks for what holds everywhere
    tag: str = ""
    file: str = ""
    with_expired: bool = False


class ItemCandidate(msgspec.Struct, frozen=True):
    """An item that says some of the terms, and its fields as they are indexed."""

    item: Item
    fields: tuple[str, ...]


class Taken(msgspec.Struct, frozen=True):
    """What the log says besides memory: passages by source, and which missions quote an item."""

    sources: Mapping[str, Sequence[Passage]] = {}
    uses: Sequence[tuple[str, Use]] = ()  # the item's id comes first


NOTHING_ELSE = Taken()


class Listed(msgspec.Struct, frozen=True):
    """How many items there are of a sort."""

    kind: str
    repository: str
    items: int


class MemoryIndex(KnowledgeIndex, Protocol):
    """The index of memory items, and with them of all that is known.

    Follows the log, and may be thrown away: all of it can be made again from the record.

    Any number of processes may look; one at a time may follow. Whatever looks raises `Corrupt`
    (`memory.damaged`) where the index can't be made out.
    """

    def reached(self) -> Head:
        """Return the last event that is known; position 0 and 32 zero bytes where none is."""
        ...

    def turn(self) -> AbstractContextManager[bool]:
        """Be the one that follows, as long as the context lasts; False where another one is.

        Raises:
            Unavailable: `memory.unwritable`.
        """
        ...

    def clear(self) -> None:
        """Forget everything, also what is damaged. Only in one's turn."""
        ...

    def take(
        self,
        harvested: Sequence[Item],
        amended: Sequence[Amendment],
        head: Head,
        *,
        logged: Sequence[Item] = (),
        others: Taken = NOTHING_ELSE,
    ) -> None:
        """Take in what the log says up to `head`, all or nothing. Only in one's turn.

        An item that is known already is confirmed by a new harvest. `logged` are items as
        the log of decisions has them now, in place of what it had before. Amendments hold for
        what was and what will be harvested; of a forgotten item, nothing but its id is left.
        `others` replace the passages of their sources.

        Raises:
            Unavailable: `memory.unwritable`.
        """
        ...

    def outside(self) -> str:
        """Return the signature of the sources outside of the log that are known."""
        ...

    def take_outside(self, signature: str, sources: Mapping[str, Sequence[Passage]]) -> None:
        """Take in what stands in files, not in the log. Only in one's turn.

        Raises:
            Unavailable: `memory.unwritable`.
        """
        ...

    def item(self, name: str) -> Item | None:
        """Return an item, also an expired one; None where there is none."""
        ...

    def amendment(self, name: str) -> Amendment | None:
        """Return people's amendment of an item; None where there is none."""
        ...

    def silenced(self, *, now: float, limit: int) -> list[str]:
        """Return ids that people have deleted, corrected, or expired, in their order.

        A reader of the source of such an item must not use its words from there again.
        """
        ...

    def find(self, name: str, *, limit: int = 2) -> list[str]:
        """Return ids that begin so."""
        ...

    def item_candidates(
        self, terms: Mapping[str, int], wanted: Wanted, *, now: float, limit: int
    ) -> list[ItemCandidate]:
        """Return items as `candidates` returns passages."""
        ...

    def listed(
        self, wanted: Wanted, *, now: float, before: tuple[float, str] | None, limit: int
    ) -> list[Item]:
        """Return items by when they were last confirmed, newest first, after `before`.

        `before` is that time and the id of the last item of the page before.
        """
        ...

    def item_counts(self, *, now: float) -> list[Listed]:
        """Return how many items there are, expired ones left out, by kind and repository."""
        ...

    def near(self, item: Item, *, now: float, limit: int) -> list[Item]:
        """Return other items that share a file of the repository, or the mission, with `item`."""
        ...
