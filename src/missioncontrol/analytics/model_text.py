"""Validates a model's text of a summary against the facts, numeral by numeral."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from missioncontrol.analytics.facts import HEADLINE, facts_of, is_impersonal, points_of
from missioncontrol.analytics.narrative import THIN, Sentence
from missioncontrol.analytics.summary import PARTS, Point, Summary
from missioncontrol.domain.alert import Quoted
from missioncontrol.domain.digest import FACTS_MAX, PASSAGE_MAX, PASSAGES_MAX, Passage, Written

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
_NUMERAL_WORD = re.compile(r"[^\W\d_]+")
_MARKUP = re.compile(r"[\x00-\x1f<>#|*_`\[\]{}\\]|https?:|\u200b|[\u202a-\u202e\u2066-\u2069]")
_NAME = re.compile(r"\b(?:[A-Za-z]\w*(?:[._/-]\w+)+|[a-z]+[A-Z]\w*)\b|(?<=[\w,;:] )[A-Z]\w*")
_WORD = re.compile(r"[^\W\d_]+")
_LESS = """
fell fall falls fallen falling drop drops dropped dropping declined decline declines less fewer
lower lost losing shrank shrunk worse worsened decreased decrease decreasing slid slumped dipped
missing
"""
_MORE = """
rose rise rises risen rising grew grow grows grown growing more higher increase increased
increasing gained gain better climbed climb jumped surged improved improvement
"""
_DOWN, _UP = frozenset(_LESS.split()), frozenset(_MORE.split())
_TURN = re.compile(
    r"\b(?:is|are|was|were|be|been|went|goes|go|came) (up|down)\b"
    "|\\b(up|down)\\b(?= (?:by |from )?[+\N{MINUS SIGN}-]?[0-9])",
    re.IGNORECASE,
)
"""Where "up" and "down" are directions, unlike in "sign up" and "up to 5"."""
_SIGNED = re.compile("(?<![\\w.])([+\N{MINUS SIGN}-])[0-9]")
_BOUND = re.compile(
    r"\b(?:more than|less than|fewer than|over|under|above|below|at least|at most|nearly|almost"
    r"|about|around|roughly|some) (?=[+\N{MINUS SIGN}-]?[0-9])",
    re.IGNORECASE,
)
_REASONS = re.compile(
    r"\b(?:because|due to|owing to|thanks to|caus(?:e|es|ed|ing)|as a result|driven by|led to"
    r"|leads to|result(?:s|ed) in|root cause)\b",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\b(?:(?:come|came|comes) back|still|ongoing|no longer|over now|for good|for now|so far"
    r"|worst|best|record|all-time|first time|main|mainly|mostly|only)\b",
    re.IGNORECASE,
)
"""Statements that go beyond a figure."""
_PROMISING = """
always never guaranteed certainly definitely everybody everyone recovered recovering recovery
resolved fixed
"""
_PROMISES = frozenset(_PROMISING.split())


class Numeral(msgspec.Struct, frozen=True):
    """A numeral without its sign: a number as 3204, a share as 41.8, a day as `3 Nov`."""

    kind: Kind
    value: str


def fault_of(written: Written, summary: Summary) -> str:
    """Return why a model's text is invalid for a summary; "" where it is valid."""
    facts = facts_of(summary)
    return next(_faults(written, facts), "")


def in_model_words(written: Written, model: str, summary: Summary) -> Summary:
    """Return a summary in a model's valid words, with the figures that they quote."""
    points = points_of(summary)
    parts = {
        name: tuple(_point(each, points, name, summary) for each in getattr(written, name))
        for name in PARTS
    }
    verdict = Sentence(
        written.headline.text, _quoted(written.headline, points, summary.verdict.figures)
    )
    return msgspec.structs.replace(summary, verdict=verdict, written_by=model, **parts)


def _faults(written: Written, facts: Mapping[str, str]) -> Iterator[str]:
    yield from _passage_faults(written.headline, facts, HEADLINE)
    for name in PARTS:
        passages: tuple[Passage, ...] = getattr(written, name)
        if len(passages) > PASSAGES_MAX:
            yield f"`{name}` has {len(passages)} passages; at most {PASSAGES_MAX} fit."
        if not passages and any(each.startswith(f"{name}-") for each in facts):
            yield f"`{name}` is empty although there are facts for it."
        for each in passages[:PASSAGES_MAX]:
            yield from _passage_faults(each, facts, name)


def _passage_faults(passage: Passage, facts: Mapping[str, str], part: str) -> Iterator[str]:
    text = passage.text
    if not text.strip() or len(text) > PASSAGE_MAX:
        yield f"A passage of `{part}` has {len(text)} characters; 1 to {PASSAGE_MAX} fit."
    if found := _MARKUP.search(text):
        yield f"A passage holds {found[0]!r} instead of plain words on one line."
    strange = [each for each in passage.facts if each not in facts]
    if strange or not 1 <= len(passage.facts) <= FACTS_MAX:
        yield f"A passage of `{part}` rests on {strange or len(passage.facts)!r}."
        return
    if part != HEADLINE and not any(each.startswith(f"{part}-") for each in passage.facts):
        yield f"A passage of `{part}` rests on no fact of that part."
    yield from _meaning_faults(text, " \n".join(facts[each] for each in passage.facts))


def _meaning_faults(text: str, ground: str) -> Iterator[str]:
    low = ground.casefold()
    for numeral in sorted(numerals(text) - numerals(ground), key=_order):
        yield f"It says {_shown(numeral)}, and none of its facts does."
    for way in sorted(_directions(text) - _directions(ground)):
        yield f"It says that something went {way}, and none of its facts does."
    for each in sorted({*_words(text)} & _PROMISES - {*_words(ground)}):
        yield f"It says “{each}”, and none of its facts does."
    for pattern, what in (
        (_NAME, "names"),
        (_BOUND, "bounds"),
        (_REASONS, "reasons by"),
        (_STATES, "says"),
    ):
        for each in pattern.findall(text):
            if each.casefold() not in low:
                yield f"It {what} “{each[:60].strip()}”, and none of its facts does."
    if not is_impersonal(text):
        yield "It holds what looks like a person's address or number."


def _point(passage: Passage, points: Mapping[str, Point], part: str, summary: Summary) -> Point:
    """Return a passage as a point with the target of the first fact of its part."""
    own = next(points[each] for each in passage.facts if each.startswith(f"{part}-"))
    figures = _quoted(passage, points, summary.verdict.figures)
    return msgspec.structs.replace(own, text=passage.text, figures=figures)


def _quoted(
    passage: Passage, points: Mapping[str, Point], verdict: tuple[Quoted, ...]
) -> tuple[Quoted, ...]:
    """Return the figures of a passage's facts whose numerals its text quotes."""
    mentioned = numerals(passage.text)
    cited = (verdict if each == HEADLINE else points[each].figures for each in passage.facts)
    found = {
        (figure.shown, msgspec.json.encode(figure)): figure
        for figures in cited
        for figure in figures
        if numerals(figure.shown.replace(THIN, ",")) <= mentioned
    }
    text = passage.text
    standing = [_as_it_stands(each, text) for each in found.values()]
    return tuple(sorted(standing, key=lambda each: text.find(each.shown) % (len(text) + 1)))


def _directions(text: str) -> set[str]:
    """Return the directions in a text, `up` and `down`, by its words and signs."""
    mentioned, signs = set(_words(text)), set(_SIGNED.findall(text))
    found = {each.lower() for pair in _TURN.findall(text) for each in pair if each}
    if mentioned & _DOWN or signs & {"-", "\N{MINUS SIGN}"}:
        found.add("down")
    return found | ({"up"} if mentioned & _UP or "+" in signs else set())


def _as_it_stands(figure: Quoted, text: str) -> Quoted:
    """Return a figure in the form that a text uses: with commas, or without its sign."""
    plain = figure.shown.replace(THIN, ",")
    bare = plain.lstrip("+\N{MINUS SIGN}")
    signed = (plain, plain.replace("\N{MINUS SIGN}", "-"), bare)
    forms = [form for each in signed for form in (each, each.replace(" %", "%"))]
    shown = next((each for each in forms if each in text), figure.shown)
    return msgspec.structs.replace(figure, shown=shown)


def _words(text: str) -> list[str]:
    return [each.casefold() for each in _WORD.findall(text)]


def _order(numeral: Numeral) -> tuple[str, str]:
    return numeral.kind, numeral.value


def _shown(numeral: Numeral) -> str:
    return f"{numeral.value} %" if numeral.kind == "share" else f"“{numeral.value}”"


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
        yield Numeral("share", plain_numerals(each[1]))
    rest = _SHARE.sub(" ; ", rest)
    yield from (Numeral("number", plain_numerals(each[0])) for each in _PLAIN.finditer(rest))
    yield from _in_words(_PLAIN.sub(" ; ", rest))


def plain_numerals(number: str) -> str:
    """Return a number as digits with a point, without sign, grouping and trailing zeros."""
    digits = re.sub("[^0-9.]", "", unicodedata.normalize("NFKC", number))
    return format(Decimal(digits or "0").normalize(), "f")


def _in_words(text: str) -> Iterator[Numeral]:
    for word in _NUMERAL_WORD.findall(text):
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
