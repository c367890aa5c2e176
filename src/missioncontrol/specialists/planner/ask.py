"""One thing asked for, and the sort of demand it is."""

from typing import Literal

import msgspec

from missioncontrol.specialists.planner import phrasing
from missioncontrol.specialists.planner.faults import Fault
from missioncontrol.specialists.planner.imperatives import leading_verb, verbs
from missioncontrol.specialists.planner.side_changes import Aside

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
    words: str  # the sentence it comes from
    because: tuple[str, ...] = ()  # sentences that ask for nothing and explain this one
    is_property: bool = False  # it states how the thing asked for before it is to be
    others: tuple["Ask", ...] = ()  # asks merged into it: the same ones, or all too many
    fault: Fault | None = None  # what goes wrong, where the text has only that
    label: str = ""  # the kind of work that a label before it says: “fix: …”, “[docs] …”
    scope: str = ""  # the part of the code that stands before it: “parser” of “fix(parser): …”
    aside: Aside = ""  # what it only goes with a change as: a text that says so, or tests of it

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """Where the sentences stand that it comes from, and their words."""
        return ((self.where, self.words), *((each.where, each.words) for each in self.others))

    @property
    def refers_back(self) -> bool:
        """Whether it leans on an earlier ask for what it is about."""
        if self.kind == "constraint" or self.aside == "documentation":
            return True
        return phrasing.REFERRING.search(self.text) is not None

    @property
    def source(self) -> str:
        """Where it stands, in which words, and the sentences around it."""
        explained = f", explained by “{' '.join(self.because)}”" if self.because else ""
        return f"{self.where}: “{self.words}”{explained}"


def kind_of(text: str) -> Kind:
    """Tell what must stay away or stay the same from what must be good, and from the rest."""
    verb = leading_verb(text)
    builds = verbs().get(verb, "any") != "any"
    # “Harden the reader: at most 100 fields” asks for work; the bound says how it is to be.
    if (phrasing.NEGATIVE_START if builds else phrasing.NEGATIVE).search(text):
        return "constraint"
    if verb and verb not in IMPROVING and verbs()[verb] not in {"performance", "security", "tests"}:
        return "function"  # “Export the latency of jobs” is not about being fast.
    return "quality" if phrasing.QUALITY.search(text) else "function"
