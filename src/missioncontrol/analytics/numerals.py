"""The numerals of a text: numbers, shares, days, and words that count.

They reveal numbers that occur in one text and not in another, in any notation: digits of any
script, fractions, numbers in words, and names with digits.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["number", "share", "day", "word"]

_YEAR = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = _YEAR.split()
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_TH = r"(?:st|nd|rd|th)?"
_NUMBER = "(?:[0-9]{1,3}(?:[,\u2009\u202f\u00a0 ][0-9]{3})+|[0-9]+)(?:\\.[0-9]+)?"
_SIGN = "[+\N{MINUS SIGN}-]?"
_DAYS = re.compile(
    rf"\b([0-9]{{1,2}}){_TH} (?:and|to|until|[-\u2013]) ([0-9]{{1,2}}){_TH} {_MONTH}"
)
_DAY = re.compile(rf"\b([0-9]{{1,2}}){_TH} (?:of )?{_MONTH}")
_DAY_AFTER = re.compile(rf"\b{_MONTH} ([0-9]{{1,2}}){_TH}\b(?! %)")
_ISO = re.compile(r"\b[0-9]{4}-([0-9]{2})-([0-9]{2})\b")
_GLUED = re.compile(r"[^\W\d]+[\w-]*[0-9][\w-]*|[0-9][0-9.,]*[^\W\d]\w*")
_SHARE = re.compile(rf"({_SIGN}{_NUMBER})\s?(?:%|percent\b|per cent\b)")
_PLAIN = re.compile(rf"{_SIGN}{_NUMBER}")
_COUNTS = """
zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds
thousand thousands million millions billion dozen dozens half halved third thirds quarter quarters
fifth tenth double doubled doubling twice triple tripled thrice quadrupled tenfold twofold threefold
majority both couple
"""
_COUNTING = frozenset(_COUNTS.split())
_ONE = re.compile(r"\bone (?:in|of every|out of|percent|per cent|%)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


class Numeral(msgspec.Struct, frozen=True):
    """A numeral without its sign: a number as 3204, a share as 41.8, a day as `3 Nov`."""

    kind: Kind
    value: str


def numerals(text: str) -> frozenset[Numeral]:
    """Return the numerals of a text."""
    return frozenset(_found(text))


def _found(text: str) -> Iterator[Numeral]:
    rest = text
    for pattern, read in ((_ISO, _iso), (_DAYS, _days), (_DAY, _day), (_DAY_AFTER, _day_after)):
        for each in pattern.finditer(rest):
            yield from (Numeral("day", day) for day in read(each))
        rest = pattern.sub(" ; ", rest)
    for each in _GLUED.finditer(rest):
        yield Numeral("word", each[0].lower())
    rest = _GLUED.sub(" ; ", rest)
    for each in _SHARE.finditer(rest):
        yield Numeral("share", plain(each[1]))
    rest = _SHARE.sub(" ; ", rest)
    yield from (Numeral("number", plain(each[0])) for each in _PLAIN.finditer(rest))
    yield from _in_words(_PLAIN.sub(" ; ", rest))


def plain(number: str) -> str:
    """Return a number as digits with a point, without sign, grouping and trailing zeros."""
    digits = re.sub("[^0-9.]", "", unicodedata.normalize("NFKC", number))
    return format(Decimal(digits or "0").normalize(), "f")


def _in_words(text: str) -> Iterator[Numeral]:
    for word in _WORD.findall(text):
        if word.lower() in _COUNTING:
            yield Numeral("word", word.lower())
    for each in _ONE.finditer(text):
        yield Numeral("word", each[0].lower())
    # Such as the one-letter half, a circled 5 or a Roman numeral.
    for letter in text:
        if unicodedata.category(letter).startswith("N"):
            yield Numeral("word", letter)


def _iso(found: "re.Match[str]") -> tuple[str, ...]:
    month = int(found[1])
    return (f"{int(found[2])} {_MONTHS[month - 1] if 1 <= month <= 12 else month}",)


def _days(found: "re.Match[str]") -> tuple[str, ...]:
    return tuple(f"{int(found[at])} {found[3][:3]}" for at in (1, 2))


def _day(found: "re.Match[str]") -> tuple[str, ...]:
    return (f"{int(found[1])} {found[2][:3]}",)


def _day_after(found: "re.Match[str]") -> tuple[str, ...]:
    return (f"{int(found[2])} {found[1][:3]}",)
