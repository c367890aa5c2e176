"""Ids as they come in: of events, people, sessions and groups."""

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from missioncontrol.interfaces.capture.faults import Unfit, format_value
from missioncontrol.interfaces.capture.moments import HOUR

Id = str | int | float | None

ID_MAX = 400
NAME_MAX = 400
NAMES_KNOWN_MAX = 4_096
PERSON_BYTES_MAX = 32 * 1024
MADE = "made-"
ANONYMOUS_IDS = frozenset(
    {
        "",
        "0",
        "[object object]",
        "anonymous",
        "anonymous_user",
        "distinct_id",
        "email",
        "false",
        "guest",
        "id",
        "none",
        "not_authenticated",
        "null",
        "nan",
        "true",
        "undefined",
        "unknown",
        "user_id",
    }
)
"""What faulty programs send in place of an id: as one person they would be a crowd."""

_encode = msgspec.json.Encoder().encode


def id_of(given: Id, what: str) -> str:
    """Return an id as text; empty where there is none.

    Raises:
        Unfit: `capture.too_long`.
    """
    if given is None:
        return ""
    text = given if isinstance(given, str) else _number(given)
    if len(text) > ID_MAX:
        raise Unfit(
            "capture.too_long", f"The {what} {format_value(text)} has more than {ID_MAX} letters."
        )
    return text if text.isprintable() else _plain(text)


@lru_cache(NAMES_KNOWN_MAX)
def name_of(given: str) -> str:
    """Return the name of an event.

    Raises:
        Unfit: `capture.no_name`, `capture.too_long`.
    """
    name = (given if given.isprintable() else _plain(given)).strip()
    if not name:
        raise Unfit("capture.no_name", "The event has no name.")
    if len(name) > NAME_MAX:
        reason = f"The name {format_value(name)} has more than {NAME_MAX} letters."
        raise Unfit("capture.too_long", reason)
    return name


def encode_traits(properties: dict[str, Any]) -> bytes:
    """Return the properties of a person or a group as they are stored; else empty.

    Raises:
        Unfit: `capture.too_long`.
    """
    text = _encode(properties) if properties else b""
    if len(text) > PERSON_BYTES_MAX:
        raise Unfit(
            "capture.too_long",
            f"The person's data has {len(text):,} bytes; {PERSON_BYTES_MAX:,} are allowed.",
        )
    return text


def is_person_id(found: str) -> bool:
    """Whether this is an id of one person, as far as can be seen."""
    return found.strip().lower() not in ANONYMOUS_IDS


def _number(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _plain(text: str) -> str:
    """Return text without invisible characters, such as NUL."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class MadeIds:
    """Makes ids for events that have none: the same for the same, so that a retry is known.

    What is the same within one request is several events. What says no moment at all is the same
    for an hour: the same thing done again later is a new event.
    """

    def __init__(self, received: int) -> None:
        """`received` is when the request came."""
        self._hour = received // HOUR
        self._seen: Counter[bytes] = Counter()

    def of(self, event: Any, *, has_moment: bool) -> str:
        """Return the id of an event."""
        # A retry states a new time of sending.
        content = _encode(msgspec.structs.replace(event, sent_at=None))
        self._seen[content] += 1
        hour = 0 if has_moment else self._hour
        text = b"%d %d " % (self._seen[content], hour) + content
        return MADE + blake2b(text, digest_size=16).hexdigest()
