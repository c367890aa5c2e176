"""Which characters the fonts of the press can draw, and what stands for the others."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from missioncontrol.documents.printing.fonts import HOW, covered, folders

_COVERAGE = Path(__file__).with_name("coverage.txt")
NAMED_MAX = 40
"""Characters that the fonts lack, named one by one."""


def spelled(text: str) -> str:
    """Write out the characters that no font has as their code points, such as `⟨U+65E5⟩`."""
    return _lacking().sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def lacking(text: str) -> tuple[str, ...]:
    """Return the characters of `text` that no font has, each once."""
    return tuple(sorted(set(_lacking().findall(text))))


def shapeless(text: str) -> str:
    """Say how many characters of `text` a PDF has no shape for, and what helps; "" where none."""
    count = len(lacking(text))
    if not count:
        return ""
    have = "1 character has" if count == 1 else f"{count} characters have"
    said = f"{have} no shape in the PDF and are named at its end."
    return said if folders() else f"{said} Most have one after `{HOW}`."


def names(characters: tuple[str, ...]) -> str:
    """Return code points with their names in Unicode."""
    named = [f"U+{ord(each):04X} {unicodedata.name(each, 'unnamed')}" for each in characters]
    more = len(named) - NAMED_MAX
    return "; ".join(named[:NAMED_MAX]) + (f"; and {more} more" if more > 0 else "")


@cache
def _lacking() -> re.Pattern[str]:
    """Return what finds a character that none of the fonts has a glyph for."""
    embedded = (
        (int(each.partition("-")[0], 16), int(each.rpartition("-")[2], 16))
        for each in _COVERAGE.read_text("ascii").split()
    )
    pairs = (*embedded, *((max(low, 0x20), high) for low, high in covered() if high >= 0x20))
    ranges = "".join(rf"\U{low:08x}-\U{high:08x}" for low, high in pairs)
    # Joiners and variation selectors have no shape of their own.
    return re.compile(rf"[^\n\t{ranges}\u200b-\u200d\ufe00-\ufe0f]")
