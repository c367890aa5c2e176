"""Cuts a request into passages: sentences, list items, headings, rows of a table.

The planner reads goals by them, and the check of a plan asks for each of them again.
"""

import re
from collections.abc import Iterator

import msgspec

_FENCE = re.compile(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)")
ITEM = re.compile(
    r"^\s*(?:[-*+•\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\[[ xX]\])\s+(?:\[[ xX]\]\s+)?(?P<text>.+)$"
)
"""A line that is an item of a list; `text` is what it says."""

_HEADING = re.compile(r"^\s*(?:#{1,6}\s+.*|.*\S:)\s*$")
_END = re.compile(
    r"(?<=[.!?…])(?<!\s[!?])[\"”\u2019)\]]*\s+(?=[\"“\u2018(\[`]*\S)|(?<=[。\uff01\uff1f\uff1b\u0964\u061f\u06d4])|\s*;\s+"
)
_SHORT = re.compile(r"(?i)(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|incl|fig|dr|mr|mrs)|\b[a-z])\.$")

_UNIT = re.compile(r"[\s,][a-z]\.$")
"""“… as g, kg or t. Document it”: a small letter alone ends a sentence where a capital follows."""


class Passage(msgspec.Struct, frozen=True):
    """One sentence, list item or heading."""

    text: str
    is_item: bool = False
    is_heading: bool = False


def without_code(text: str) -> str:
    """Return `text` without its fenced blocks of code."""
    return _FENCE.sub("\n", text)


def passages(text: str) -> list[Passage]:
    """Return the sentences, list items and headings of `text`; code blocks are left out."""
    found: list[Passage] = []
    for paragraph in _paragraphs(without_code(text)):
        item = ITEM.match(paragraph)
        if item:
            first, *rest = _cut(item["text"])
            found.append(Passage(first, is_item=True))
            found += [Passage(sentence) for sentence in rest]
        elif _HEADING.match(paragraph):
            found.append(Passage(paragraph.strip().strip("#: \t"), is_heading=True))
        else:
            found += [Passage(sentence) for sentence in _cut(paragraph)]
    return [passage for passage in found if passage.text.strip()]


def request_passages(text: str) -> tuple[str, ...]:
    """Return the passages that say something, each once and on one line, in their order.

    What holds nothing but code is one passage: its author asked for something by it.
    """
    lines = [" ".join(passage.text.split()) for passage in passages(text)]
    telling = [line for line in lines if any(letter.isalnum() for letter in line)]
    if not telling and any(letter.isalnum() for letter in text):
        telling = [" ".join(text.split())]
    return tuple(dict.fromkeys(telling))


def _paragraphs(text: str) -> Iterator[str]:
    """Join lines that continue a sentence; list items and headings stand alone."""
    gathered: list[str] = []
    for line in [*text.splitlines(), ""]:
        item = ITEM.match(line)
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
        is_short = _SHORT.search(piece) and not (
            _UNIT.search(piece) and paragraph[end.end() : end.end() + 1].isupper()
        )
        if is_short or piece.count("`") % 2:
            continue
        pieces.append(piece.strip())
        start = end.end()
    pieces.append(paragraph[start:].strip())
    return [piece for piece in pieces if piece]
