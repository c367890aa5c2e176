"""The words of a text that say what it is about."""

import re

WORDS_MAX = 60
LENGTH_MIN, LENGTH_MAX = 2, 40

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_ADDRESS = re.compile(r"https?://\S+")
_SAYS_NOTHING = """
    a about above add after again against all also an and any are as at be because been before being
    below between both but by can could did do does doing done down each else even every few for
    from further get give given had has have having he her here him his how i if in instead into is
    it its itself just keep let like made make makes many may me might more most much must my need
    needs never new no nor not now of off on once one only or other our out over own per please put
    same set several shall she should since so some such take than that the their them then there
    these they this those through to too under until up us use used uses using very via want was we
    were what when where whether which while who why will with within without work works would yet
    you your
"""
_SILENT = frozenset(_SAYS_NOTHING.split())
"""Words that stand in any text."""


def telling(text: str) -> list[str]:
    """Return the words that say what `text` is about, each once, in its order; bounded.

    `SessionInterface` and `session_interface` come as the words that they are made of.
    """
    found: dict[str, str] = {}
    for word in _WORD.findall(_ADDRESS.sub(" ", text)):
        parts = _PARTS.findall(word) if not word.islower() and not word.isupper() else [word]
        for part in parts:
            low = part.lower()
            if low not in _SILENT and LENGTH_MIN <= len(low) <= LENGTH_MAX:
                found.setdefault(low, part)
        if len(found) >= WORDS_MAX:
            break
    return list(found)[:WORDS_MAX]
