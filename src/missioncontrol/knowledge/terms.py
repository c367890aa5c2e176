"""The terms that texts are indexed and searched by: folded, stemmed words and parts of names.

A word keeps its place in the text, so that a reader can be shown what was found.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from typing import Any, NamedTuple

WORD_MAX = 40
"""Characters of a word that are looked at; what is longer is a digest or encoded data."""

STEMS_MAX = 100_000
"""Words whose stems are kept: the stemmer needs 70 microseconds for one."""

# Scripts without blanks between words, and Hangul, whose particles are written with the word: any
# two characters side by side are a term, as a segmenter would need a dictionary of each language.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_WORD = re.compile(
    rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+(?:['\u2019](?:(?![{_UNSPACED}])[^\W\d_])+)?"
)
_UNSPACED_WORD = re.compile(rf"[{_UNSPACED}]+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LANGUAGES: Mapping[str, str] = {
    "LATIN": "english",
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "ARMENIAN": "armenian",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
}
"""The stemmer of each script. Words of other languages in it lose some of their endings, too."""

_STOP_WORDS = """
    a about above add after again against all also an and any are as at be because been before being
    below between both but by can could did do does doing done down each either else even every few
    for from further get give given had has have having he her here him his how i if in instead into
    is it its itself just keep let like made make makes many may me might more most much must my
    need needs never new no nor not now of off on once one only or other our out over own per please
    put same set several shall she should since so some such take than that the their them then
    there these they this those through to too under until up upon us use used uses using very via
    want was we were what when where whether which while who whom whose why will with within without
    work works would yet you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words of any English text. Those of other languages are common, and so count for little."""


class Word(NamedTuple):
    """A word of a text: where it stands, and the terms that it is found by, the whole first."""

    start: int
    end: int
    terms: tuple[str, ...]


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of a text in order.

    `SessionInterface` has the terms of its parts as well; of an unspaced script, any two characters
    side by side are a word.
    """
    is_ascii = text.isascii()
    for found in _WORD.finditer(text):
        if not is_ascii and _UNSPACED_WORD.match(found[0]):
            for start in range(found.start(), max(found.end() - 1, found.start() + 1)):
                pair = text[start : min(start + 2, found.end())]
                yield Word(start, start + len(pair), (unicodedata.normalize("NFKC", pair),))
        elif terms := terms_of_word(found[0]):
            yield Word(found.start(), found.end(), terms)


def words_with(text: str, terms: AbstractSet[str]) -> list[Word]:
    """Return the words of a text that have any of these terms, in order."""
    if not text.isascii():
        return [word for word in words_of(text) if not terms.isdisjoint(word.terms)]
    return [
        Word(found.start(), found.end(), terms_of_word(found[0]))
        for found in _WORD.finditer(text)
        if not terms.isdisjoint(terms_of_word(found[0]))
    ]


def indexed(text: str) -> str:
    """Return all terms of a text, with blanks between them, as the index stores them."""
    return " ".join(" ".join(word.terms) for word in words_of(text))


@lru_cache(maxsize=STEMS_MAX)
def terms_of_word(word: str) -> tuple[str, ...]:
    """Return the terms of one word; none where it is too long to be one."""
    if len(word) > WORD_MAX:
        return ()
    is_name = word.isascii() and not word.islower() and not word.isupper()
    parts = _PARTS.findall(word) if is_name else []
    parts = [part for part in parts if len(part) > 1] if len(parts) > 1 else []
    return tuple(dict.fromkeys(stem for each in (word, *parts) if (stem := _stem(each))))


def _stem(word: str) -> str:
    """Return a word without case, ending and accents."""
    low = word.casefold().partition("\u2019")[0].partition("'")[0].replace("\u0451", "\u0435")
    name = unicodedata.name(low[:1], "").partition(" ")[0]
    if name == "LATIN":
        low = _without_accents(low)
    if name in _LANGUAGES and low.isalpha():
        low = _stemmer(_LANGUAGES[name]).stemWord(low)
    return "".join(filter(str.isalnum, _without_accents(low)))


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer(language)


def telling_words(text: str, *, most: int) -> list[Word]:
    """Return the words of a question that tell it from others, each once, at most so many."""
    found: dict[str, Word] = {}
    for word in words_of(_ADDRESS.sub(" ", text)):
        found.setdefault(word.terms[0], word)
    telling = [each for each in found.values() if each.terms[0] not in _stop_terms()]
    return (telling or list(found.values()))[:most]


@cache
def _stop_terms() -> frozenset[str]:
    letters = frozenset("abcdefghijklmnopqrstuvwxyz")
    return letters | {term for word in STOP_WORDS for term in terms_of_word(word)}


_ADDRESS = re.compile(r"https?://\S+")
