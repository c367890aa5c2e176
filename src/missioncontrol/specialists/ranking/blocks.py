"""Cuts a file into blocks of related lines, so that a goal can be compared with a part of it."""

import re

import msgspec

from missioncontrol.specialists.ranking.terms import counted

LINES_MAX = 40
"""Lines after which a block of a file of usual length ends, wherever that is."""
LINES_MIN = 4
"""Lines before which a definition begins no block of its own."""
BLOCKS_MAX = 400
_BEGINS = re.compile(
    r"\s{0,4}(?:(?:pub(?:\([^)]*\))?|export|default|async|public|private|protected|internal|static"
    r"|final|abstract|override|unsafe)\s+|@\w+\s*)*"
    r"(?:def|class|func|fn|fun|function|impl|struct|enum|trait|type|interface|module|const|macro_rules!"
    r"|describe|test|it)\b"
    r"|[A-Za-z_$][\w$]*\.prototype\.\w+\s*="
)
"""How a line begins that defines something, in any language that is read."""


class Block(msgspec.Struct, frozen=True):
    """Lines of a file that belong together."""

    first: int  # line, from 1
    last: int  # line, included
    counts: dict[str, int]  # stem → times
    length: int  # words


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a text, top to bottom; together they hold every line once."""
    lines = text.removesuffix("\n").split("\n")
    least = max(LINES_MIN, len(lines) // BLOCKS_MAX + 1)  # The blocks of a long file are longer.
    most = max(LINES_MAX, least)
    found: list[Block] = []
    start = 0
    for number, line in enumerate(lines):
        size = number - start
        if size >= most or (size >= least and _BEGINS.match(line)):
            found.append(_block(lines, start, number))
            start = number
    found.append(_block(lines, start, len(lines)))
    return found


def _block(lines: list[str], start: int, end: int) -> Block:
    counts = counted("\n".join(lines[start:end]))
    return Block(start + 1, end, counts, sum(counts.values()))
