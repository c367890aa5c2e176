"""An index over the log: which events say something, who did them, and what they are about."""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

import msgspec

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import words as own_words
from missioncontrol.ports.event_store import Head

Field = Literal["kind", "actor", "workflow", "agent", "run"]
FIELDS: tuple[Field, ...] = ("kind", "actor", "workflow", "agent", "run")
"""What events are looked up by: their type, who did it, and what they belong to."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's default ignorable characters: they are invisible, so users can't type them."""


class Query(msgspec.Struct, frozen=True):
    """What is asked for: an event has to fit all of it. What is left empty asks for nothing."""

    text: str = ""  # each word of it stands somewhere in the event's data, see `words`
    kind: str = ""  # type of the event, such as `step_succeeded`
    actor: str = ""
    workflow: str = ""
    agent: str = ""
    run: str = ""
    since: int | None = None  # microseconds since the epoch; from then on
    until: int | None = None  # likewise; before then


class Hit(msgspec.Struct, frozen=True):
    """A place in the log that fits, and what the event there belongs to, as far as it does."""

    position: int
    run: str
    workflow: str
    agent: str


class Page(msgspec.Struct, frozen=True):
    """The newest hits, newest first."""

    hits: list[Hit]
    next: int = 0  # ask on with `before` at this position; 0 where there is nothing older
    is_cut: bool = False  # time was over: what is older than `next` was not looked at


class RunHits(msgspec.Struct, frozen=True):
    """A run that has events that fit."""

    run: str
    workflow: str
    events: int  # how many of them fit
    newest: int  # position of the last of those


class RunPage(msgspec.Struct, frozen=True):
    """Runs, the one with the newest hit first."""

    runs: list[RunHits]
    next: int = 0  # ask on with `before` at this position; 0 where there are no more
    counted_from: int = 1  # time was over where it is not 1: older events were not counted


class SearchIndex(Protocol):
    """Follows the log, and may be thrown away: all of it can be made again from the log.

    Any number of processes may search; one at a time may follow the log. Whatever looks into the
    index raises `Corrupt` (`search.damaged`) where it can't be made out.
    """

    def reached(self) -> Head:
        """Return the last event that is known; position 0 and 32 zero bytes where none is."""
        ...

    def turn(self) -> AbstractContextManager[bool]:
        """Be the one that follows, as long as the context lasts; False where another one is.

        Raises:
            Unavailable: `search.unwritable`, where the index can't be written.
        """
        ...

    def follow(self, events: Sequence[Recorded]) -> None:
        """Take in the next events of the log, all or none. Only in one's turn.

        Raises:
            Unavailable: `search.unwritable`, where the disk refused.
        """
        ...

    def clear(self) -> None:
        """Forget everything, also what is damaged. Only in one's turn."""
        ...

    def search(self, query: Query, *, before: int | None, limit: int, seconds_max: float) -> Page:
        """Return at most `limit` hits older than position `before`, the newest first.

        The search ends when `seconds_max` are over, and the page says so.
        """
        ...

    def runs(self, query: Query, *, before: int | None, limit: int, seconds_max: float) -> RunPage:
        """Return at most `limit` runs that have hits, each with all its hits counted.

        They are sorted by their newest hit; `before` leaves out those where that is not older.
        """
        ...

    def names(self, field: Field, *, limit: int = 1000) -> list[str]:
        """Return what events of the log have in `field`, the newest names first."""
        ...


def data_of(event: Recorded) -> Any:
    """Return an event's data as plain values; where it is no JSON, as one text."""
    try:
        return _decode(event.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return event.body.decode("utf-8", "replace")


_decode = msgspec.json.Decoder().decode


def texts_in(data: Any) -> list[str]:
    """Return the texts of an event's data, in their order as far as they stand side by side.

    These are all values that are texts, and the keys that users chose. Names of our own fields
    are left out: each event of a kind has the same ones, so they tell nothing.
    """
    found: list[str] = []
    own = own_words()
    todo = [data]
    for part in todo:  # It grows meanwhile.
        kind = type(part)
        if kind is str:
            found.append(part)
        elif kind is dict:
            if not own.issuperset(part):
                found.extend(key for key in part if key not in own)
            todo.extend(part.values())
        elif kind is list:
            todo.extend(part)
    return found


def folded(text: str) -> str:
    """Return `text` so that what people take for the same is the same.

    Upper and lower case, compatible forms (ﬁ and fi, half and full width, Arabic letters by their
    place in the word), composed and decomposed letters are the same, and characters
    that users cannot
    see do not count: NFKC_Casefold of the Unicode Standard, section 3.13. Letters with and without
    an accent differ.
    """
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFKC", plain.casefold())


def words(text: str) -> list[str]:
    """Return what is looked for, folded: what stands between spaces, each once.

    An event fits where each of them is a part of a word in its texts, in any order. Nothing in them
    has a meaning of its own: `%`, `_`, `*` and quotes are looked for as they are.
    """
    return list(dict.fromkeys(folded(text).split()))
