"""Scores how much a passage bears on a question: the share of what is asked that it says.

The score is BM25 over weighted fields, each term saturated to 1 and weighted by how rare it is,
divided by the weight of all that is asked. So it lies between 0 and 1, and means the same for
every question and every kind of passage: below a threshold nothing bears on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Protocol

import msgspec

from missioncontrol.knowledge.terms import Word, telling_words, words_with

WORDS_MAX = 60
"""Words of a question that are looked for; a goal may have thousands."""

FIELDS = ("title", "text", "files", "tags")
WEIGHTS = (3.0, 1.0, 1.5, 1.5)
"""What a term weighs in each field."""

SATURATION = 2.0
"""The weight of a term that counts half; no repetition makes it count as one."""

LENGTH = 0.7
"""How much a long passage loses: 0 for nothing, 1 for all of its length."""

PRIOR = 200
"""Passages without the term that are assumed beside the known ones: of five lessons, a word of
three is still telling."""

ASKED_MAX = 10
"""The rarest terms of a question that make its whole: no passage answers all of a long goal."""

SEVERAL = 3
"""Of so many words or more, a passage has to say two: one in common is chance."""

PREFIX_WEIGHT, NEAR_WEIGHT = 0.8, 0.7
"""What a term counts that only begins so, or that is only spelled alike."""

BEGINS_MIN, SPELLED_MIN = 3, 4
"""Letters of a word of which longer ones, or ones spelled alike, are looked for."""

ALIKE_MIN = 0.6
"""The least share of common pairs of letters in two spellings of one word."""

OTHERS_MAX = 6
"""Terms in place of a word that nothing says."""


class Vocabulary(Protocol):
    """The terms of all passages."""

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


class Asked(msgspec.Struct, frozen=True):
    """A word of a question: the terms that answer it with what each counts, and its weight."""

    terms: tuple[tuple[str, float, int], ...]  # and the number of passages with each
    weight: float  # by how rare it is; the more, the rarer


class Question(msgspec.Struct, frozen=True):
    """A question in terms of the index."""

    asked: tuple[Asked, ...]
    whole: float  # the weight of all that is asked
    length: float  # of a passage on average, in terms

    @property
    def terms(self) -> dict[str, int]:
        """The terms that answer it, each with the number of passages that it is in."""
        return {term: count for each in self.asked for term, _, count in each.terms if count}

    def score(self, fields: Sequence[str]) -> float:
        """Return how much a passage with these indexed fields answers, from 0 to 1."""
        weights: dict[str, float] = {}
        for field, weight in zip(fields, WEIGHTS, strict=True):
            for term in field.split():
                weights[term] = weights.get(term, 0.0) + weight
        length = sum(field.count(" ") for field in fields) + 1
        norm = 1 - LENGTH + LENGTH * length / self.length
        found = [each.weight * _answered(each, weights, norm) for each in self.asked]
        if len(found) >= SEVERAL and sum(weight > 0 for weight in found) == 1:
            return 0.0
        return min(sum(found) / self.whole, 1.0) if self.whole else 0.0

    def words_in(self, text: str) -> list[Word]:
        """Return the words of a text that answer the question, in order."""
        return words_with(text, self.terms.keys())


def _answered(asked: Asked, weights: Mapping[str, float], norm: float) -> float:
    best = 0.0
    for term, counts, _ in asked.terms:
        weight = weights.get(term, 0.0)
        best = max(best, counts * weight / (weight + SATURATION * norm))
    return best


def question_of(text: str, vocabulary: Vocabulary, *, is_typed: bool = False) -> Question:
    """Return what a text asks for.

    A word that no passage says is looked for by its beginning and by its letters; where that finds
    nothing, it still counts as asked. `is_typed` says that the last word may not be complete.
    """
    words = telling_words(text, most=WORDS_MAX)
    known = vocabulary.counts({term for word in words for term in word.terms})
    passages, length = vocabulary.sizes()
    last = words[-1] if words else None
    typed = is_typed and text[-1:].isalnum()
    asked = [
        _asked(each, known, vocabulary, passages, begins=typed and word is last)
        for word in words
        for each in _units(word, known)
    ]
    weights = sorted((each.weight for each in asked), reverse=True)
    return Question(tuple(asked), sum(weights[:ASKED_MAX]), max(length / max(passages, 1), 1.0))


def _units(word: Word, known: Mapping[str, int]) -> list[str]:
    """Return what is looked for of a word: a name that no passage has, by its parts only."""
    whole, *parts = word.terms
    return [whole, *parts] if whole in known else parts or [whole]


def _asked(
    term: str, known: Mapping[str, int], vocabulary: Vocabulary, passages: int, *, begins: bool
) -> Asked:
    terms = {term: 1.0} if term in known else {}
    if (begins or not terms) and len(term) >= BEGINS_MIN:
        longer = vocabulary.beginning(term, limit=OTHERS_MAX)
        terms |= {each: PREFIX_WEIGHT for each in longer if each != term}
    if not terms and len(term) >= SPELLED_MIN:
        terms = dict.fromkeys(_spelled_alike(term, vocabulary.near_terms(term)), NEAR_WEIGHT)
    counts = {**known, **vocabulary.counts(each for each in terms if each not in known)}
    count = max((counts.get(each, 0) for each in terms), default=0)
    answers = tuple((each, factor, counts.get(each, 0)) for each, factor in terms.items())
    return Asked(answers, log(1 + (passages + PRIOR - count + 0.5) / (count + 0.5)))


def _spelled_alike(term: str, others: Iterable[str]) -> list[str]:
    """Return the terms whose pairs of letters are those of `term` for the most part."""
    pairs = _pairs(term)
    alike = [(_share(pairs, _pairs(other)), other) for other in others]
    best = sorted((each for each in alike if each[0] >= ALIKE_MIN), reverse=True)[:OTHERS_MAX]
    return [other for share, other in best if share >= best[0][0] - 0.1]


def _pairs(term: str) -> frozenset[str]:
    padded = f"^{term}$"
    return frozenset(map("".join, pairwise(padded)))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
