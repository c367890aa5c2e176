"""Which words of an ask name the thing it is about, and which only say more about it."""

import re

from missioncontrol.specialists.words import significant_words, stem

HEAD_WORDS_MAX = 4
_OPENING = re.compile(
    r"(?i)^\W*(?:(?:please|fix|feat|bug|perf|docs|chore)\b[\s:]*)?"
    r"(?:as an? [^,.;]{1,40},? i (?:want|can|would like)(?: to)? )?"
)
_LETTING = re.compile(
    r"(?i)^\W*(?:let|allow|enable|permit|make|have)\s+(?:an?|the|our|each|every)?\s*(\w+)"
)
_JOINT = re.compile(
    r"(?i)[,.;:()\u3002]\s|\b(?:that|which|who|whose|when(?:ever)?|where|while|if|for|with|without"
    r"|from|by|to|in|into|on|at|as|per|after|before|until|so|because|should|must|can|cannot|may|is"
    r"|are|was|does|do|has|have|needs?)\b"
)
_LOCATION = re.compile(
    r"(?i)\b(?:in|into|inside|within|to|from|of)\s+(?:the|our)\s+((?:[\w-]+\s+){0,2}[\w-]+)\s*[.!]?$"
)
_PEOPLE = frozenset(
    stem(word)
    for word in ["user", "admin", "customer", "developer", "operator", "visitor", "owner", "caller"]
)
"""Who asks; what they ask for lies elsewhere."""


def head_stems(text: str) -> frozenset[str]:
    """Return the stems of the words that name what the first sentence of `text` is about.

    They are those before its first preposition or relative clause, and those of “in the …” at its
    end: “worker” in “let a worker skip jobs whose queue is paused”.
    """
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    first = re.split(r"(?<=[.!?])\s", first, maxsplit=1)[0]
    let = _LETTING.match(first)
    plain = let[1] if let else _OPENING.sub("", first, count=1)
    cut = _JOINT.search(plain)
    head = plain[: cut.start()] if cut and cut.start() > 0 else plain
    found = [stem(word) for word in significant_words(head)][:HEAD_WORDS_MAX]
    place = _LOCATION.search(first)
    found += [stem(word) for word in significant_words(place[1])] if place else []
    return frozenset(found) - _PEOPLE
