"""An item of the inbox: what it is about, who can settle it, and what may be done with it."""

import hashlib
import re
from collections.abc import Callable
from typing import Literal

import msgspec

from missioncontrol.domain.inbox import Comment, Kind

Group = Literal["now", "next", "later", "others"]
GROUPS: dict[Group, str] = {
    "now": "Blocks work now",
    "next": "Next",
    "later": "When you have time",
    "others": "Waiting on others",
}
"""The groups of the list in their order, with what each is called."""

Tone = Literal["ask", "bad", "held", "live"]
State = Literal["open", "snoozed", "dismissed", "muted", "delegated"]

WORDS: dict[Kind, str] = {
    "approval": "Approval",
    "question": "Question",
    "elevation": "Elevation",
    "stuck": "Stuck",
    "halt": "Budget halt",
    "failed": "Failed run",
    "sign-off": "Sign-off",
    "plan": "Plan",
    "task": "Task",
    "alert": "Alert",
    "decision": "Proposed decision",
    "slow": "Slow item",
}
"""What an item of each kind is called."""


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an item is about; what it has nothing to do with is empty."""

    mission: str = ""
    run: str = ""
    step: str = ""
    workflow: str = ""
    repository: str = ""
    task: int = 0
    document: str = ""
    role: str = ""
    agent: str = ""
    product: str = ""
    id: str = ""  # of the approval, question, elevation, decision or alert


_PLAIN = re.compile(r"[\w.@+~-]+", re.ASCII)


def part_of_id(text: str) -> str:
    """Return a name as a part of an id: as it is, or what is left of it with a digest."""
    if _PLAIN.fullmatch(text):
        return text
    letters = "".join(each if _PLAIN.fullmatch(each) else "-" for each in text[:60])
    return f"{letters.strip('-')}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def may_anybody(actor: str) -> str:
    """Nothing but the permission decides who can settle an item."""
    del actor
    return ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a person, the same for all who look at it.

    Times are seconds since the epoch.
    """

    id: str
    kind: Kind
    title: str
    detail: str  # the second line
    about: About
    href: str  # the page of the thing itself
    since: float  # it stands so; a later one is something new
    group: Group
    tone: Tone
    ends: float = 0.0  # it can't be settled after that; 0 is never
    is_irreversible: bool = False
    digest: str = ""  # that a decision is bound to
    frees: str = ""  # what goes on once it is settled
    who: str = ""  # who can settle it, in words
    count: int = 1  # runs or decisions that it stands for
    title_of_action: str = ""  # of the first action, where its usual one says too little
    may_act: bool = True  # whether anything but looking at it is possible here
    objection: Callable[[str], str] = may_anybody  # why a person can't settle it; "" where they can


class Action(msgspec.Struct, frozen=True):
    """Something that can be done with an item."""

    name: str  # approve, reject, snooze …
    title: str  # of its button
    key: str  # of the keyboard; "" where it has none
    operation: str  # what it issues: an operation, or a command of the engine
    is_allowed: bool
    why: str = ""  # the caller may not do it
    needs: tuple[str, ...] = ()  # what it asks for besides
    is_final: bool = False  # it can't be undone, and ends something


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as one person sees it. Times are seconds since the epoch; 0 is never."""

    id: str
    kind: Kind
    title: str
    detail: str
    about: About
    href: str
    since: float
    ends: float
    group: Group
    tone: Tone
    is_irreversible: bool
    digest: str
    frees: str
    who: str
    count: int
    state: State
    can_act: bool  # whether the caller can settle it
    why: str  # they can't
    until: float  # it is snoozed
    assigned_to: str
    assigned_by: str
    note: str  # of who assigned it
    comments: int
    actions: tuple[Action, ...]

    @property
    def word(self) -> str:
        """What its kind is called."""
        return WORDS[self.kind]

    def action(self, name: str) -> Action | None:
        """Return an action by its name."""
        return next((each for each in self.actions if each.name == name), None)

    @property
    def first(self) -> Action | None:
        """The action that settles it."""
        return next((each for each in self.actions if each.key == "a"), None)


class InboxPage(msgspec.Struct, frozen=True):
    """An item in full, with its comments."""

    item: InboxItem
    comments: tuple[Comment, ...]


class ItemNow(msgspec.Struct, frozen=True):
    """An item after something was done with it."""

    id: str
