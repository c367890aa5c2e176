"""How wide text is in a drawing, and how it is cut where there is no room for all of it."""

import re
import unicodedata

from missioncontrol.domain.visible import visible

SIZE, SMALL = 12.0, 11.0
"""Pixels of the font of labels, and of notes and rows."""

_NARROW = frozenset("fijlrtI.,:;'|!()[]{}/ -`")
_SHARES = {
    **dict.fromkeys("mW%@", 0.97),
    **dict.fromkeys("MwQO", 0.84),
    **dict.fromkeys("GDHNU&", 0.76),
    **dict.fromkeys("bdghnopqu0123456789", 0.61),
}
"""Shares of the font's size where a letter is wider than its like, as DejaVu Sans has them: it is
the widest of the fonts that systems fall back on."""

SAFETY = 1.06
"""Fonts differ between systems; a box rather stands a little too wide."""

BOLD = 1.12
"""A semibold line is so much wider where a system has none and takes a bold one."""

_EMOJI = 1.3
"""Pictures are wider than the square of their line."""


def width(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Return about how many pixels `text` takes in a sans-serif font, rather more than fewer."""
    return sum(map(_share, text)) * size * SAFETY * (BOLD if bold else 1.0)


def _share(letter: str) -> float:
    if letter in _NARROW:
        return 0.34
    if letter in _SHARES:
        return _SHARES[letter]
    if letter.isascii():
        return 0.68 if letter.isupper() else 0.57
    return _foreign(letter)


def _foreign(letter: str) -> float:
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf"):
        return 0.0
    kind = unicodedata.east_asian_width(letter)
    if category.startswith("L") and kind not in "WF":
        # Letters of Greek and Cyrillic are as wide as a square in some fonts of East Asia only.
        return 1.1 if letter.isupper() else 0.9 if letter > "\uffff" else 0.75
    if kind in "WF":
        return _EMOJI if category == "So" else 1.0
    return 1.0 if kind == "A" else 0.9


def cut(text: str, pixels: float, size: float = SIZE, *, bold: bool = False) -> str:
    """Return `text` on one line within `pixels`; a path keeps its end, all else its beginning."""
    line = visible(" ".join(text.split()))
    if width(line, size, bold=bold) <= pixels:
        return line
    keep_end = "/" in line and " " not in line
    room = pixels - width("…", size, bold=bold)
    letters: list[str] = []
    for letter in reversed(line) if keep_end else line:
        room -= width(letter, size, bold=bold)
        if room < 0:
            break
        letters.append(letter)
    return "…" + "".join(reversed(letters)) if keep_end else "".join(letters).rstrip() + "…"


_WIDE = "\u1100-\u115f\u2e80-\u9fff\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60"
_CLOSING = (
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09"
    "\u300d\u300f\u3011\u3009\u300b\u3005\u30fc"
)
_PIECE = re.compile(f"[{_WIDE}][{_CLOSING}]*|[^{_WIDE}]+")
"""A letter of a script without blanks, with the marks that no line begins with; or other words."""


def wrapped(text: str, pixels: float, lines_max: int, size: float = SIZE) -> tuple[str, ...]:
    """Break `text` into at most `lines_max` lines of `pixels`, each cut where a word is longer.

    Lines break between words, and between any two letters of scripts that have no blanks.
    """
    lines: list[str] = []
    pieces = _pieces(visible(" ".join(text.split())))
    while pieces and len(lines) < lines_max - 1:
        line = pieces.pop(0).lstrip(" ")
        while pieces and width(line + pieces[0], size) <= pixels:
            line += pieces.pop(0)
        lines.append(cut(line, pixels, size))
    if pieces or not lines:
        lines.append(cut("".join(pieces), pixels, size))
    return tuple(lines)


def _pieces(line: str) -> list[str]:
    """Return what may stand on lines of its own, each with the blank before it."""
    found: list[str] = []
    for number, word in enumerate(line.split(" ")):
        blank = " " if number else ""
        first, *rest = _PIECE.findall(word) or [word]
        found += [f"{blank}{first}", *rest]
    return found
