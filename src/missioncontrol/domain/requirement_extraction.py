"""Which sentences demand something by their words, and whether a requirement covers it.

The check of a plan reads them again: it may not trust a planner on what asks for nothing.
"""

import re
from collections.abc import Iterable
from typing import Literal

from missioncontrol.domain.plan import Requirement

Demand = Literal["prohibition", "expectation", "order", "fault"]

WORD_LETTERS_MIN = 4
"""Shorter words tell no two demands apart."""

SAME_SHARE = 0.75
"""Of the words of a demand: a requirement that has as many says the same."""

ABOUT_SHARE = 0.34
"""Of the words of a fault: a requirement that has as many is there to mend it."""

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|`[^`]*`|\b\w+://\S+")
_ASIDE = re.compile(r"\([^)]*\)")
_BACKGROUND = re.compile(
    r"(?i)\b(?:previously|formerly|originally|already|would(?:n['\u2019]t)?|could|i think|we think"
    r"|used to|was|were|had|did|currently|at the moment|this (?:commit|change|patch|pr)|if you"
    r"|for example|fixes|fixed|closes|refs?|see also)\b|\?\s*$"
)
"""Matches what was, is being done or is thought: such a sentence asks for nothing by it."""

_PROHIBITION = re.compile(
    r"(?i)\b(?:must|should|shall|may|needs? to|ha(?:s|ve) to)\s+(?:not|never)\b"
    r"|\b(?:mustn|shouldn)['\u2019]t\b|\bunder no circumstances\b"
    r"|^(?:(?:and|but|also|please|so)[\s,]+)*(?:do not|don['\u2019]t|never)\s+[a-z]+"
    r"|\b(?:nobody|no one|nothing|none|no [\w-]+)\s+(?:may|must|should|shall|can be)\b"
    r"|(?<!which )(?<!that )\b(?:is|are) (?:not|never) (?:to be|allowed)\b"
)
_EXPECTATION = re.compile(
    r"(?i)\b(?:is|are) expected to\b|\b(?:i|we)(?:['\u2019]d| would)? expect(?:ed)?\b"
    r"|^expected(?:\s+\w+){0,2}:\s*\S|^(?:this is )?so that\b(?!\s*:)"
)
_ORDER = re.compile(
    r"(?i)\b(?:should|must|shall|ought to)\s+(?:also\s+|only\s+|always\s+|still\s+)?[a-z]+"
    r"|\b(?:needs?|ha(?:s|ve)) to\s+[a-z]+\b"
    r"|\b(?:is|are) (?:required|mandatory|to be \w+(?:ed|en))\b"
)
_NAMES_NOTHING = re.compile(
    r"(?i)^(?:[\w ]{1,40}:)?\s*(?:should|must|shall|ought to)\s+(?:\w+ly\s+|also\s+)?[a-z]+\W*$"
)
"""An order without a subject and an object, such as “Steps: should add”."""
_ADDRESSED = re.compile(
    r"(?i)\b(?:you|i|one|people|users?|we)\s+(?:\w+\s+)?(?:needs?|ha(?:s|ve)) to\b"
)
"""“Users have to install it by hand” complains of today; it orders nothing."""
_FAULT = re.compile(
    r"(?ix)\b(?:crash(?:es)?|hangs|deadlocks|segfaults|leaks"
    r"|fails?\ (?:to|with|when|on|if|for)\b"
    r"|(?:loses|drops|ignores|swallows|corrupts|truncates|overwrites|duplicates)\ (?!to\b|from\b)"
    r"|[a-z]{3,}s\ (?:hang|leak|lose|drop|ignore|swallow|corrupt|truncate|overwrite|duplicate"
    r"|raise|throw)\b"
    r"|raises|throws)\b"
    r"|\b(?:does|do)(?:n['\u2019]t|\ not)\ (?:work|close|release|respect|honou?r|send|return"
    r"|start|stop|respond|appear)\b"
    r"|\b(?:is|are|gets?)\ (?:\w+ly\ |still\ )?(?:broken|wrong|lost|ignored|dropped"
    r"|corrupt(?:ed)?|truncated|duplicated)\b"
    r"|\b(?:returns?|prints?|shows?|gives?|sends?|yields?)\ (?:nothing|garbage"
    r"|(?:an?\ |the\ )?(?:wrong|stale|empty|bogus))\b"
)
_CLAUSE = re.compile(r"(?i)\b(?:when(?:ever)?|if|because|since|while|that|which|who|until)\b.*$")
_BACK = re.compile(
    r"(?i)^(?:(?:and|but|so|then|also|because|since)[\s,]+)*(?:it|its|this|that|they|these|those|there)\b"
)
_HEADING = re.compile(r"^[\w ]{1,40}:?$")
_MENDS = re.compile(r"(?i)^(?:fix|repair|resolve|correct|mend|debug)\b")
_WORD = re.compile(r"[^\W\d_]\w+")


def demand_in(words: str, *, faults: bool = True) -> Demand | None:
    """Return what a sentence demands in form; with `faults`, one that tells a fault counts too."""
    plain = _ASIDE.sub(" ", _QUOTED.sub("it", words)).strip(" -*>#")
    if "```" in words or _BACKGROUND.search(plain) or _HEADING.match(plain):
        return None
    if _NAMES_NOTHING.match(plain):
        return None
    if _PROHIBITION.search(plain):
        return "prohibition"
    if _EXPECTATION.search(plain):
        return "expectation"
    if _ORDER.search(_ADDRESSED.sub(" ", plain)):
        return "order"
    return "fault" if faults and _FAULT.search(_CLAUSE.sub(" ", plain)) else None


def points_back(words: str) -> bool:
    """Whether a sentence goes on about the one before it, as in “That breaks links”."""
    return _BACK.match(words) is not None


def mends(requirements: Iterable[Requirement]) -> bool:
    """Whether a requirement asks in so many words that something is repaired."""
    return any(_MENDS.match(each.text) for each in requirements)


def takes_up(requirements: Iterable[Requirement], demand: Demand, words: str) -> bool:
    """Whether a requirement says what `words` demand; one about the same thing mends a fault."""
    wanted = _key_words(words)
    share = ABOUT_SHARE if demand == "fault" else SAME_SHARE
    return any(
        len(wanted & stated) >= share * len(wanted)
        for stated in map(_requirement_words, requirements)
    )


def _requirement_words(requirement: Requirement) -> frozenset[str]:
    return _key_words(" ".join([requirement.text, *(each.words for each in requirement.origins)]))


def _key_words(text: str) -> frozenset[str]:
    """Return the words that tell demands apart, without the endings of many and of verbs."""
    found = (word.casefold() for word in _WORD.findall(text) if len(word) >= WORD_LETTERS_MIN)
    return frozenset(re.sub(r"e?[sd]$|e$|ing$", "", word) for word in found)
