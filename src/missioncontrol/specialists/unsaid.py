"""Finds sentences of a goal that no requirement took up, so that nothing asked for vanishes."""

import re
from collections.abc import Iterable

from missioncontrol.domain.plan import Requirement
from missioncontrol.specialists.words import stem, telling_words

SHARE_MIN = 0.6
"""A sentence counts as taken up when this share of its telling words stands in requirements."""
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")


def left_unsaid(texts: Iterable[str], requirements: Iterable[Requirement]) -> list[str]:
    """Return the sentences of `texts` whose telling words stand in no requirement, in order."""
    said = {word for each in requirements for word in _stems(f"{each.text} {each.source}")}
    found = []
    for text in texts:
        for sentence in _ENDS.split(_FENCED.sub("\n", text)):
            words = _stems(sentence)
            if len(words) > 1 and len(words & said) < SHARE_MIN * len(words):
                found.append(sentence.strip().lstrip("-*# "))
    return found


def _stems(text: str) -> set[str]:
    return {stem(word) for word in telling_words(text)}
