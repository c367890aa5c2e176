"""Lists in pages: every list has a bound, and a cursor says where it goes on."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from missioncontrol.domain.errors import Rejected

LIMIT_MAX = 200
LIMIT = 50

Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many at most.")]
Cursor = Annotated[
    str,
    QueryParameter(
        max_length=1_000,
        description="`next` of the page before; empty for the first page.",
    ),
]

T = TypeVar("T")


class Malformed(Rejected):
    """What is asked for can't be read."""

    status = 400


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list."""

    items: list[T]
    next: str = ""  # the cursor of the page after this one; empty where this is the last


def cursor_of(*place: str | float) -> str:
    """Return a place in a list as a cursor; clients hand it back and look at nothing in it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str, *kinds: type) -> tuple[Any, ...] | None:
    """Return the place that a cursor says, or None at the beginning.

    Raises:
        Malformed: `cursor.malformed`.
    """
    if not cursor:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
        return msgspec.convert(found, tuple[kinds])  # type: ignore[valid-type]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Malformed(
            "cursor.malformed",
            f"{cursor[:40]!a} is no cursor of this list.",
            hint="Begin without one, and go on with `next` of each page.",
        ) from None


def page_of(
    found: Sequence[T],
    cursor: str,
    limit: int,
    key: Callable[[T], tuple[Any, ...]],
    *kinds: type,
    falling: bool = False,
) -> Page[T]:
    """Return a page of a list that is at hand, in the order of `key`, whose parts are of `kinds`.

    It goes on after what the page before ended with, also where that is gone by now: what comes
    and goes elsewhere in the list leaves nothing out, and shows nothing twice.

    Raises:
        Malformed: `cursor.malformed`.
    """
    place = place_of(cursor, *kinds)
    rest = [
        each
        for each in found
        if place is None or (key(each) < place if falling else key(each) > place)
    ]
    more = cursor_of(*key(rest[limit - 1])) if len(rest) > limit else ""
    return Page(rest[:limit], more)
