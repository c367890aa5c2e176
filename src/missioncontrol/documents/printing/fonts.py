"""The fonts that the press has besides its own, where the extra `fonts` is installed.

They are found by the names of their packages and never looked for elsewhere on the machine, so that
the same document with the same packages gives the same file.
"""

import importlib.util
import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
HOW = "pip install 'missioncontrol[fonts]'"
"""What gives the press shapes for Chinese, Japanese, Korean, emoji and more scripts."""

HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff]")
OTHERS = ("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans", "Noto Sans Symbols", "Noto Emoji")

Ranges = tuple[tuple[int, int], ...]


@cache
def folders() -> tuple[str, ...]:
    """Return the directories of the fonts that are installed."""
    specs = (importlib.util.find_spec(name) for name in PACKAGES)
    return tuple(str(Path(each.origin).parent) for each in specs if each and each.origin)


def families(text: str) -> tuple[str, ...]:
    """Return the fonts that stand in where those of the page lack a shape, the best one first.

    A Chinese character has another shape in Japan and in Korea: the other letters of the text tell
    which one is meant.
    """
    if not folders():
        return ()
    of = "KR" if HANGUL.search(text) else "JP" if KANA.search(text) else "SC"
    return (f"Noto Sans CJK {of}", *OTHERS)


@cache
def covered() -> Ranges:
    """Return the characters that the installed fonts have shapes for, as ranges of code points."""
    files = (file for folder in folders() for file in sorted(Path(folder).iterdir()))
    fonts = (file for file in files if file.suffix in (".ttf", ".otf", ".ttc"))
    return _joined(sorted({each for file in fonts for each in _characters(file)}))


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    """Return sorted ranges with those made one that meet."""
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)


def _characters(file: Path) -> Iterator[tuple[int, int]]:
    """Yield what the table `cmap` of an OpenType font lists, of a collection its first font."""
    with file.open("rb") as font:
        start = 0
        if font.read(4) == b"ttcf":
            font.seek(12)
            (start,) = struct.unpack(">I", font.read(4))
        font.seek(start + 4)
        (count,) = struct.unpack(">H6x", font.read(8))
        rows = (struct.unpack(">4s4xII", font.read(16)) for _ in range(count))
        at, size = next((at, size) for tag, at, size in rows if tag == b"cmap")
        font.seek(at)
        table = font.read(size)
    (subtables,) = struct.unpack_from(">H", table, 2)
    places = {struct.unpack_from(">I", table, 8 + 8 * n)[0] for n in range(subtables)}
    forms = {struct.unpack_from(">H", table, place)[0]: place for place in places}
    if 12 in forms:
        yield from _groups(table, forms[12])
    elif 4 in forms:
        yield from _segments(table, forms[4])


def _groups(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", table, at + 12)
    for low, high, _ in struct.iter_unpack(">III", table[at + 16 : at + 16 + 12 * count]):
        yield low, high


def _segments(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (twice,) = struct.unpack_from(">H", table, at + 6)
    count = twice // 2
    highs = struct.unpack_from(f">{count}H", table, at + 14)
    lows = struct.unpack_from(f">{count}H", table, at + 16 + twice)
    offsets = struct.unpack_from(f">{count}H", table, at + 16 + 3 * twice)
    for number, (low, high, offset) in enumerate(zip(lows, highs, offsets, strict=True)):
        if low == high == 0xFFFF:
            continue  # The last segment is a mark.
        if not offset:
            yield low, high
            continue
        place = at + 16 + 3 * twice + 2 * number + offset
        for code in range(low, high + 1):
            (glyph,) = struct.unpack_from(">H", table, place + 2 * (code - low))
            if glyph:
                yield code, code


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
    words = f"{have} no shape in the PDF and are named at its end."
    return words if folders() else f"{words} Most have one after `{HOW}`."


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
