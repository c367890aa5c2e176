"""The inbox: what people do with items that need a person, besides deciding them.

Items themselves are read from approvals, questions, runs and so on; nothing of them is kept here.
A person snoozes, dismisses or mutes an item for themself, assigns it to someone, or comments on it.
"""

import re
from typing import Annotated, Any, Literal, assert_never, get_args

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import can_decide, person
from missioncontrol.domain.principal import Permission

ID_MAX = 600
TEXT_MAX = 4_000
SNOOZED_SECONDS_MAX = 366 * 86_400.0
TIME_MAX = 1e11
MARKS_MAX = 1_000
"""Items that one person has out of their inbox at a time; beyond it, the oldest come back."""

ASSIGNMENTS_MAX = 5_000
COMMENTS_MAX = 200
"""Of one item; older ones stay in the log."""

COMMENTED_MAX = 2_000
"""Items whose comments are at hand: those that were commented on last."""

Kind = Literal[
    "approval",
    "question",
    "elevation",
    "stuck",
    "halt",
    "failed",
    "sign-off",
    "plan",
    "task",
    "alert",
    "decision",
    "slow",
    "comment",
    "session",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

NEEDS: dict[Kind, Permission] = {
    "approval": "approve",
    "question": "approve",
    "elevation": "approve",
    "stuck": "govern",
    "halt": "govern",
    "failed": "operate",
    "sign-off": "approve",
    "plan": "operate",
    "task": "operate",
    "alert": "operate",
    "decision": "operate",
    "slow": "operate",
    "comment": "operate",
    "session": "operate",
}
"""The permission of those who can settle an item of each kind."""

_ID = re.compile(rf"(?:{'|'.join(KINDS)}):[\w.:@+~-]+", re.ASCII)


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""

    item: str
    by: str  # whose inbox it is


class ItemSnoozed(Event, frozen=True, kw_only=True):
    """The item is out of a person's inbox until a time, or until something new happens to it."""

    until: float  # seconds since the epoch


class ItemDismissed(Event, frozen=True):
    """The item is out of a person's inbox until something new happens to it."""


class ItemMuted(Event, frozen=True):
    """The item is out of a person's inbox, whatever happens to it."""


class ItemRestored(Event, frozen=True):
    """The item is in a person's inbox again, and they have given it to no one else."""


class ItemAssigned(Event, frozen=True, kw_only=True):
    """Another person is to settle the item."""

    to: str
    note: str = ""


class ItemCommented(Event, frozen=True, kw_only=True):
    """A person has commented on the item."""

    text: str


InboxEvent = ItemSnoozed | ItemDismissed | ItemMuted | ItemRestored | ItemAssigned | ItemCommented

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    ItemSnoozed: ("inbox_item_snoozed", 1),
    ItemDismissed: ("inbox_item_dismissed", 1),
    ItemMuted: ("inbox_item_muted", 1),
    ItemRestored: ("inbox_item_restored", 1),
    ItemAssigned: ("inbox_item_assigned", 1),
    ItemCommented: ("inbox_item_commented", 1),
}
"""The lasting name and version of every event."""

ItemId = Annotated[str, Meta(min_length=1, max_length=ID_MAX)]


class SnoozeItem(msgspec.Struct, frozen=True):
    """Take an item out of one's own inbox until a time."""

    item: ItemId
    until: Annotated[
        float, Meta(gt=0, le=TIME_MAX, description="When it returns, seconds since the epoch.")
    ]
    by: str = ""


class DismissItem(msgspec.Struct, frozen=True):
    """Take an item that nothing waits for out of one's own inbox."""

    item: ItemId
    by: str = ""


class MuteItem(msgspec.Struct, frozen=True):
    """Take an item out of one's own inbox for good."""

    item: ItemId
    by: str = ""


class RestoreItem(msgspec.Struct, frozen=True):
    """Undo what was done with an item."""

    item: ItemId
    by: str = ""


class AssignItem(msgspec.Struct, frozen=True):
    """Give an item to another person."""

    item: ItemId
    to: Annotated[str, Meta(min_length=1, max_length=200, description="The person's name.")]
    note: Annotated[str, Meta(max_length=TEXT_MAX, description="What they should know.")] = ""
    by: str = ""


class CommentItem(msgspec.Struct, frozen=True):
    """Comment on an item."""

    item: ItemId
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description="The comment.")]
    by: str = ""


InboxCommand = SnoozeItem | DismissItem | MuteItem | RestoreItem | AssignItem | CommentItem

Marking = Literal["snoozed", "dismissed", "muted"]


class Mark(msgspec.Struct, frozen=True):
    """Why an item is not in a person's inbox."""

    kind: Marking
    at: float  # seconds since the epoch
    until: float = 0.0  # of a snoozed one

    def holds(self, since: float, now: float) -> bool:
        """Whether it still keeps an item out that stands as it does since then."""
        if self.kind == "muted":
            return True
        return since <= self.at and (self.kind == "dismissed" or now < self.until)


class Assignment(msgspec.Struct, frozen=True):
    """Who is to settle an item, and who says so."""

    to: str
    by: str
    at: float  # seconds since the epoch
    note: str = ""


class Comment(msgspec.Struct, frozen=True):
    """What a person wrote about an item."""

    by: str
    at: float  # seconds since the epoch
    text: str


class Inbox(msgspec.Struct):
    """The marks of all people, assignments and comments."""

    marks: dict[str, dict[str, Mark]] = {}  # by person, then by item
    assignments: dict[str, Assignment] = {}  # by item
    comments: dict[str, tuple[Comment, ...]] = {}  # by item, the oldest first

    def marks_of(self, name: str) -> dict[str, Mark]:
        """Return what a person has done with items."""
        return self.marks.get(person(name), {})


def kind_of(item: str) -> Kind:
    """Return the kind of an item by its id.

    Raises:
        Rejected: `inbox.bad_item`.
    """
    kind = item.partition(":")[0]
    for known in KINDS:
        if known == kind and _ID.fullmatch(item):
            return known
    raise Rejected(
        "inbox.bad_item",
        f"{item[:80]!r} is no item of an inbox.",
        hint="`mission inbox` lists the items by their ids.",
    )


def unknown(item: str) -> NotFound:
    """Say that nothing needs a person there."""
    return NotFound(
        "inbox.unknown",
        f"Item {item[:80]!r} does not need a person, or not any more.",
        hint="`mission inbox` lists what does.",
    )


def decide(command: InboxCommand, inbox: Inbox | None, now: float) -> list[InboxEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `inbox.bad_item`, `.not_a_person`, `.past`, `.too_long`, `.needs_a_decision`,
            `.bad_person` or `.to_oneself`.
    """
    known = inbox or Inbox()
    kind = kind_of(command.item)
    _refuse_program(command.by)
    mark = known.marks_of(command.by).get(command.item)
    match command:
        case SnoozeItem():
            _refuse_bad_time(command.until, now)
            return [ItemSnoozed(command.item, command.by, until=command.until)]
        case DismissItem():
            _refuse_undecided(kind, command.item)
            return [ItemDismissed(command.item, command.by)]
        case MuteItem():
            if mark is not None and mark.kind == "muted":
                return []
            return [ItemMuted(command.item, command.by)]
        case RestoreItem():
            given = known.assignments.get(command.item)
            is_assigned = given is not None and _is_party(command.by, given)
            return [ItemRestored(command.item, command.by)] if mark or is_assigned else []
        case AssignItem():
            return _assigned(command, known)
        case CommentItem():
            return [ItemCommented(command.item, command.by, text=command.text.strip())]
        case _:
            assert_never(command)


def evolve(inbox: Inbox | None, event: InboxEvent, at: float) -> Inbox:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the inbox."""
    inbox = inbox or Inbox()
    marks = inbox.marks.setdefault(person(event.by), {})
    match event:
        case ItemSnoozed():
            _mark(marks, event.item, Mark("snoozed", at, event.until))
        case ItemDismissed():
            _mark(marks, event.item, Mark("dismissed", at))
        case ItemMuted():
            _mark(marks, event.item, Mark("muted", at))
        case ItemRestored():
            marks.pop(event.item, None)
            given = inbox.assignments.get(event.item)
            if given is not None and _is_party(event.by, given):
                del inbox.assignments[event.item]
        case ItemAssigned():
            inbox.assignments.pop(event.item, None)
            inbox.assignments[event.item] = Assignment(event.to, event.by, at, event.note)
            _bound(inbox.assignments, ASSIGNMENTS_MAX)
        case ItemCommented():
            comments = (*inbox.comments.pop(event.item, ()), Comment(event.by, at, event.text))
            inbox.comments[event.item] = comments[-COMMENTS_MAX:]
            _bound(inbox.comments, COMMENTED_MAX)
        case _:
            assert_never(event)
    return inbox


def _assigned(command: AssignItem, known: Inbox) -> list[InboxEvent]:
    if not can_decide(command.to):
        raise Rejected(
            "inbox.bad_person",
            f"{command.to[:80]!r} is not the name of a person.",
            hint="`mission user list` names the people of this workspace.",
        )
    if person(command.to) == person(command.by):
        raise Rejected("inbox.to_oneself", "The item is in your inbox already.")
    before = known.assignments.get(command.item)
    same = (command.to, command.by, command.note)
    if before is not None and (before.to, before.by, before.note) == same:
        return []
    return [ItemAssigned(command.item, command.by, to=command.to, note=command.note)]


def _is_party(name: str, given: Assignment) -> bool:
    return person(name) in (person(given.to), person(given.by))


def _mark(marks: dict[str, Mark], item: str, mark: Mark) -> None:
    marks.pop(item, None)
    marks[item] = mark
    _bound(marks, MARKS_MAX)


def _bound(items: dict[str, Any], most: int) -> None:
    while len(items) > most:
        del items[next(iter(items))]


def _refuse_program(by: str) -> None:
    if not person(by):
        raise Rejected("inbox.not_a_person", f"{by!r} is a program, and has no inbox.")


def _refuse_bad_time(until: float, now: float) -> None:
    if until <= now:
        raise Rejected("inbox.past", "The time at which the item is to return is over.")
    if until - now > SNOOZED_SECONDS_MAX:
        raise Rejected(
            "inbox.too_long",
            "An item can be snoozed for at most a year.",
            hint="`mission inbox mute` keeps it out for good.",
        )


def _refuse_undecided(kind: Kind, item: str) -> None:
    if kind not in ("failed", "plan", "task", "slow", "session"):
        raise Rejected(
            "inbox.needs_a_decision",
            f"Item {item[:80]!r} waits for a decision, so it can't be dismissed.",
            hint="Decide it, assign it, or snooze it.",
        )
