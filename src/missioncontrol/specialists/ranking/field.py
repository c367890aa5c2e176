"""One field of many documents, scored by BM25: rare words count more, long documents less."""

from collections.abc import Iterable, Mapping
from math import log

SATURATION = 1.2
"""k1 of BM25 (Robertson and Zaragoza, 2009): how soon more of the same word says no more."""
TERMS_CACHED_MAX = 5_000
"""Words whose documents are remembered."""
NO_FACTORS: Mapping[str, float] = {}


class Field:
    """The words of documents that are known by their numbers, 0 and up."""

    def __init__(self, documents: Iterable[Mapping[str, int]], *, length_share: float) -> None:
        """`length_share` is b of BM25: 1 counts a word by its share of the document, 0 as it is."""
        self._documents = list(documents)
        lengths = [sum(counts.values()) for counts in self._documents]
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        self._norms = [
            SATURATION * (1 - length_share + length_share * length / mean if mean else 1.0)
            for length in lengths
        ]
        # An ask has few words: looking them up costs less than turning all documents round.
        self._postings: dict[str, list[tuple[int, int]]] = {}

    def weight(self, term: str) -> float:
        """Return how telling a term is here: rare ones weigh more."""
        holding = len(self.holding(term))
        return log(1 + (len(self._documents) - holding + 0.5) / (holding + 0.5))

    def has(self, term: str) -> bool:
        """Whether any document holds `term`."""
        return bool(self.holding(term))

    def ideal(self, terms: Iterable[str]) -> float:
        """Return about what a document of usual length scores that holds each of `terms` once."""
        return sum(map(self.weight, terms))

    def scores(
        self, terms: Iterable[str], factors: Mapping[str, float] = NO_FACTORS
    ) -> dict[int, float]:
        """Return the documents that hold any of `terms`, and how well each answers.

        A term counts its factor more, where it has one.
        """
        found: dict[int, float] = {}
        for term in terms:
            weight = self.weight(term) * factors.get(term, 1.0)
            for number, count in self.holding(term):
                part = weight * count * (SATURATION + 1) / (count + self._norms[number])
                found[number] = found.get(number, 0.0) + part
        return found

    def holding(self, term: str) -> list[tuple[int, int]]:
        """Return the documents that hold a term, with how often."""
        found = self._postings.get(term)
        if found is None:
            if len(self._postings) >= TERMS_CACHED_MAX:
                self._postings.clear()
            found = [
                (number, counts[term])
                for number, counts in enumerate(self._documents)
                if term in counts
            ]
            self._postings[term] = found
        return found
