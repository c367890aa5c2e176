"""Digests: the summaries of a product that were written down, and what a model made of them.

A digest holds counts, shares and days of all people together, and of no single person.
"""

from typing import Any

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected

STORED_MAX = 20
"""Of one product; the newest."""

TEXT_MAX = 20_000
PASSAGES_MAX = 6
"""Of one part."""

PASSAGE_MAX = 400
"""Characters of one passage, and of the headline."""

FACTS_MAX = 4
"""That one passage rests on."""


class Passage(msgspec.Struct, frozen=True):
    """A line of a summary as a model wrote it, and the facts that it rests on, by their ids."""

    text: str
    facts: tuple[str, ...]


class Written(msgspec.Struct, frozen=True):
    """A summary as a model wrote it."""

    headline: Passage
    changed: tuple[Passage, ...] = ()
    matters: tuple[Passage, ...] = ()
    actions: tuple[Passage, ...] = ()
    questions: tuple[Passage, ...] = ()


class DigestWritten(msgspec.Struct, frozen=True, omit_defaults=True):
    """The summary of a product was written down."""

    product: str
    run: str
    since: str  # the first day that the key figures are of, and the last
    until: str
    facts: str  # digest of what it is made of: as long as that is the same, it holds
    text: str  # Markdown
    written_by: str = ""  # the model; empty where it is made of the facts alone
    written: Written | None = None
    reason: str = ""  # why the words of a model that was asked are not used


DigestEvent = DigestWritten

EVENTS: dict[type, tuple[str, int]] = {DigestWritten: ("digest_written", 1)}
"""The lasting name and version of every event."""


class TakeDigest(msgspec.Struct, frozen=True):
    """A run wrote this."""

    digest: DigestWritten


DigestCommand = TakeDigest


class Digests(msgspec.Struct, frozen=True):
    """What was written of a product, the newest last."""

    kept: tuple[DigestWritten, ...] = ()

    def of(self, facts: str) -> DigestWritten | None:
        """Return what a model wrote of these very facts, the newest."""
        found = (each for each in reversed(self.kept) if each.facts == facts and each.written)
        return next(found, None)

    def tried(self, facts: str) -> DigestWritten | None:
        """Return the newest digest of these facts, by any author."""
        return next((each for each in reversed(self.kept) if each.facts == facts), None)


NO_DIGESTS = Digests()


def decide(command: DigestCommand, digests: Digests | None, now: float) -> list[DigestEvent]:
    """Answer `command` with the events it makes true; a run says the same only once.

    Raises:
        Rejected: `digest.too_long`.
    """
    del now
    digest = command.digest
    parts: tuple[tuple[Any, ...], ...] = ()
    if digest.written is not None:
        its = digest.written
        parts = (its.changed, its.matters, its.actions, its.questions)
    if len(digest.text) > TEXT_MAX or any(len(each) > PASSAGES_MAX for each in parts):
        raise Rejected(
            "digest.too_long",
            f"The digest of {digest.product!r} has {len(digest.text):,} characters; at most "
            f"{TEXT_MAX:,}, and {PASSAGES_MAX} passages of a part, fit.",
        )
    known = digests or NO_DIGESTS
    return [] if digest in known.kept else [digest]


def evolve(digests: Digests | None, event: DigestEvent, at: float) -> Digests:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    del at
    return Digests((*(digests or NO_DIGESTS).kept, event)[-STORED_MAX:])


def unknown(product: str) -> NotFound:
    """Say that nothing was written of a product yet."""
    return NotFound("digest.unknown", f"Nothing was written of {product[:80]!r} yet.")
