"""Makes characters visible that would hide, imitate or reorder what a person is shown."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from missioncontrol.domain.canonical import place_in

Kind = Literal[
    "control",
    "bidirectional",
    "tag",
    "selector",  # chooses between forms of the character before it
    "invisible",
    "space",  # looks like a space and is none
    "private",
    "unassigned",
    "surrogate",
    "lookalike",  # a letter of another script amid Latin ones
]


class Oddity(msgspec.Struct, frozen=True):
    """A character that is not what it seems, or does not seem to be there."""

    at: int  # place in the text, 0 for the first character
    code: str  # such as `U+202E`
    name: str  # such as `RIGHT-TO-LEFT OVERRIDE`
    kind: Kind


class Found(msgspec.Struct, frozen=True):
    """An oddity in one of the texts of a value."""

    place: str  # such as `inputs.argv[2]`; empty where the value is the text
    in_key: bool  # it stands in the name of that place, not in its text
    oddity: Oddity


BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U00016fe4\U0001d159")
"""Letters and symbols by their category, blank on the screen."""

SELECTORS = frozenset(
    chr(code)
    for codes in ((0x180B, 0x180E), (0x180F, 0x1810), (0xFE00, 0xFE10), (0xE0100, 0xE01F0))
    for code in range(*codes)
)
_HIDDEN_MARKS = frozenset("\u034f\ufffc")
_ODD = BLANKS | SELECTORS | _HIDDEN_MARKS
"""What is odd although `str.isprintable` says that it can be printed."""

_BIDIRECTIONAL = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_KINDS: dict[str, Kind] = {
    "Cc": "control",
    "Co": "private",
    "Cn": "unassigned",
    "Cs": "surrogate",
    "Zs": "space",
    "Zl": "control",
    "Zp": "control",
}
_CONTROLS = {  # Unicode gives them no names of their own; these are what a terminal obeys
    0x00: "NULL",
    0x07: "ALERT",
    0x08: "BACKSPACE",
    0x09: "CHARACTER TABULATION",
    0x0A: "LINE FEED",
    0x0B: "LINE TABULATION",
    0x0C: "FORM FEED",
    0x0D: "CARRIAGE RETURN",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
    0x85: "NEXT LINE",
    0x90: "DEVICE CONTROL STRING",
    0x9B: "CONTROL SEQUENCE INTRODUCER",
    0x9C: "STRING TERMINATOR",
    0x9D: "OPERATING SYSTEM COMMAND",
}
_WORD = re.compile(r"\w+")
_LOOKALIKE_SCRIPTS = {"CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU"}
_MARK = re.compile(r"⟨(?=U\+)")


def visible(text: str) -> str:
    """Return `text` with every odd character written out, as `⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩`.

    Line feeds and tabs stay. Different texts stay different: a `⟨U+` that stands in the text
    itself is written out too. Lookalikes stay, see `suspicious`.
    """
    if text.isascii() and text.isprintable():
        return text
    marked = _MARK.sub("⟨U+27E8 MATHEMATICAL LEFT ANGLE BRACKET⟩", text)
    if marked.isprintable() and _ODD.isdisjoint(marked):
        return marked
    return "".join(_written(c) if _is_odd(c) else c for c in marked)


def one_line(text: str) -> str:
    """Return `visible` text on one line, with `⏎` for each line feed and `⇥` for each tab.

    Nothing else is changed, so that a command is shown as it is. Different texts stay different:
    those two signs are written out where they stand in the text itself.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    return visible(text.strip()).translate(_ON_ONE_LINE)


def suspicious(text: str) -> list[Oddity]:
    """Return every odd character of `text` in its order: what it is and where it stands."""
    if text.isascii() and text.isprintable():
        return []
    odd = [
        Oddity(at, _code(character), _name(character), _kind(character))
        for at, character in enumerate(text)
        if _is_odd(character)
    ]
    return sorted((*odd, *_lookalikes(text)), key=lambda oddity: oddity.at)


def suspicious_in(value: Any, place: str = "") -> Iterator[Found]:
    """Yield what is suspicious in the texts and keys of a plain value, in its order."""
    match value:
        case str():
            for oddity in suspicious(value):
                yield Found(place, False, oddity)
        case list() | tuple():
            for number, part in enumerate(value):
                yield from suspicious_in(part, place_in(place, number))
        case dict():
            for key, part in value.items():
                inside = place_in(place, key)
                for oddity in suspicious(key):
                    yield Found(inside, True, oddity)
                yield from suspicious_in(part, inside)


def _is_odd(character: str) -> bool:
    # `isprintable` is false for the categories Cc, Cf, Cn, Co, Cs, Zl, Zp, and Zs but for space.
    return (not character.isprintable() and character not in "\n\t") or character in _ODD


def _written(character: str) -> str:
    return f"⟨{_code(character)} {_name(character)}⟩"


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _name(character: str) -> str:
    unnamed = f"{_kind(character)} character".upper()
    return unicodedata.name(character, _CONTROLS.get(ord(character), unnamed))


def _kind(character: str) -> Kind:
    code = ord(character)
    if 0xE0000 <= code < 0xE0080:
        return "tag"
    if character in SELECTORS:
        return "selector"
    if character in _BIDIRECTIONAL:
        return "bidirectional"
    if character == "\u2800":
        return "space"
    return _KINDS.get(unicodedata.category(character), "invisible")


def _lookalikes(text: str) -> Iterator[Oddity]:
    """Yield letters of a script with Latin lookalikes, in words that hold Latin letters too."""
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        scripts = [unicodedata.name(letter, "").partition(" ")[0] for letter in word[0]]
        if "LATIN" in scripts:
            for at, (letter, script) in enumerate(zip(word[0], scripts, strict=True), word.start()):
                if script in _LOOKALIKE_SCRIPTS:
                    yield Oddity(at, _code(letter), unicodedata.name(letter), "lookalike")


_SIGNS = {"\n": "⏎", "\t": "⇥"}
_ON_ONE_LINE = str.maketrans(_SIGNS | {sign: _written(sign) for sign in _SIGNS.values()})
