"""The live feed of one home: follows the log from beside the engine, and tells those who listen.

One look serves everybody: what a portion of the log means to a topic is worked out and encoded
once, and those who listen to the same things are written the same bytes. A listener that was away
continues where it was, by the log itself; one that is too slow is dropped, and returns so.

A message is a server-sent event with a JSON object by topic (`{"runs": {"ids": [...]}, ...}`), and
its id is how far it tells; so one that arrives tells everything up to its id, and one that does not
tells nothing. A listener to `feed` gets each event by itself instead.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from missioncontrol.application.feed_encoding import Background, FrameBuilder, Portion
from missioncontrol.application.feed_listener import Listener, Place, Seats
from missioncontrol.application.read_model import Present
from missioncontrol.application.run_watch import RunWatch
from missioncontrol.application.topics import FEED, SIGNALS, Wanted
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.run.states import Run

LOOK_SECONDS_MIN = 0.03
LOOK_SECONDS_MAX = 0.1
LOOK_SECONDS_EACH = 0.000_2
"""Time from one look to the next for each listener: with many, updates come later and more at
once, so that telling them takes at most a fixed part of one core."""

REST_SECONDS_MIN = 0.01
"""Between the end of a look and the next, however long it took: others want the loop as well."""

BEAT_SECONDS = 15.0
STRIP_SECONDS = 1.0
SIGNAL_SECONDS = 0.5
READ_AT_ONCE = 1_000
LOOK_EVENTS_MAX = 10_000
"""Events of one look: half a second of the busiest engine. The next one goes on from there."""

BEHIND_MAX = 5_000
"""Events after which a returning listener learns that lists changed, and not what in them."""

WATCHES_MAX = 64
"""Runs whose changes are still known without any listener, so that one who soon listens again
receives what changed and not everything."""

MISSIONS_MAX = 20_000

_log = logging.getLogger(__name__)


class _OfMission(msgspec.Struct):
    """The part of a new run that says whose it is."""

    mission: str = ""


_of_mission = msgspec.json.Decoder(_OfMission).decode


class Live:
    """Follows the log and tells listeners what happens. All of it happens in one event loop."""

    def __init__(self, present: Present) -> None:
        """Nothing is followed without a listener."""
        self.seats = Seats()
        self._present = present
        self._turn = asyncio.Lock()  # No listener joins in the middle of a look.
        self._position = 0
        self._line = 0
        self._last: Recorded | None = None
        self._listeners: dict[Wanted, set[Listener]] = {}
        self._watches: OrderedDict[str, RunWatch] = OrderedDict()
        self._missions: OrderedDict[str, str] = OrderedDict()
        self._following: asyncio.Task[None] | None = None
        self._beat_due = self._strip_due = 0.0
        self._strip_sent = 0
        self._signals: dict[str, Callable[[], Any]] = {}
        self._signalled: dict[str, bytes] = {}
        self._signal_due = 0.0

    def signal(self, topic: str, now: Callable[[], Any]) -> None:
        """Tell of something that happens beside the log; `now` returns how it is."""
        assert topic in SIGNALS
        self._signals[topic] = now

    @property
    def listeners(self) -> int:
        """How many listen."""
        return sum(map(len, self._listeners.values()))

    async def check(self, wanted: Wanted) -> None:
        """Find out whether there is what is wanted.

        Raises:
            NotFound: `run.unknown`.
        """
        for run in wanted.runs:
            await self._present.run(run)

    async def listen(self, wanted: Wanted, place: Place | None) -> AsyncGenerator[bytes, None]:
        """Yield what is written for these topics, from `place` on or else from now on.

        It ends where the listener is too slow, or the log can't be read.

        Raises:
            NotFound: `run.unknown`.
        """
        listener = Listener(wanted)
        try:
            async for frame in self._up_to_now(listener, place):
                yield frame
            while frames := await listener.taken():
                yield frames
        finally:
            self._leave(listener)

    async def close(self) -> None:
        """End all listening."""
        for listener in self._everybody():
            listener.end()
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    def _everybody(self) -> list[Listener]:
        return [each for listeners in self._listeners.values() for each in listeners]

    async def _up_to_now(
        self, listener: Listener, place: Place | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield what happened since `place`, and add the listener where nothing is between."""
        wanted, is_new = listener.wanted, place is None
        joined = False
        while not joined:
            async with self._turn:
                place = await self._beginning(wanted, place)
                telling = await self._missed(wanted, place)
                place = Place(telling.portion.upto, telling.portion.line)
                joined = place.position == self._position
                frame = telling.frame(wanted, strip=joined, whole=is_new)
                if joined:
                    self._join(listener)
            is_new = False
            yield frame or telling.beat(wanted)
            if joined and (signals := self._signals_for(telling, wanted, self._signals)):
                yield signals
            await asyncio.sleep(0)

    async def _beginning(self, wanted: Wanted, place: Place | None) -> Place:
        """Return from where to tell; a place beyond the end is not of this log."""
        if self._following is None:
            await self._look_from_now()
        for run in wanted.runs:
            await self._watch(run)
        if wanted.wants_lines and not self._lines_are_wanted():
            self._line = self._present.output.last()
        if place is None:
            return Place(self._position, self._line)
        line = self._line if place.line < 0 else place.line
        return Place(min(place.position, self._position), min(line, self._line))

    async def _missed(self, wanted: Wanted, place: Place) -> FrameBuilder:
        """Return the next portion of what happened after `place`."""
        after, upto = place.position, self._position
        rows: Sequence[Recorded] = ()
        is_gap = FEED not in wanted.topics and upto - after > BEHIND_MAX
        if after < upto and not is_gap:
            rows = await self._present.store.read(
                after=after, limit=min(READ_AT_ONCE, upto - after)
            )
            upto = rows[-1].position if rows else upto
        portion = Portion(rows, after, upto, place.line, self._line, is_gap)
        return await self._frame_builder(portion, [wanted])

    def _join(self, listener: Listener) -> None:
        self._listeners.setdefault(listener.wanted, set()).add(listener)
        if self._following is None:
            self._beat_due = time.monotonic() + BEAT_SECONDS
            self._following = asyncio.create_task(self._follow(), name="live feed")

    def _leave(self, listener: Listener) -> None:
        listeners = self._listeners.get(listener.wanted)
        if listeners is None:
            return
        listeners.discard(listener)
        if not listeners:
            del self._listeners[listener.wanted]

    async def _look_from_now(self) -> None:
        """Begin at the end of the log; earlier events are read on request."""
        store = self._present.store
        head = await store.head()
        rows = await store.read(after=max(0, head.position - 1), limit=1)
        self._position, self._last = head.position, rows[-1] if rows else None
        self._line = self._present.output.last()
        self._watches.clear()  # There was no look in between.

    async def _follow(self) -> None:
        """Look again and again while there are listeners."""
        try:
            while self._listeners:
                begun = time.monotonic()
                async with self._turn:
                    await self._look()
                pause = max(LOOK_SECONDS_MIN, self.listeners * LOOK_SECONDS_EACH)
                left = min(LOOK_SECONDS_MAX, pause) - (time.monotonic() - begun)
                await asyncio.sleep(max(REST_SECONDS_MIN, left))
        except Exception:  # noqa: BLE001 - the edge of the loop: no listener must wait in vain
            _log.exception("the live feed broke off")
        finally:
            self._following = None
            for listener in self._everybody():
                listener.end()  # They connect again, and then receive the reason.

    async def _look(self) -> None:
        """See what is new, and tell it."""
        rows = await self._new_rows()
        line = self._present.output.last() if self._lines_are_wanted() else self._line
        upto = rows[-1].position if rows else self._position
        portion = Portion(rows, self._position, upto, self._line, line)
        self._position, self._line = upto, line
        self._last = rows[-1] if rows else self._last
        await self._bring_up_watches(rows)
        telling = await self._frame_builder(portion, self._listeners)
        self._send(telling)
        self._send_signals(telling)

    async def _new_rows(self) -> Sequence[Recorded]:
        """Return what the log has had since the last look, and pass it to the loaded runs too.

        All of it, up to a bound: a listener with only part of each look falls behind an engine
        that writes more than that in the meantime.
        """
        store, present = self._present.store, self._present
        rows: list[Recorded] = []
        position, head = self._position, (await store.head()).position
        while position < head and len(rows) < LOOK_EVENTS_MAX:
            portion = await store.read(after=position, limit=READ_AT_ONCE)
            present.grow(portion)
            rows += portion
            position = portion[-1].position if portion else head
            await asyncio.sleep(0)
        return rows

    def _changed_signals(self) -> list[str]:
        """Return the requested signals that differ from what was last sent."""
        changed = []
        for topic, now in self._signals.items():
            if any(topic in wanted.topics for wanted in self._listeners):
                value = msgspec.json.encode(now())
                if value != self._signalled.get(topic):
                    self._signalled[topic] = value
                    changed.append(topic)
        return changed

    def _signals_for(self, telling: FrameBuilder, wanted: Wanted, changed: Iterable[str]) -> bytes:
        selected = [topic for topic in changed if topic in wanted.topics]
        if not selected:
            return b""
        parts = {topic: self._signals[topic]() for topic in selected}
        return b"id: %b\ndata: %b\n\n" % (telling.id(wanted), msgspec.json.encode(parts))

    def _send_signals(self, telling: FrameBuilder) -> None:
        if time.monotonic() < self._signal_due or not (changed := self._changed_signals()):
            return
        self._signal_due = time.monotonic() + SIGNAL_SECONDS
        for wanted, listeners in self._listeners.items():
            if frame := self._signals_for(telling, wanted, changed):
                for listener in listeners:
                    listener.put(frame)

    def _send(self, telling: FrameBuilder) -> None:
        now = time.monotonic()
        strip = self._strip_sent != self._position and now >= self._strip_due
        beat = now >= self._beat_due
        if strip:
            self._strip_sent, self._strip_due = self._position, now + STRIP_SECONDS
        if beat:
            self._beat_due = now + BEAT_SECONDS
        if telling.portion.is_empty and not strip and not beat:
            return
        for wanted, listeners in self._listeners.items():
            frame = telling.frame(wanted, strip=strip)
            if frame or beat:
                for listener in listeners:
                    listener.put(frame or telling.beat(wanted))

    def _lines_are_wanted(self) -> bool:
        return any(wanted.wants_lines for wanted in self._listeners)

    async def _frame_builder(self, portion: Portion, asked: Iterable[Wanted]) -> FrameBuilder:
        asked = tuple(asked)
        missions: dict[str, str] = {}
        if any("missions" in wanted.topics for wanted in asked):
            missions = {row.stream: self._mission_of(row) for row in portion.rows}
        runs = {}
        if any(wanted.filter.agent for wanted in asked):
            streams = dict.fromkeys(row.stream for row in portion.rows)
            runs = {each: await self._present.run(each) for each in streams if _is_run(each)}
        background = Background(self._watches, missions, runs, self._last)
        return FrameBuilder(portion, background, self._present.output)

    def _mission_of(self, row: Recorded) -> str:
        """Return the mission that an event belongs to, or its own stream where it is of none."""
        if not _is_run(row.stream):
            return row.stream
        known = self._missions.get(row.stream)
        if known is None:
            if row.type == "run_created":
                known = _of_mission(row.body).mission
            else:
                listed = self._present.board.runs.get(row.stream)
                listed = listed or self._present.tables.run(row.stream)
                known = listed.mission if listed is not None else ""
            self._missions[row.stream] = known
            if len(self._missions) > MISSIONS_MAX:
                self._missions.popitem(last=False)
        return known

    async def _watch(self, run: str) -> None:
        if run in self._watches:
            self._watches.move_to_end(run)
            return
        state = await self._present.run(run)
        # Read after the run: what it holds can't be newer than this.
        position = (await self._present.store.head()).position
        self._watches[run] = RunWatch(state, position, self._word)
        wanted = {run for wanted in self._listeners for run in wanted.runs} | {run}
        for other in list(self._watches):
            if len(self._watches) > WATCHES_MAX and other not in wanted:
                del self._watches[other]

    def _word(self, run: Run) -> str:
        return self._present.statuses.of_run(run).word

    async def _bring_up_watches(self, rows: Sequence[Recorded]) -> None:
        for run in {row.stream for row in rows} & self._watches.keys():
            state = await self._present.run(run)
            self._watches[run].look(state, (await self._present.store.head()).position)


def _is_run(stream: str) -> bool:
    return stream.startswith("run-")
