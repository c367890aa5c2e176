"""Requests to a server, as values: declared once, and sent by either client."""

import secrets
from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, TypeAlias, TypeVar, cast
from urllib.parse import quote

import msgspec

from missioncontrol.adapters.server_line import keyed
from missioncontrol.domain.errors import MissionControlError, Unavailable

WAITS = (0.2, 1.0, 3.0)
"""Seconds before a request is repeated to which no answer came, or an answer to come again."""

AGAIN = frozenset(
    {"server.silent", "console.no_engine", "control.silent", "request.open", "request.too_often"}
)
"""Refusals after which the same request may be answered in a moment."""

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list."""

    items: list[T]
    next: str = ""  # the cursor of the page after this one; empty where this is the last


class Call(msgspec.Struct, Generic[T], frozen=True):
    """One request, answered in the shape `kind`: with bytes, as they come, or with nothing."""

    method: str
    path: str
    kind: Any
    query: Mapping[str, Any] = {}
    body: Any = None
    headers: Mapping[str, str] = {}


class Pause(msgspec.Struct, frozen=True):
    """Wait before something is tried again."""

    seconds: float


class Open(msgspec.Struct, frozen=True):
    """Open what stands there, to be read as it comes; it ends where nothing comes for so long."""

    path: str
    seconds_max: float
    query: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}


class More(msgspec.Struct, frozen=True):
    """Answered with the next bytes of what was opened last, and with none at the end of it."""


class Item(msgspec.Struct, Generic[T], frozen=True):
    """An item for the caller's loop; it needs no answer."""

    value: T


Pages: TypeAlias = Call[Page[T]]
"""The first request of a list."""

Script: TypeAlias = Generator[Any, Any, T]
"""Says step after step (`Call`, `Pause`, `Open`, `More`) what to do next, is given what came of it,
and returns what comes of it all. Nothing in it waits: each client does that in its own way."""

StreamScript: TypeAlias = Generator[Item[T] | Call[Any] | Pause | Open | More, Any, None]
"""A script that gives `Item` after `Item` to the caller's loop."""


def get(path: str, kind: Callable[..., T] | type[T], /, **query: Any) -> Call[T]:
    """Ask for what stands there."""
    return Call("GET", path, kind, without_empty(query))


def pages(path: str, kind: type[T], /, **query: Any) -> Pages[T]:
    """Ask for the list that stands there."""
    return Call("GET", path, Page[kind], without_empty(query))  # type: ignore[valid-type]


def content(path: str, headers: Mapping[str, str] = {}, **query: Any) -> Call[bytes]:
    """Ask for the bytes that stand there."""
    return Call("GET", path, bytes, without_empty(query), headers=headers)


def post(
    path: str, kind: Callable[..., T] | type[T], body: Any = None, *, key: str = ""
) -> Call[T]:
    """Ask for a change; see `change`."""
    return change("POST", path, kind, body, key=key)


def change(
    method: str,
    path: str,
    kind: Callable[..., T] | type[T],
    body: Any = None,
    *,
    key: str = "",
    if_match: str = "",
    query: Mapping[str, Any] = {},
) -> Call[T]:
    """Ask for a change. It has a key, so it is done once however often it is sent.

    Who wants to repeat it themselves, in another process perhaps, gives a key of their own.
    """
    headers = keyed(key or secrets.token_hex(16))
    if if_match:
        headers["if-match"] = if_match
    return Call(method, path, kind, without_empty(query), body, headers)


def at(call: Pages[T], cursor: str, limit: int | None) -> Pages[T]:
    """Return the request of another page of a list."""
    query = {**call.query, **without_empty({"cursor": cursor, "limit": limit})}
    return msgspec.structs.replace(call, query=query)


def persisted(call: Call[T]) -> Script[T]:
    """Ask, and again after a while where no answer came, or one to come again."""
    for seconds in WAITS:
        try:
            return cast("T", (yield call))
        except MissionControlError as refusal:
            if not is_passing(refusal):
                raise
        yield Pause(seconds)
    return cast("T", (yield call))


def is_passing(refusal: MissionControlError) -> bool:
    """Whether the same request may be answered in a moment."""
    return refusal.code in AGAIN


def path_of(*parts: object) -> str:
    """Return an address under the API from its parts, whatever is in them."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def without_empty(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query without what was left out; empty texts are not sent."""
    return {name: value for name, value in query.items() if value not in (None, "", ())}


def too_long(what: str, seconds: float) -> Unavailable:
    """Return the error for something that took longer than the caller wanted to wait."""
    return Unavailable("client.too_long", f"{what} within {seconds:g} s.", hint="Wait again.")
