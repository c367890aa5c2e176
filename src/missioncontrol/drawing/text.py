"""How wide text is in a drawing, and how it is cut where there is no room for all of it."""

import unicodedata

from missioncontrol.domain.visible import visible

SIZE, SMALL = 12.0, 11.0
"""Pixels of the font of labels, and of notes and rows."""

_NARROW = frozenset("fijlrtI.,:;'|!()[]{}/ -`")
_WIDE = frozenset("mwMW@%")
SAFETY = 1.06
"""Fonts differ between systems; a box rather stands a little too wide."""


def width(text: str, size: float = SIZE) -> float:
    """Return about how many pixels `text` takes in a sans-serif font, rather more than fewer."""
    return sum(map(_share, text)) * size * SAFETY


def _share(letter: str) -> float:
    if letter in _NARROW:
        return 0.34
    if letter in _WIDE:
        return 0.9
    if letter.isascii():
        return 0.68 if letter.isupper() else 0.57
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.7


def cut(text: str, pixels: float, size: float = SIZE) -> str:
    """Return `text` on one line within `pixels`; a path keeps its end, all else its beginning."""
    line = visible(" ".join(text.split()))
    if width(line, size) <= pixels:
        return line
    keep_end = "/" in line and " " not in line
    room = pixels - width("…", size)
    kept: list[str] = []
    for letter in reversed(line) if keep_end else line:
        room -= width(letter, size)
        if room < 0:
            break
        kept.append(letter)
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept).rstrip() + "…"


def wrapped(text: str, pixels: float, lines_max: int, size: float = SIZE) -> tuple[str, ...]:
    """Break `text` between words into at most `lines_max` lines of `pixels`."""
    lines: list[str] = []
    words = visible(" ".join(text.split())).split(" ")
    while words and len(lines) < lines_max - 1:
        line = words.pop(0)
        while words and width(f"{line} {words[0]}", size) <= pixels:
            line = f"{line} {words.pop(0)}"
        lines.append(cut(line, pixels, size))
    if words:
        lines.append(cut(" ".join(words), pixels, size))
    return tuple(lines)
