"""Whether a concept of the catalogue is what a goal means, or only shares a word with it.

“Bookings” of a bank are no reservations. What tells is how much of the goal the concept's own texts
speak of besides the word that chose it. The weights are learned from pairs of goals and concepts
that people judged (`bench/greenfield`).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from missioncontrol.specialists.greenfield.catalogue import Concept
from missioncontrol.specialists.greenfield.lexicon import closed_words
from missioncontrol.specialists.greenfield.weights import score, weights

STEM = 6
RARE = 2.0
"""A stem that stands in at most this share of the catalogue's entries, as its logarithm."""
_WORD = re.compile(r"[a-z]{4,}")
_NO_TEXT = frozenset({"words", "verbs", "unless", "key"})


def stems(text: str) -> Counter[str]:
    """Return how often the words of a text occur, each cut to its beginning."""
    words = (word for word in _WORD.findall(text.lower()) if word not in closed_words())
    return Counter(word[:STEM] for word in words)


@cache
def own_stems(concept: Concept) -> Counter[str]:
    """Return the stems of all texts of a concept."""
    return stems(" ".join(_texts(msgspec.to_builtins(concept))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in _NO_TEXT:
                yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def relevance_features(
    concept: Concept, found: Collection[str], goal: str, nouns: Mapping[str, float]
) -> dict[str, float]:
    """Return what tells whether a concept that the words `found` chose is meant.

    `nouns` are the nouns of the goal with how likely they are stored.
    """
    rarity = weights("rarity")
    spoken = {word for each in found for word in _WORD.findall(each)}
    own = {word[:STEM] for word in spoken}
    texts = own_stems(concept)
    shared = [stem for stem in stems(goal) if stem in texts and stem not in own]
    support = sum(rarity.get(s, 6.0) * min(2, texts[s]) / 2 for s in shared)
    known = [nouns[word] for word in spoken if word in nouns]
    features = {
        "bias": 1.0,
        "support": min(support, 30.0) / 10,
        "support squared": min(support, 30.0) ** 2 / 200,
        "rare": min(sum(rarity.get(s, 6.0) > RARE for s in shared), 6) / 3,
        "found": float(min(len(found), 4) - 1),
        "phrase": float(max((len(each.split()) for each in found), default=1) - 1),
        "rarity": min((rarity.get(stem, 6.0) for stem in own), default=0.0) / 5,
        "noun": float(bool(known)),
        "stored": max(known, default=0.0) / 3,
        "length": min(len(goal), 800) / 400,
        f"concept {concept.key}": 0.7,
    }
    features |= {f"word {each}": 0.7 for each in found}
    return {name: value for name, value in features.items() if value}


def relevance(
    concept: Concept, found: Collection[str], goal: str, nouns: Mapping[str, float]
) -> float:
    """Return the log odds that a concept is meant."""
    return score(weights("relevance"), relevance_features(concept, found, goal, nouns))
