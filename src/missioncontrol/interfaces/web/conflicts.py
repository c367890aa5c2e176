"""Both sides of a conflict as a page shows them: what differs is marked, sources are left out."""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from missioncontrol.documents.markup import visible
from missioncontrol.domain.document import Dispute

WORDS_MAX = 1_200
"""Words of a side that are compared one by one; longer ones are shown without marks."""

_NOTES = re.compile(r"(?:\[\^[^\]\s]{1,200}\](?!:))+")
_PIECES = re.compile(r"\s+|[^\s]+")
_MARK = Markup("<mark>{}</mark>")


class Sides(NamedTuple):
    """What a person wrote, and what is written now; empty where that side has nothing."""

    mine: Markup
    theirs: Markup


def sides(dispute: Dispute) -> Sides:
    """Return both sides with the words marked that only one of them has."""
    mine, theirs = (_NOTES.sub("", each) for each in (dispute.mine, dispute.theirs))
    if mine.split() == theirs.split():
        mine, theirs = dispute.mine, dispute.theirs  # They differ in what they name as sources.
    one, other = (_PIECES.findall(visible(each)) for each in (mine, theirs))
    if max(len(one), len(other)) > WORDS_MAX * 2 or not one or not other:
        return Sides(escape("".join(one)), escape("".join(other)))
    same = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return Sides(
        _marked(one, [(block.a, block.size) for block in same]),
        _marked(other, [(block.b, block.size) for block in same]),
    )


def _marked(pieces: Sequence[str], same: Sequence[tuple[int, int]]) -> Markup:
    shown, at = Markup(), 0
    for start, size in same:
        own = "".join(pieces[at:start])
        shown += _MARK.format(own) if own.strip() else escape(own)
        shown += escape("".join(pieces[start : start + size]))
        at = start + size
    return shown
