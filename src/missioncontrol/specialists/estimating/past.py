"""The changes that a repository has seen, and which of them are most like one that is asked for."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

import msgspec

from missioncontrol.specialists.code_changes import goal_of_message
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.terms import goal_stems

NEAREST = 60
"""Changes that count as like an ask."""
FADING = 300
"""After so many newer changes, one that is like an ask counts half."""
BODY_MAX = 400
"""Characters below the subject that are looked at: the history keeps no more of a message."""
_LABEL = re.compile(r"(\w+)(?:\(([^)]*)\))?!?: +(.*)")
_FIRST_WORD = re.compile(r"\W*(\w+)")

Sizing = Literal["files", "lines"]


class Piece(msgspec.Struct, frozen=True):
    """What a change did to one file."""

    path: str
    lines: int | None  # added and deleted; None where that was not counted


class Ask(msgspec.Struct, frozen=True):
    """What is asked for, as changes are compared with it."""

    subject: str
    words: int = 0  # below the subject

    @classmethod
    def of(cls, message: str) -> "Ask":
        """Read a goal or the message of a commit."""
        subject, _, body = goal_of_message(message).partition("\n")
        return cls(subject, len(body.strip()[:BODY_MAX].split()))

    @property
    def terms(self) -> dict[str, int]:
        """What it is about in stems; its label, scope and first word tell how it is done."""
        label = _LABEL.match(self.subject)
        first = _FIRST_WORD.match(label[3] if label else self.subject)
        found = goal_stems(self.subject)
        marks = [f"@{label[1].lower()}", f"#{(label[2] or '').lower()}"] if label else []
        marks += [f"^{first[1].lower().rstrip('s')}"] if first else []
        return found | dict.fromkeys(filter(lambda mark: len(mark) > 1, marks), 1)


class PastChange(msgspec.Struct, frozen=True):
    """One commit that a goal could have asked for."""

    id: str
    ask: Ask
    pieces: tuple[Piece, ...]

    @property
    def files(self) -> int:
        """How many files it changed."""
        return len(self.pieces)

    @property
    def lines(self) -> int | None:
        """How many lines it added and deleted, or None where they were not counted."""
        counted = [piece.lines for piece in self.pieces if piece.lines is not None]
        return sum(counted) if len(counted) == len(self.pieces) else None


class Like(NamedTuple):
    """A change that is like an ask."""

    number: int  # among all of them
    weight: float  # 0 to about 1: how much of the ask it says, less for older ones


class Changes:
    """The changes of a repository, newest first."""

    def __init__(self, changes: Iterable[PastChange]) -> None:
        """`changes` come newest first."""
        self.all: Sequence[PastChange] = list(changes)

    @cached_property
    def _terms(self) -> list[Mapping[str, int]]:
        return [change.ask.terms for change in self.all]

    @cached_property
    def _field(self) -> Field:
        return Field(self._terms, length_share=0.6)

    def like(self, ask: Ask, *, before: int = -1) -> list[Like]:
        """Return the changes most like an ask, best first, at most `NEAREST`.

        Only those older than number `before` are looked at.
        """
        terms = ask.terms
        ideal = self._field.ideal(terms) or 1.0
        found = [
            Like(number, score / ideal * 0.5 ** ((number - before) / FADING))
            for number, score in self._field.scores(terms).items()
            if number > before
        ]
        return sorted(found, key=lambda each: (-each.weight, each.number))[:NEAREST]


def size_of(change: PastChange, sizing: Sizing) -> int | None:
    """Return how large a change was; None where that was not counted."""
    return change.files if sizing == "files" else change.lines
