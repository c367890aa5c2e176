"""The sentences of a goal as the planner reads them, and shorter forms of them."""

import re

from missioncontrol.domain.passages import Passage as Sentence
from missioncontrol.domain.passages import passages, without_code
from missioncontrol.specialists.planner.layout import plain

__all__ = ["Sentence", "capitalised", "sentences", "shortened"]


def sentences(text: str) -> list[Sentence]:
    """Return the sentences, list items and headings of `text`; code blocks are left out."""
    return passages(plain(without_code(text)))


_APOSTROPHE = re.compile(r"['\u2019]")
_LOOSE_END = re.compile(
    r"(?i)(?:\s+(?:an?|the|and|or|of|at|by|in|on|to|for|from|with|as|that|which|when|while|if|into))+$"
)
"""Words that lead on to what a cut has removed: “raised by `parse` at …”."""


def shortened(text: str, length: int) -> str:
    """Return `text` on one line, cut at a word before `length` characters where it is longer."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    at = cut.rfind(" ")
    shown = cut[:at] if at > length // 2 else cut
    return _LOOSE_END.sub("", shown).rstrip(" ,;:.") + "…"


def capitalised(text: str) -> str:
    """Return `text` with its first letter large, unless it starts with code or a name."""
    first = text.split(None, 1)[0] if text.split() else ""
    if not _APOSTROPHE.sub("", first).isalpha() or not first.islower():
        return text
    return text[0].upper() + text[1:]
