"""The changes that a repository has seen, and which of them are most like one that is asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec

from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.terms import asked

NEAREST = 20
"""Changes that an estimate is told from."""
ENOUGH = 5
"""With fewer comparable changes, nothing is said."""
BY_FILES = 0.5
"""What touching all likely files adds, where saying all words counts 1."""
LIKELY_MAX = 10
BULK = 300
"""A change of more files is one of tools, such as a move or a new format, and no work to compare.
It stays among what is to be foreseen: calibration counts it like any other."""

Sizing = Literal["files", "lines"]


class Piece(msgspec.Struct, frozen=True):
    """What a change did to one file."""

    path: str
    lines: int | None  # added and deleted; None where that was not counted


class PastChange(msgspec.Struct, frozen=True):
    """One commit that is no merge."""

    id: str
    seconds: float  # since the epoch
    subject: str
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


class Ask(msgspec.Struct, frozen=True):
    """What is asked for, as changes are compared with it."""

    text: str
    likely: Mapping[str, float] = {}  # the share of each file that it will likely change


class Changes:
    """The changes of a repository, newest first."""

    def __init__(self, changes: Iterable[PastChange]) -> None:
        """Changes without a file are left out."""
        self.all: Sequence[PastChange] = [change for change in changes if change.pieces]

    @cached_property
    def _words(self) -> list[dict[str, int]]:
        return [asked(change.subject) for change in self.all]

    @cached_property
    def _field(self) -> Field:
        return Field(self._words, length_share=0.6)

    def like(
        self, ask: Ask, *, before: int = -1, fits: Callable[[PastChange], bool] | None = None
    ) -> list[PastChange]:
        """Return the changes most like an ask, best first, at most `NEAREST`.

        Only those older than number `before` are looked at, and only those that `fits` takes.
        """
        scores = self._scores(asked(ask.text), ask.likely)
        order = sorted(
            (number for number in scores if number > before),
            key=lambda number: (-scores[number], number),
        )
        found: list[PastChange] = []
        for number in order:
            change = self.all[number]
            if change.files <= BULK and (fits is None or fits(change)):
                found.append(change)
            if len(found) == NEAREST:
                break
        return found

    def _scores(self, terms: Mapping[str, int], likely: Mapping[str, float]) -> dict[int, float]:
        ideal = self._field.ideal(terms) or 1.0
        scores = {number: score / ideal for number, score in self._field.scores(terms).items()}
        best = dict(sorted(likely.items(), key=lambda item: -item[1])[:LIKELY_MAX])
        if best:
            total = sum(best.values())
            for number, change in enumerate(self.all):
                touched = sum(best.get(piece.path, 0.0) for piece in change.pieces)
                if touched:
                    scores[number] = scores.get(number, 0.0) + BY_FILES * touched / total
        return scores


def size_of(change: PastChange, sizing: Sizing) -> int | None:
    """Return how large a change was; None where that was not counted."""
    return change.files if sizing == "files" else change.lines
