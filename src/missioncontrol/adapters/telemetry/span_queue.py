"""A bounded queue of spans to send; spans that do not fit are made from the log later.

A long outage of the receiver, or a killed engine, therefore loses no span: the log has all events
that spans are made from, and a bookmark stores up to which event they were sent.
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
    """A position of the log in a file, replaced atomically."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, which may not exist yet."""
        self._path = path

    def read(self) -> int | None:
        """Return the position; None where none is stored."""
        try:
            text = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if text.isdigit() and len(text) <= DIGITS_MAX else None

    def write(self, position: int) -> None:
        """Store a position. If that fails, a later engine sends some spans again."""
        begun = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            begun.write_text(f"{position}\n", "ascii")
            begun.replace(self._path)


_LOG = logging.getLogger(__name__)

PORTION = 500
"""Events read at once."""

EVENTS_BEHIND_MAX = 100_000
"""Newest events for which spans are made after a restart; earlier ones are skipped."""

OF_RUNS = get_args(RunEvent)


class Happened(Protocol):
    """An event that is now durable."""

    @property
    def stream(self) -> str: ...
    @property
    def event(self) -> Any: ...
    @property
    def time(self) -> int: ...
    @property
    def position(self) -> int: ...


class SpanQueue:
    """Turns committed events into spans and queues them."""

    def __init__(
        self,
        spans: Spans,
        *,
        most: int,
        log: EventStore | None = None,
        bookmark: Bookmark | None = None,
    ) -> None:
        """Start empty, with room for `most` spans; without `log`, further ones are dropped."""
        self.dropped = 0
        self.broken = 0  # events that could not be turned into spans
        self.has_news = asyncio.Event()
        self._spans = spans
        self._most = most
        self._log = log
        self._bookmark = bookmark
        self._waiting: deque[tuple[Span, int]] = (
            deque()
        )  # with the position of its last event, or 0
        self._folded = 0  # position of the last event that spans include
        self._newest = 0  # position of the last committed event
        self._is_behind = log is not None

    async def open(self) -> None:
        """Read the bookmark; without one, start at the current end of the log."""
        if self._log is None or self._bookmark is None:
            return
        head = (await self._log.head()).position
        sent = self._bookmark.read()
        self._folded = head if sent is None else min(sent, head)
        if head - self._folded > EVENTS_BEHIND_MAX:
            self._folded = head - EVENTS_BEHIND_MAX
            _LOG.warning("Spans are sent for the last %d events only.", EVENTS_BEHIND_MAX)
        self._newest = max(self._newest, head)
        self._bookmark.write(self._folded)
        self.has_news.set()

    def __len__(self) -> int:
        """Return the number of queued spans."""
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether another span fits."""
        return len(self._waiting) < self._most

    def take(self, entries: Sequence[Happened]) -> None:
        """Process committed events, without blocking and without raising."""
        self.has_news.set()
        for entry in entries:
            try:
                self._newest = entry.position
                if not self.has_room and self._log is not None:
                    self._is_behind = True
                if not self._is_behind:
                    self._fold(entry.stream, entry.event, entry.time, entry.position)
            except Exception:  # noqa: BLE001 - telemetry must not stop a commit
                self.broken += 1
                _LOG.exception("An event could not be turned into a span.")

    def _fold(self, stream: str, event: Any, time: int, position: int) -> None:
        self._folded = position
        span = self._spans.take(stream, event, time)
        if span is not None:
            self.add(span, position)

    def add(self, span: Span, position: int = 0) -> None:
        """Queue a span; without room, one that the log can't restore is dropped."""
        if self.has_room:
            self._waiting.append((span, position))
            self.has_news.set()
        else:
            self.dropped += 1

    async def catch_up(self) -> None:
        """Read the events of the log that spans lack, as far as there is room."""
        while self._is_behind and self._log is not None:
            for recorded in await self._log.read(after=self._folded, limit=PORTION):
                if not self.has_room:
                    return
                await self._follow_recorded(recorded)
            # No await follows, so the next event to process is the one of the next commit.
            self._is_behind = self._folded < self._newest

    async def _follow_recorded(self, recorded: Recorded) -> None:
        stream, time = recorded.stream, recorded.time
        try:
            event = decode(recorded.type, recorded.schema, recorded.body)
            if isinstance(event, OF_RUNS) and await self._is_open(recorded, event):
                self._fold(stream, event, time, recorded.position)
        except Unavailable:
            raise  # The log can't be read now: the caller retries.
        except Exception:  # noqa: BLE001 - one bad event must not stop the others
            self.broken += 1
            _LOG.exception("Event %d could not be turned into a span.", recorded.position)
        self._folded = recorded.position

    async def _is_open(self, recorded: Recorded, event: object) -> bool:
        """Whether an event belongs to a run in flight; load its earlier events if necessary."""
        stream = recorded.stream
        if not self._spans.knows(stream) and not isinstance(event, RunCreated):
            for before in await self._earlier_events(recorded):
                earlier = decode(before.type, before.schema, before.body)
                self._spans.take(stream, earlier, before.time)
        return self._spans.knows(stream) or isinstance(event, RunCreated)

    async def _earlier_events(self, recorded: Recorded) -> list[Recorded]:
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
        """Return the oldest spans; they stay queued until `confirm`."""
        return [self._waiting[n][0] for n in range(min(count, len(self._waiting)))]

    def confirm(self, count: int) -> None:
        """Remove the oldest spans after sending, and move the bookmark."""
        position = 0
        for _ in range(count):
            position = self._waiting.popleft()[1] or position
        if not self._waiting:
            position = self._folded
        if position and self._bookmark is not None:
            self._bookmark.write(position)

    def close(self) -> None:
        """Empty the queue; spans that the log can't restore count as dropped."""
        restorable = (
            sum(1 for _, position in self._waiting if position) if self._log is not None else 0
        )
        self.dropped += len(self._waiting) - restorable
        if not self._waiting:
            self.confirm(0)
        self._waiting.clear()
