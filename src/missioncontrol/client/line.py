"""How the client asks: again where a connection was lost, once where something is changed."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
import msgspec

from missioncontrol.adapters.server_line import ServerLine, keyed
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


class Listed(Generic[T]):
    """A list on the server. Iterating over it asks for page after page, as far as it goes."""

    def __init__(self, read: Callable[[str, int | None], Page[T]]) -> None:
        """`read` returns the page at a cursor."""
        self._read = read

    def page(self, cursor: str = "", limit: int | None = None) -> Page[T]:
        """Return one page; `limit` is at most 200.

        Raises:
            Rejected: `cursor.malformed`, and see `Client`.
        """
        return self._read(cursor, limit)

    def __iter__(self) -> Iterator[T]:
        """Yield what is in the list, in its order."""
        page = self._read("", None)
        yield from page.items
        while page.next:
            page = self._read(page.next, None)
            yield from page.items


class Line:
    """Asks one server; see `Client` for what it raises."""

    def __init__(self, line: ServerLine, *, wait: Callable[[float], None] = time.sleep) -> None:
        """`line` is closed by whoever opened it."""
        self._line = line
        self._wait = wait

    def get(self, path: str, kind: type[T], **query: Any) -> T:
        """Return what stands there."""
        answer = self._persist(lambda: self._line.send("GET", path, query=_said(query)))
        return self._line.read(answer, kind)

    def listed(self, path: str, kind: type[T], **query: Any) -> Listed[T]:
        """Return the list that stands there; nothing is asked before somebody reads it."""
        shape = cast("type[Page[T]]", Page[kind])  # type: ignore[valid-type]

        def read(cursor: str, limit: int | None) -> Page[T]:
            return self.get(path, shape, **query, cursor=cursor or None, limit=limit)

        return Listed(read)

    def content(self, path: str, headers: Mapping[str, str] = {}, **query: Any) -> bytes:
        """Return the bytes that stand there."""
        sent = self._persist(
            lambda: self._line.send("GET", path, query=_said(query), headers=headers)
        )
        return sent.content

    def post(self, path: str, kind: type[T], body: Any = None, *, key: str = "") -> T:
        """Ask for a change; see `change`."""
        return self.change("POST", path, kind, body, key=key)

    def change(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: Any = None,
        *,
        key: str = "",
        if_match: str = "",
        query: Mapping[str, Any] = {},
    ) -> T:
        """Ask for a change. It has a key, so it is done once however often it is sent.

        Who wants to repeat it themselves, in another process perhaps, gives a key of their own.
        """
        headers = keyed(key or secrets.token_hex(16))
        if if_match:
            headers["if-match"] = if_match
        answer = self._persist(
            lambda: self._line.send(method, path, query=_said(query), body=body, headers=headers)
        )
        return self._line.read(answer, kind) if answer.content else cast("T", None)

    def streamed(
        self, path: str, *, headers: Mapping[str, str], seconds_max: float, **query: Any
    ) -> AbstractContextManager[httpx.Response]:
        """Open what stands there, to be read as it comes; nothing is repeated."""
        return self._line.streamed(
            path, query=_said(query), headers=headers, seconds_max=seconds_max
        )

    def pause(self, seconds: float) -> None:
        """Wait before something is tried again."""
        self._wait(seconds)

    def _persist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        for seconds in WAITS:
            try:
                return ask()
            except MissionControlError as refusal:
                if not is_passing(refusal):
                    raise
            self._wait(seconds)
        return ask()


def is_passing(refusal: MissionControlError) -> bool:
    """Whether the same request may be answered in a moment."""
    return refusal.code in AGAIN


def path_of(*parts: object) -> str:
    """Return an address under the API from its parts, whatever is in them."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def _said(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query without what was left out; texts that are empty are not said."""
    return {name: value for name, value in query.items() if value not in (None, "", ())}


def too_long(what: str, seconds: float) -> Unavailable:
    """Say that something took longer than somebody wanted to wait."""
    return Unavailable("client.too_long", f"{what} within {seconds:g} s.", hint="Wait again.")
