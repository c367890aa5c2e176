"""Lists in pages: every list has a bound, and a cursor says where it goes on."""

import base64
import binascii
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
        Rejected: `cursor.malformed`.
    """
    if not cursor:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
        return msgspec.convert(found, tuple[kinds])  # type: ignore[valid-type]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Rejected(
            "cursor.malformed",
            f"{cursor[:40]!a} is no cursor of this list.",
            hint="Begin without one, and go on with `next` of each page.",
        ) from None
