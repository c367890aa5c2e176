"""The index of all that is known: passages of decisions, memory, patterns, documents and runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, get_args

import msgspec

Kind = Literal["decision", "memory", "pattern", "document", "run", "mission"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Passage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a source that is found by itself: a section, a lesson, what a run came to."""

    kind: Kind
    source: str  # what it is a part of, such as decision:D7; its parts are replaced together
    title: str
    text: str
    section: str = ""  # its heading
    href: str = ""  # of its page, with the section
    cite: str = ""  # where it stands, in words
    item: str = ""  # the id under which plans quote it
    repository: str = ""  # absolute path; "" where it holds everywhere
    mission: str = ""
    run: str = ""
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: str = ""
    time: float = 0.0  # seconds since the epoch; when it was last seen to hold
    expires: float = 0.0  # 0: never
    is_listed: bool = True  # False for a memory item whose decision is a source of its own


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which passages are wanted; what is left empty chooses all."""

    kinds: tuple[Kind, ...] = ()
    repository: str | None = None  # "" chooses what holds everywhere
    mission: str = ""
    since: float = 0.0  # seconds since the epoch


class Candidate(msgspec.Struct, frozen=True):
    """A passage that says some of the terms, and its fields as they are indexed."""

    passage: Passage
    fields: tuple[str, ...]


class Use(msgspec.Struct, frozen=True):
    """A mission whose plan quotes an item."""

    mission: str
    title: str
    time: float  # when its run ended


class KnowledgeIndex(Protocol):
    """Finds passages by their terms. Whatever looks raises `Corrupt` (`memory.damaged`)."""

    def sizes(self) -> tuple[int, int]:
        """Return how many passages there are, and how many terms they have together."""
        ...

    def counts(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Return in how many passages each of these terms is; absent ones are left out."""
        ...

    def beginning(self, start: str, *, limit: int) -> list[str]:
        """Return terms that begin so, the most frequent first."""
        ...

    def near_terms(self, term: str) -> list[str]:
        """Return a bounded number of terms with the same first letter and about the length."""
        ...

    def candidates(
        self, terms: Mapping[str, int], choice: Choice, *, now: float, each: int
    ) -> list[Candidate]:
        """Return at most `each` passages of each kind, those that say the rarest terms most.

        `terms` come with the number of passages that they are in. The cost is bounded: of terms
        that are in most passages, only the newest passages are looked at.
        """
        ...

    def newest(self, choice: Choice, *, now: float, limit: int) -> list[Passage]:
        """Return passages without any terms, those that were taken in last first."""
        ...

    def source(self, name: str) -> list[Passage]:
        """Return the passages of a source in their order; none where there is no such source."""
        ...

    def kinds(self) -> Mapping[Kind, int]:
        """Return how many sources there are of each kind."""
        ...

    def uses(self, items: Sequence[str]) -> Mapping[str, list[Use]]:
        """Return the missions whose plans quote these items, the newest first, by item."""
        ...
