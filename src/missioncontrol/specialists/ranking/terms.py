"""The words that files, commits and asks are compared by: stems of prose and of identifiers."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from missioncontrol.specialists.words import STOP_WORDS, stem

_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
"""A word of prose, or of `SecureCookieSession`, `open_session`, `HTTPServer` and `parseURLs`."""
_RUN = re.compile(r"[^\W\d_]+")
_LETTERS = bytes(each if chr(each).isascii() and chr(each).isalpha() else 32 for each in range(256))
_TRAILER = re.compile(r"(?im)^\s*(?:co-authored-by|signed-off-by|reviewed-by|change-id):.*$")
_ADDRESS = re.compile(r"https?://\S+")
_MERGE = re.compile(r"(?im)^merge (?:pull request #\d+ from \S+|(?:remote-tracking )?branch .*)$")
LENGTH_MIN, LENGTH_MAX = 2, 40
"""Shorter words say nothing; longer ones are data."""
RUNS_CACHED_MAX = 200_000
"""Runs of letters, such as `SecureCookieSession`, whose stems are remembered."""


def counted(text: str) -> dict[str, int]:
    """Return how often each stem occurs in a text: code, prose or a path."""
    found: dict[str, int] = {}
    for run, count in Counter(_runs(text)).items():
        for root in _stems(run):
            found[root] = found.get(root, 0) + count
    return found


def _runs(text: str) -> list[str]:
    """Return the longest runs of letters; no word reaches beyond one."""
    if text.isascii():  # As nearly all code is; this takes half as long as the pattern does.
        return text.encode().translate(_LETTERS).decode("ascii").split()
    return _RUN.findall(text)


@lru_cache(maxsize=RUNS_CACHED_MAX)
def _stems(run: str) -> tuple[str, ...]:
    words = _WORD.findall(run)
    return tuple(stem(word) for word in words if LENGTH_MIN <= len(word) <= LENGTH_MAX)


def goal_stems(text: str) -> dict[str, int]:
    """Return the stems that say what a goal or a commit is about, and how often they occur.

    What tools write into messages (trailers, addresses, the names of merged branches) is left out.
    """
    return counted(" ".join(_significant_words(_without_noise(text))))


def spelt(text: str) -> dict[str, str]:
    """Return, for each stem of `goal_stems`, the word as it first stands in the text."""
    found: dict[str, str] = {}
    for word in _significant_words(_without_noise(text)):
        found.setdefault(stem(word), word)
    return found


def title(text: str) -> str:
    """Return the first line that says something, without what tools wrote into it."""
    lines = (line.strip() for line in _without_noise(text).splitlines())
    return next((line for line in lines if line), "")


def _without_noise(text: str) -> str:
    return _ADDRESS.sub(" ", _MERGE.sub(" ", _TRAILER.sub(" ", text)))


def _significant_words(text: str) -> Iterable[str]:
    return (
        word
        for word in _WORD.findall(text)
        if LENGTH_MIN <= len(word) <= LENGTH_MAX and word.lower() not in STOP_WORDS
    )
