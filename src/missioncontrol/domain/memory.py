"""What is remembered: items harvested from the record, and what people add, correct and forget."""

import hashlib
import re
from typing import Annotated, Literal, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory_kinds import KINDS as KINDS
from missioncontrol.domain.memory_kinds import Kind as Kind
from missioncontrol.domain.visible import suspicious

PLANNED = "planned"
"""The tag of a decision that a plan made and no person judged."""

TITLE_MAX = 200
TEXT_MAX = 4_000
NAMES_MAX = 50
"""Files of an item, and its tags."""

NAME_MAX = 1_000
REASON_MAX = 2_000
PATH_MAX = 4_096
TIME_MAX = 4e9
ID_LENGTH = 20


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an item comes from: an event of a run, a line of a document, or a person."""

    mission: str = ""
    run: str = ""
    step: str = ""
    position: int = 0  # of the event in the log
    path: str = ""  # of the document, relative to the repository
    line: int = 0  # 1-based
    commit: str = ""
    person: str = ""

    @property
    def words(self) -> str:
        """Describe it in words, for the reader of the item."""
        if self.path:
            at = f" at commit {self.commit[:12]}" if self.commit else ""
            return f"{self.path}:{self.line or 1}{at}"
        if self.run:
            step = f", step {self.step}" if self.step else ""
            return f"{self.run}{step}, event {self.position}"
        return f"{self.person}, event {self.position}" if self.person else ""


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is remembered."""

    id: str
    kind: Kind
    title: str
    text: str
    repository: str = ""  # absolute path; "" where it holds everywhere
    files: tuple[str, ...] = ()  # relative to the repository
    tags: tuple[str, ...] = ()
    source: Source = Source()
    created: float = 0.0  # seconds since the epoch
    confirmed: float = 0.0  # when it was last seen to hold; decay counts from here
    seen: int = 1  # times that it was harvested
    expires: float = 0.0  # seconds since the epoch; 0: never
    is_corrected: bool = False  # a person has the last word on its text

    def status(self, now: float) -> Literal["held", "expired"]:
        """Return whether planners receive it now; what is forgotten is no item any more."""
        return "expired" if self.expires and self.expires <= now else "held"

    def recalled(self) -> Recalled:
        """Return it as a planner receives it."""
        source = self.source.words
        return Recalled(self.id, self.kind, self.title, self.text, source, self.files, self.tags)


def item_id(kind: str, repository: str, key: str) -> str:
    """Return the id that the same thing has whichever run it is harvested from."""
    identity = "\n".join((kind, repository, " ".join(key.casefold().split())))
    return "memory-" + hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:ID_LENGTH]


def is_item_id(text: str) -> bool:
    """Whether a text is the id of an item, be it known or not."""
    return _ID.fullmatch(text) is not None


_ID = re.compile(rf"memory-[0-9a-f]{{{ID_LENGTH}}}")


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class MemoryAdded(Event, frozen=True):
    """A person wants something remembered."""

    item: str
    kind: Kind
    title: str
    text: str
    repository: str = ""
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    expires: float = 0.0


class MemoryCorrected(Event, frozen=True):
    """A person says what the item says from now on, whatever is harvested."""

    item: str
    title: str
    text: str
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class MemoryExpirySet(Event, frozen=True):
    """Planners receive the item until then."""

    item: str
    expires: float  # seconds since the epoch; 0: for ever
    reason: str = ""


class MemoryForgotten(Event, frozen=True):
    """The item is gone from the index, and is never harvested or shown again."""

    item: str
    reason: str = ""


MemoryEvent = MemoryAdded | MemoryCorrected | MemoryExpirySet | MemoryForgotten

EVENTS: dict[type, tuple[str, int]] = {
    MemoryAdded: ("memory_added", 1),
    MemoryCorrected: ("memory_corrected", 1),
    MemoryExpirySet: ("memory_expiry_set", 1),
    MemoryForgotten: ("memory_forgotten", 1),
}
"""The lasting name and version of every event."""


Title = Annotated[str, Meta(min_length=1, max_length=TITLE_MAX, description="In one line.")]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
Files = Annotated[tuple[Name, ...], Meta(max_length=NAMES_MAX, description="Files it is about.")]
Tags = Annotated[tuple[Name, ...], Meta(max_length=NAMES_MAX)]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why; kept in the log.")]
Expiry = Annotated[
    float, Meta(ge=0, le=TIME_MAX, description="When it ends: now, never, 90d or 2026-12-31.")
]
"""Seconds since the epoch; 0: never."""


class AddMemory(msgspec.Struct, frozen=True):
    """Remember this."""

    item: str
    title: Title
    text: Text
    kind: Kind = "lesson"
    repository: Annotated[
        str, Meta(max_length=PATH_MAX, description="The checkout; it holds everywhere without.")
    ] = ""
    files: Files = ()
    tags: Tags = ()
    expires: Expiry = 0.0


class CorrectMemory(msgspec.Struct, frozen=True):
    """Correct the item."""

    item: str
    title: str
    text: str
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class ExpireMemory(msgspec.Struct, frozen=True):
    """Tell planners of it until then."""

    item: str
    expires: Expiry
    reason: Reason = ""


class ForgetMemory(msgspec.Struct, frozen=True):
    """Delete the item."""

    item: str
    reason: Reason = ""


MemoryCommand = AddMemory | CorrectMemory | ExpireMemory | ForgetMemory


class Amendment(msgspec.Struct, frozen=True, omit_defaults=True):
    """People's changes to one item; what was harvested stands elsewhere."""

    item: str
    added: MemoryAdded | None = None
    corrected: MemoryCorrected | None = None
    expires: float | None = None  # None: not set by a person
    is_forgotten: bool = False

    def silences(self, now: float) -> bool:
        """Whether the words that the item was harvested from are to be withheld."""
        is_over = self.expires is not None and 0 < self.expires <= now
        return self.is_forgotten or self.corrected is not None or is_over


def decide(command: MemoryCommand, amendment: Amendment | None, now: float) -> list[MemoryEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `memory.bad_input` naming the field, `memory.exists`.
        NotFound: `memory.forgotten`: nothing brings it back.
    """
    if amendment is not None and amendment.is_forgotten:
        if isinstance(command, ForgetMemory):
            return []
        raise forgotten(command.item)
    match command:
        case AddMemory():
            if amendment is not None and amendment.added is not None:
                raise Rejected(
                    "memory.exists",
                    f"{command.title[:80]!r} exists already, as {command.item!r}.",
                    hint="Correct that one.",
                )
            _refuse_bad_words(command)
            _refuse_bad_time(command.expires, now)
            return [MemoryAdded(**msgspec.structs.asdict(command))]
        case CorrectMemory():
            _refuse_bad_words(command)
            event = MemoryCorrected(**msgspec.structs.asdict(command))
            return [] if amendment is not None and amendment.corrected == event else [event]
        case ExpireMemory():
            _refuse_long("reason", command.reason, REASON_MAX)
            if not 0 <= command.expires <= TIME_MAX:
                raise _bad("expires", f"{command.expires} is no time; 0 means never")
            if amendment is not None and amendment.expires == command.expires:
                return []
            return [MemoryExpirySet(command.item, command.expires, command.reason)]
        case ForgetMemory():
            _refuse_long("reason", command.reason, REASON_MAX)
            return [MemoryForgotten(command.item, command.reason)]
        case _:
            assert_never(command)


def evolve(amendment: Amendment | None, event: MemoryEvent, at: float) -> Amendment:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    del at
    known = amendment or Amendment(event.item)
    if known.is_forgotten:
        raise Corrupt("memory.after_end", f"Item {event.item!r} was forgotten, and then changed.")
    match event:
        case MemoryAdded():
            return msgspec.structs.replace(known, added=event, expires=event.expires or None)
        case MemoryCorrected():
            return msgspec.structs.replace(known, corrected=event)
        case MemoryExpirySet():
            return msgspec.structs.replace(known, expires=event.expires)
        case MemoryForgotten():
            return Amendment(event.item, is_forgotten=True)
        case _:
            assert_never(event)


def amended(item: Item, amendment: Amendment | None) -> Item | None:
    """Return an item as people want it to be; None where they want it forgotten."""
    if amendment is None:
        return item
    if amendment.is_forgotten:
        return None
    changes: dict[str, object] = {}
    if amendment.corrected is not None:
        edit = amendment.corrected
        changes = {"title": edit.title, "text": edit.text, "files": edit.files, "tags": edit.tags}
        changes["is_corrected"] = True
    if amendment.expires is not None:
        changes["expires"] = amendment.expires
    return msgspec.structs.replace(item, **changes)


def unknown(item: str) -> NotFound:
    """Say that there is no such item."""
    return NotFound(
        "memory.unknown",
        f"Nothing is remembered as {item[:80]!r}.",
        hint="`mission knowledge memory list` names what is.",
    )


def forgotten(item: str) -> NotFound:
    """Say that an item is gone."""
    return NotFound(
        "memory.forgotten",
        f"{item[:80]!r} was forgotten; it is not brought back.",
        hint="`mission knowledge memory add` remembers something new.",
    )


def _refuse_bad_words(command: AddMemory | CorrectMemory) -> None:
    for field, text, most in (
        ("title", command.title, TITLE_MAX),
        ("text", command.text, TEXT_MAX),
    ):
        if not text.strip():
            raise _bad(field, "it is empty")
        _refuse_long(field, text, most)
        _refuse_hidden(field, text)
    if "\n" in command.title:
        raise _bad("title", "it has more than one line")
    for field, names in (("files", command.files), ("tags", command.tags)):
        if len(names) > NAMES_MAX:
            raise _bad(field, f"there are {len(names)}; at most {NAMES_MAX} fit")
        for name in names:
            if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
                raise _bad(field, f"{ascii(name)[:80]} is none")
    if isinstance(command, AddMemory):
        _refuse_long("repository", command.repository, PATH_MAX)
        _refuse_hidden("repository", command.repository)


def _refuse_long(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise _bad(field, f"it has {len(text):,} characters; at most {most:,} fit")


def _refuse_hidden(field: str, text: str) -> None:
    """Refuse hidden characters: planners and people have to see all that they receive."""
    found = next((each for each in suspicious(text) if each.kind in _HIDING), None)
    if found is not None:
        raise _bad(field, f"it holds {found.name} ({found.code}), which is not visible")


_HIDING = frozenset({"control", "bidirectional", "tag", "invisible", "surrogate"})


def _refuse_bad_time(expires: float, now: float) -> None:
    if expires and not now < expires <= TIME_MAX:
        raise _bad("expires", "that time is over, or too far away")


def _bad(field: str, why: str) -> Rejected:
    return Rejected("memory.bad_input", f"The {field} does not fit: {why}.")


CAME_TRUE_BEFORE = "It came true before: "
"""So begins why a plan has a risk that it took from what is remembered."""

QUOTED_BEFORE = "Decided otherwise before: "
"""So begins what a plan quotes of an earlier decision in the reason for its own."""

_QUOTED = re.compile(rf"{QUOTED_BEFORE}“[^”]*” (?=\()")


def without_quotations(text: str) -> str:
    """Return a plan's words without those that it quotes of an item, and with where they stand.

    They are remembered already. Stored again under another id, they would outlast it when
    a user has it forgotten.
    """
    return _QUOTED.sub(QUOTED_BEFORE.replace(":", ""), text)


_ORDERS = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}"
    r"\b(?:previous|prior|above|earlier|all|any|your|the)\b[^.\n]{0,30}"
    r"\b(?:instruction|rule|prompt|constraint|message|direction|guideline)s?\b"
    r"|\byou are now\b|\bsystem prompt\b|\bact as (?:an?|the)\b"
    r"|<\|?/?(?:system|im_start|assistant)\b"
    r"|\b(?:do not|don't|never) (?:tell|inform|show) the (?:user|operator|person)\b"
)


def gives_orders(text: str) -> bool:
    """Whether a text speaks to a reader's instructions, as no lesson about code does.

    What was harvested and reads so is shown to people, and to no planner before one of them
    has corrected it.
    """
    return _ORDERS.search(text) is not None
