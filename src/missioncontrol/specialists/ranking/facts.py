"""The content of one file: its words and the names it defines, stored by its content."""

from hashlib import blake2b

import msgspec

from missioncontrol.specialists.ranking.terms import counted
from missioncontrol.specialists.symbols import symbols

CHARACTERS_MAX = 200_000
"""Text looked at in one file."""
TERMS_MAX = 5_000
"""Words stored of one file, the most frequent; what has more of them is data."""
VERSION = 4
"""Counted up whenever the same content would give other facts."""


class FileFacts(msgspec.Struct, frozen=True, array_like=True):
    """The words of one file."""

    length: int  # characters
    counts: dict[str, int]  # stem → times, in the whole text
    names: tuple[tuple[str, int], ...]  # what it defines, with lines from 1, top to bottom

    @property
    def is_whole(self) -> bool:
        """Whether `counts` hold every word of the file; an empty one may not have been read."""
        return 0 < self.length < CHARACTERS_MAX and len(self.counts) < TERMS_MAX


def content_key(text: str, *, is_code: bool) -> bytes:
    """Return what stands for a file's content and for how its facts are made."""
    begin = b"%d %d\n" % (VERSION, is_code)
    return blake2b(begin + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def facts_of(text: str, *, is_code: bool) -> FileFacts:
    """Read one file; definitions are looked for in code only."""
    text = text[:CHARACTERS_MAX]
    counts = counted(text)
    if len(counts) > TERMS_MAX:
        often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        counts = dict(often[:TERMS_MAX])
    found = symbols(text) if is_code else []
    return FileFacts(len(text), counts, tuple((each.name, each.line) for each in found))
