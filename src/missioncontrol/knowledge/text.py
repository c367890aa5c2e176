"""Texts of memory items for lists: without markup, and with what distinguishes equal titles."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

LENGTH_MAX = 110
"""Characters of a text that stand beside its title."""


class Titled(Protocol):
    """An item with a title and a text."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def text(self) -> str:
        """All that it says."""
        ...


def distinguishing_texts(items: Iterable[Titled]) -> Mapping[str, str]:
    """Return, by id, the part of an item's text that differs from others of the same title.

    An item with a unique title, or with the same text as another one, is left out.
    """
    groups: dict[str, list[Titled]] = {}
    for item in {item.id: item for item in items}.values():
        groups.setdefault(item.title, []).append(item)
    found: dict[str, str] = {}
    for group in groups.values():
        texts = [" ".join(item.text.split()).split(" ") for item in group]
        if len(set(map(tuple, texts))) > 1:
            begin = _first_difference(texts)
            for item, words in zip(group, texts, strict=True):
                found[item.id] = _from(words, begin)
    return found


def _first_difference(texts: Sequence[Sequence[str]]) -> int:
    least = min(map(len, texts))
    return next((n for n in range(least) if len({words[n] for words in texts}) > 1), least)


def _from(words: Sequence[str], begin: int) -> str:
    """Return the words from the beginning of the sentence that differs, within the bound."""
    start = begin
    while start > 0 and not words[start - 1].endswith((".", ":", ";")):
        start -= 1
    if len(" ".join(words[start : begin + 1])) > LENGTH_MAX:
        start = begin
    rest = " ".join(words[start:])
    excerpt = rest if len(rest) <= LENGTH_MAX else rest[:LENGTH_MAX].rsplit(" ", 1)[0] + "…"
    return f"…{excerpt}" if start and excerpt else excerpt


_CODE = re.compile(r"(`+[^`]*`+)")
_ROLE = re.compile(r":[a-z][a-z:+-]{0,40}:$")
_MARKS = (
    (re.compile(r"!?\[([^\]\[]{1,300})\]\([^()\s]{0,500}\)"), r"\1"),
    (re.compile(r"\*\*(?=\S)([^*]{1,300}?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,300}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
)


def without_markup(text: str) -> str:
    """Return a text without the marks of emphasis and links of Markdown; code stays as it is.

    What stands before code as a role of reStructuredText, such as `:meth:`, goes too.
    """
    pieces = _CODE.split(text)
    for place in range(0, len(pieces), 2):
        piece = pieces[place]
        for mark, content in _MARKS:
            piece = mark.sub(content, piece)
        if place + 1 < len(pieces):
            piece = _ROLE.sub("", piece)
        pieces[place] = piece
    return "".join(pieces)
