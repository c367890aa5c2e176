"""One thing asked for, and the sort of demand it is."""

from typing import Literal

import msgspec

from missioncontrol.specialists.planner import wording
from missioncontrol.specialists.planner.imperatives import leading_verb, verbs

TEXT_LENGTH_MAX = 4_000
"""Characters of one ask; sentences show less of it."""
IMPROVING = frozenset(
    {"make", "improve", "reduce", "keep", "get", "limit", "turn", "let", "be", "respond", "answer"}
)
"""Verbs whose object may be a quality: “make it faster”."""
Kind = Literal["function", "quality", "constraint"]


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing asked for."""

    text: str
    kind: Kind
    verb: str  # the imperative it starts with, in lower case; "" where it has none
    where: str  # goal, constraint 2, context
    words: str  # the sentence it was taken from
    because: tuple[str, ...] = ()  # sentences that ask for nothing and explain this one
    is_property: bool = False  # it states how the thing asked for before it is to be

    @property
    def refers_back(self) -> bool:
        """Whether it leans on an earlier ask for what it is about."""
        return self.kind == "constraint" or wording.REFERRING.search(self.text) is not None

    @property
    def source(self) -> str:
        """Where it stands, in which words, and what was said around it."""
        explained = f", explained by “{' '.join(self.because)}”" if self.because else ""
        return f"{self.where}: “{self.words}”{explained}"


def kind_of(text: str) -> Kind:
    """Tell what must stay away or stay the same from what must be good, and from the rest."""
    if wording.NEGATIVE.search(text):
        return "constraint"
    verb = leading_verb(text)
    if verb and verb not in IMPROVING and verbs()[verb] not in {"performance", "security", "tests"}:
        return "function"  # “Export the latency of jobs” is not about being fast.
    return "quality" if wording.QUALITY.search(text) else "function"
