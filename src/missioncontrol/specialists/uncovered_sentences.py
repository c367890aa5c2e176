"""Finds sentences of a goal that no requirement took up, so that nothing asked for vanishes."""

import re
from collections.abc import Iterable

from missioncontrol.domain.plan import Requirement
from missioncontrol.specialists.words import significant_words, stem

SHARE_MIN = 0.6
"""A sentence counts as covered when this share of its telling words stands in requirements."""
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TABLE_HEAD = re.compile(r"(?m)^[ \t]*\|.*\n[ \t]*\|?[ \t]*:?-{2,}.*$")
_LAID_OUT = re.compile(
    r"\s*(?:#{1,6}\s|.{0,80}:\s*$|(?:Feature|Scenario(?: Outline)?|Background):"
    r"|at \S+.*:\d+\)?$|File \"|goroutine \d+ )"
)
"""Headings and traces: they ask for nothing themselves."""
_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")


def uncovered_sentences(texts: Iterable[str], requirements: Iterable[Requirement]) -> list[str]:
    """Return the sentences of `texts` whose telling words stand in no requirement, in order."""
    stated = {word for each in requirements for word in _stems(f"{each.text} {each.source}")}
    found = []
    for text in texts:
        for sentence in _ENDS.split(_TABLE_HEAD.sub("\n", _FENCED.sub("\n", text))):
            if _LAID_OUT.match(sentence):
                continue
            words = _stems(sentence)
            if len(words) > 1 and len(words & stated) < SHARE_MIN * len(words):
                found.append(sentence.strip().lstrip("-*# "))
    return found


def _stems(text: str) -> set[str]:
    return {stem(word) for word in significant_words(text)}
