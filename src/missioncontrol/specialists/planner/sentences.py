"""Cuts prose, bullet lists and code blocks into sentences, keeping quoted code and names whole."""

import re
from collections.abc import Iterator

import msgspec

from missioncontrol.specialists.planner.layout import plain

_FENCE = re.compile(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)")
_ITEM = re.compile(
    r"^\s*(?:[-*+•\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\[[ xX]\])\s+(?:\[[ xX]\]\s+)?(?P<text>.+)$"
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+.*|.*\S:)\s*$")
_END = re.compile(
    r"(?<=[.!?…])[\"”\u2019)\]]*\s+(?=[\"“\u2018(\[`]*\S)|(?<=[。\uff01\uff1f\uff1b\u0964\u061f\u06d4])|\s*;\s+"
)
_SHORT = re.compile(r"(?i)(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|incl|fig|dr|mr|mrs)|\b[a-z])\.$")


class Sentence(msgspec.Struct, frozen=True):
    """One sentence or list item."""

    text: str
    is_item: bool = False
    is_heading: bool = False


def sentences(text: str) -> list[Sentence]:
    """Return the sentences, list items and headings of `text`; code blocks are left out."""
    found: list[Sentence] = []
    for paragraph in _paragraphs(plain(_FENCE.sub("\n", text))):
        item = _ITEM.match(paragraph)
        if item:
            first, *rest = _cut(item["text"])
            found.append(Sentence(first, is_item=True))
            found += [Sentence(sentence) for sentence in rest]
        elif _HEADING.match(paragraph):
            found.append(Sentence(paragraph.strip().strip("#: \t"), is_heading=True))
        else:
            found += [Sentence(sentence) for sentence in _cut(paragraph)]
    return [sentence for sentence in found if sentence.text.strip()]


def shortened(text: str, length: int) -> str:
    """Return `text` on one line, cut at a word before `length` characters where it is longer."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > length // 2 else cut).rstrip(" ,;:.") + "…"


def capitalised(text: str) -> str:
    """Return `text` with its first letter large, unless it starts with code or a name."""
    first = text.split(None, 1)[0] if text.split() else ""
    if not first.isalpha() or not first.islower():
        return text
    return text[0].upper() + text[1:]


def _paragraphs(text: str) -> Iterator[str]:
    """Join lines that continue a sentence; list items and headings stand alone."""
    gathered: list[str] = []
    for line in [*text.splitlines(), ""]:
        item = _ITEM.match(line)
        heading = _HEADING.match(line)
        if gathered and (item or heading or not line.strip()):
            yield " ".join(gathered)
            gathered = []
        if heading and not item:
            yield line
        elif line.strip():
            gathered.append(line.rstrip() if not gathered else line.strip())
    if gathered:
        yield " ".join(gathered)


def _cut(paragraph: str) -> list[str]:
    pieces: list[str] = []
    start = 0
    for end in _END.finditer(paragraph):
        piece = paragraph[start : end.start()] + end.group().rstrip().rstrip(";")
        if _SHORT.search(piece) or piece.count("`") % 2:
            continue
        pieces.append(piece.strip())
        start = end.end()
    pieces.append(paragraph[start:].strip())
    return [piece for piece in pieces if piece]
