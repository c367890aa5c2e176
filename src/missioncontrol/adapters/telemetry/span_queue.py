"""Spans that wait to be told, within a bound; what has no room is read from the log once it has.

So a receiver that is away for long, or an engine that was killed, costs no span: the log has all
that they are made from, and a bookmark says how far they were told.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

from missioncontrol.adapters.telemetry.spans import Spans
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunCreated, RunEvent
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.otlp import Span

DIGITS_MAX = 18


class Bookmark:
    """A position of the log, in a file that is whole or not there."""

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self._path = path

    def read(self) -> int | None:
        """Return the position; None where nobody remembers one."""
        try:
            text = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if text.isdigit() and len(text) <= DIGITS_MAX else None

    def write(self, position: int) -> None:
        """Remember a position. Where that can't be written, spans are told again some day."""
        begun = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            begun.write_text(f"{position}\n", "ascii")
            begun.replace(self._path)


_LOG = logging.getLogger(__name__)

PORTION = 500
"""Events that are read at once."""

EVENTS_BEHIND_MAX = 100_000
"""Events that are told about later; of more, the newest."""

OF_RUNS = get_args(RunEvent)


class Happened(Protocol):
    """An event that has just become durable."""

    @property
    def stream(self) -> str: ...
    @property
    def event(self) -> Any: ...
    @property
    def time(self) -> int: ...
    @property
    def position(self) -> int: ...


class SpanQueue:
    """Turns committed events into spans that wait."""

    def __init__(
        self,
        spans: Spans,
        *,
        most: int,
        log: EventStore | None = None,
        bookmark: Bookmark | None = None,
    ) -> None:
        """Nothing was taken in. Without log and bookmark, what has no room is dropped."""
        self.dropped = 0
        self.broken = 0  # events that could not be turned into spans
        self.has_news = asyncio.Event()
        self._spans = spans
        self._most = most
        self._log = log
        self._bookmark = bookmark
        self._waiting: deque[tuple[Span, int]] = deque()  # with the position that ended it, or 0
        self._folded = 0  # the position of the last event that was taken in
        self._newest = 0  # of the last one that there is
        self._is_behind = log is not None

    async def open(self) -> None:
        """Find out how far spans were told; the first time, that is up to now."""
        if self._log is None or self._bookmark is None:
            return
        head = (await self._log.head()).position
        told = self._bookmark.read()
        self._folded = head if told is None else min(told, head)
        if head - self._folded > EVENTS_BEHIND_MAX:
            self._folded = head - EVENTS_BEHIND_MAX
            _LOG.warning("Spans are told of the last %d events alone.", EVENTS_BEHIND_MAX)
        self._newest = max(self._newest, head)
        self._bookmark.write(self._folded)
        self.has_news.set()

    def __len__(self) -> int:
        """Return how many spans wait."""
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether another span may wait."""
        return len(self._waiting) < self._most

    def take(self, entries: Sequence[Happened]) -> None:
        """Follow a commit. It waits for nothing and never fails."""
        self.has_news.set()
        for entry in entries:
            try:
                self._newest = entry.position
                if not self.has_room and self._log is not None:
                    self._is_behind = True
                if not self._is_behind:
                    self._fold(entry.stream, entry.event, entry.time, entry.position)
            except Exception:  # noqa: BLE001 - the edge: telemetry follows, it never leads
                self.broken += 1
                _LOG.exception("An event could not be turned into a span.")

    def _fold(self, stream: str, event: Any, time: int, position: int) -> None:
        self._folded = position
        span = self._spans.take(stream, event, time)
        if span is not None:
            self.add(span, position)

    def add(self, span: Span, position: int = 0) -> None:
        """Let a span wait; one that stands in no log is dropped where it has no room."""
        if self.has_room:
            self._waiting.append((span, position))
            self.has_news.set()
        else:
            self.dropped += 1

    async def catch_up(self) -> None:
        """Take in what the log has beyond what was taken in, as far as there is room."""
        while self._is_behind and self._log is not None:
            for recorded in await self._log.read(after=self._folded, limit=PORTION):
                if not self.has_room:
                    return
                await self._take_recorded(recorded)
            # Nothing is awaited from here on: the next commit is the next event.
            self._is_behind = self._folded < self._newest

    async def _take_recorded(self, recorded: Recorded) -> None:
        stream, time = recorded.stream, recorded.time
        try:
            event = decode(recorded.type, recorded.schema, recorded.body)
            if isinstance(event, OF_RUNS) and await self._is_open(recorded, event):
                self._fold(stream, event, time, recorded.position)
        except Unavailable:
            raise  # Of the log; it is tried again.
        except Exception:  # noqa: BLE001 - the edge: the next event may be another
            self.broken += 1
            _LOG.exception("Event %d could not be turned into a span.", recorded.position)
        self._folded = recorded.position

    async def _is_open(self, recorded: Recorded, event: object) -> bool:
        """Whether an event is of a run that goes on; what happened to it before is recalled."""
        stream = recorded.stream
        if not self._spans.knows(stream) and not isinstance(event, RunCreated):
            for before in await self._before(recorded):
                told = decode(before.type, before.schema, before.body)
                self._spans.take(stream, told, before.time)
        return self._spans.knows(stream) or isinstance(event, RunCreated)

    async def _before(self, recorded: Recorded) -> list[Recorded]:
        assert self._log is not None
        found: list[Recorded] = []
        while len(found) < recorded.version - 1:
            most = min(PORTION, recorded.version - 1 - len(found))
            page = await self._log.read_stream(recorded.stream, after=len(found), limit=most)
            if not page:
                break
            found += page
        return found

    def first(self, count: int) -> list[Span]:
        """Return the spans that have waited longest; they wait on until `told`."""
        return [self._waiting[n][0] for n in range(min(count, len(self._waiting)))]

    def told(self, count: int) -> None:
        """Let go of so many of them, and remember how far spans were told."""
        position = 0
        for _ in range(count):
            position = self._waiting.popleft()[1] or position
        if not self._waiting:
            position = self._folded
        if position and self._bookmark is not None:
            self._bookmark.write(position)

    def let_go(self) -> None:
        """End; what waits is dropped, unless it stands in the log."""
        kept = sum(1 for _, position in self._waiting if position) if self._log is not None else 0
        self.dropped += len(self._waiting) - kept
        if not self._waiting:
            self.told(0)
        self._waiting.clear()
