"""Where commands become events: decided on the present state, held in memory until durable.

Commands that arrive before a commit share it. The state held here runs ahead of the disk by what
is pending; nothing outside learns of it, and no step starts, before the commit has returned.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import msgspec

from missioncontrol.application.concept import C, Concept, S
from missioncontrol.application.current_request import cause_now
from missioncontrol.application.scrubbing import Scrub, scrubbed
from missioncontrol.domain import mission as missions
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.mission import Mission, MissionCommand
from missioncontrol.domain.register import NAMES, Event, decode
from missioncontrol.domain.run.commands import RunCommand
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import RunEvent
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_store import Append, EventStore, Head, NewEvent

E = TypeVar("E", bound=Event)

ENGINE = "engine"
"""The actor of what follows by itself."""

READ_AT_ONCE = 5_000


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event that has just become durable."""

    stream: str
    event: Event
    time: int  # microseconds since the epoch
    position: int


class Journal:
    """Decides commands on missions and runs, and hands what they became to the event log."""

    def __init__(self, store: EventStore, clock: Clock, *, scrub: Scrub | None = None) -> None:
        """`scrub` takes secrets out of an event's bytes before anything keeps them."""
        self.store = store
        self.clock = clock
        self.wake: Callable[[], None] = lambda: None
        self.runs: dict[str, Run] = {}
        self.missions: dict[str, Mission] = {}
        self.others: dict[str, Any] = {}  # states of every other concept, by stream
        self._versions: dict[str, int] = {}
        self._pending: list[Append] = []
        self._growing: list[NewEvent] = []  # of the last pending append
        self._entries: list[tuple[str, Event, int]] = []  # without their positions
        self._in_flight: set[str] = set()
        self._leaving: set[str] = set()  # unloaded as soon as the log knows all of it
        self._waiting: list[asyncio.Future[None]] = []
        self._failure: BaseException | None = None
        self._position: int | None = None  # of the last event; None before it was requested
        self._scrub = scrub
        self._encode = msgspec.json.Encoder().encode

    def handle_run(
        self,
        run: str,
        command: RunCommand,
        *,
        actor: str = ENGINE,
        on_behalf: str = "",
        cause: int = 0,
    ) -> list[RunEvent]:
        """Decide `command` on a run that is loaded or new, and return what it made true.

        Raises:
            Rejected, NotFound: see `domain.run.decide.decide`.
        """
        now = self.clock.now()
        state = self.runs.get(run)
        events = decide(command, state, now)
        if events:
            stamp = int(now * 1_000_000)
            at = stamp / 1_000_000
            recorded = self._record(run, events, stamp, actor, on_behalf, cause, run)
            for event in recorded:
                state = evolve(state, event, at)
            assert state is not None
            self.runs[run] = state
            return recorded
        return events

    def handle_mission(
        self,
        mission: str,
        command: MissionCommand,
        *,
        actor: str = ENGINE,
        on_behalf: str = "",
        cause: int = 0,
    ) -> list[Event]:
        """Decide `command` on a mission that is loaded or new, and return what it made true.

        Raises:
            Rejected, NotFound: see `domain.mission.decide`.
        """
        about = (actor, on_behalf, cause, mission)
        return self._apply(MISSION, self.missions, mission, command, about)

    def tell(
        self,
        concept: Concept[S, C, E],
        stream: str,
        command: C,
        *,
        actor: str = ENGINE,
        on_behalf: str = "",
        cause: int = 0,
        correlation: str = "",
    ) -> list[Event]:
        """Decide `command` on a stream of any other concept that is loaded or new.

        What several calls make true without an `await` between them is one transaction. Returns
        what became true; an empty list means that it was true already.

        Raises:
            Rejected, NotFound: see `decide` of the concept.
        """
        about = (actor, on_behalf, cause, correlation or stream)
        return self._apply(concept, self.others, stream, command, about)

    def _apply(
        self,
        concept: Concept[S, C, E],
        states: dict[str, S],
        stream: str,
        command: C,
        about: tuple[str, str, int, str],
    ) -> list[Event]:
        now = self.clock.now()
        state = states.get(stream)
        events: list[Event] = concept.decide(command, state, now)
        if events:
            stamp = int(now * 1_000_000)
            events = self._record(stream, events, stamp, *about)
            for event in events:
                state = concept.evolve(state, event, stamp / 1_000_000)
            assert state is not None
            states[stream] = state
        return events

    def _record(
        self,
        stream: str,
        events: list[E],
        stamp: int,
        actor: str,
        on_behalf: str,
        cause: int,
        correlation: str,
    ) -> list[E]:
        version = self._versions.get(stream, 0)
        cause = cause or cause_now()
        encode = self._encode
        new: list[NewEvent] = []
        entries: list[tuple[str, Event, int]] = []
        for place, event in enumerate(events):
            name, schema = NAMES[type(event)]
            body = encode(event)
            if self._scrub is not None and self._scrub(body) is not body:
                body, clean = scrubbed(name, schema, body, self._scrub)
                events[place] = event = cast(E, clean)
            new.append(NewEvent(name, schema, body, stamp, actor, on_behalf, cause, correlation))
            entries.append((stream, event, stamp))
        if self._pending and self._pending[-1].stream == stream:
            self._growing.extend(new)
        else:
            self._growing = new
            self._pending.append(Append(stream, version, new))
        self._entries.extend(entries)
        self._versions[stream] = version + len(new)
        if self._position is not None:
            self._position += len(new)
        self.wake()
        return events

    async def load_run(self, run: str) -> Run:
        """Return the run, folded from its stream if it is not at hand, as its mission then is too.

        Raises:
            NotFound: `run.unknown`.
        """
        self._leaving.discard(run)
        if run not in self.runs:
            state, version = await fold_run(self.store, run)
            if run not in self.runs:  # No other task loaded it while we read.
                self.runs[run], self._versions[run] = state, version
        if self.runs[run].mission:
            await self.load_mission(self.runs[run].mission)
        return self.runs[run]

    async def load_mission(self, mission: str) -> Mission:
        """Return the mission, folded from its stream if it is not at hand.

        Raises:
            NotFound: `mission.unknown`.
        """
        self._leaving.discard(mission)
        if mission not in self.missions:
            state, version = await fold_mission(self.store, mission)
            if mission not in self.missions:
                self.missions[mission], self._versions[mission] = state, version
        return self.missions[mission]

    async def load(self, concept: Concept[S, Any, Any], stream: str) -> S:
        """Return the state of a stream, folded from the log if it is not at hand.

        Raises:
            NotFound: as `concept.unknown` says.
        """
        state = await self.find(concept, stream)
        if state is None:
            raise concept.unknown(stream)
        return state

    async def find(self, concept: Concept[S, Any, Any], stream: str) -> S | None:
        """Return the state of a stream as `load` does, or None where the log holds none."""
        self._leaving.discard(stream)
        if stream not in self.others:
            state, version = await fold(self.store, concept, stream)
            if state is not None and stream not in self.others:
                self.others[stream], self._versions[stream] = state, version
        found: S | None = self.others.get(stream)
        return found

    def forget(self, stream: str) -> None:
        """Unload a run or mission from memory; it is loaded again when it is needed.

        One whose events are not all on disk goes with a later commit; so does the mission of a
        run that is still at hand.
        """
        self._leaving.add(stream)
        if stream in self.missions and any(r.mission == stream for r in self.runs.values()):
            return
        if stream in self._in_flight or any(a.stream == stream for a in self._pending):
            return
        self._leaving.discard(stream)
        self.runs.pop(stream, None)
        self.missions.pop(stream, None)
        self.others.pop(stream, None)
        self._versions.pop(stream, None)

    @property
    def position(self) -> int:
        """Where the last event that was decided will stand: nothing else writes this log."""
        assert self._position is not None, "the position was not requested"
        return self._position

    async def know_position(self) -> None:
        """Make `position` known from now on.

        Raises:
            Conflict, Unavailable: as `durable`.
        """
        while self._position is None:
            if self.has_pending:
                await self.durable()
                continue
            head = await self.store.head()
            if self._position is None and not self.has_pending:
                self._position = head.position

    @property
    def pending(self) -> Sequence[tuple[str, Event]]:
        """Events that were decided and are not handed to the log yet, each with its stream."""
        return [(stream, event) for stream, event, _ in self._entries]

    @property
    def has_pending(self) -> bool:
        """Whether anything that was decided is not durable yet."""
        return bool(self._pending or self._in_flight)

    async def commit(self) -> list[Entry]:
        """Make what is pending durable, tell those who wait for it, and return it with positions.

        Raises:
            Conflict, Unavailable: see `EventStore.append`. What was pending is not written, those
                who wait get the error, and the state held here must not be used any more.
        """
        for stream in sorted(self._leaving, reverse=True):  # Runs first, then their missions.
            self.forget(stream)  # The commit before this one has taken effect.
        appends, entries, waiting = self._pending, self._entries, self._waiting
        self._pending, self._entries, self._waiting = [], [], []
        self._in_flight = {append.stream for append in appends}
        try:
            head = await self.store.append(appends) if appends else Head(0, b"")
        except BaseException as error:
            self._waiting = waiting
            self.fail(error)
            raise
        self._in_flight = set()
        if self._position is None and appends:
            self._position = head.position + len(self._entries)
        for future in waiting:
            if not future.done():
                future.set_result(None)
        first = head.position - len(entries) + 1
        return [Entry(*entry, position) for position, entry in enumerate(entries, first)]

    @property
    def is_open(self) -> bool:
        """Whether what is decided can still become durable."""
        return self._failure is None

    def fail(self, error: BaseException) -> None:
        """Tell everybody who waits, now and from now on, that nothing becomes durable any more."""
        self._failure = error
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_exception(error)

    async def durable(self) -> None:
        """Return once everything decided so far is on disk.

        Raises:
            Conflict, Unavailable: a commit failed, this one or one before it.
        """
        if self._failure is not None:
            raise self._failure
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self.wake()
        await future


async def fold_run(store: EventStore, run: str, *, until: int | None = None) -> tuple[Run, int]:
    """Rebuild a run from the log alone and return it with its stream version.

    `until` stops after that position of the log.

    Raises:
        NotFound: `run.unknown`, where the log holds nothing of it up to there.
    """
    state: Run | None = None
    version = 0
    while True:
        rows = await store.read_stream(run, after=version, limit=READ_AT_ONCE)
        for row in rows:
            if until is not None and row.position > until:
                rows = []
                break
            event = decode(row.type, row.schema, row.body)
            state = evolve(state, event, row.time / 1_000_000)  # type: ignore[arg-type]
            version = row.version
        if len(rows) < READ_AT_ONCE:
            break
    if state is None:
        raise unknown_run(run, until)
    return state, version


def unknown_run(run: str, until: int | None = None) -> NotFound:
    """Say that the log holds no such run, or none at that position."""
    return NotFound(
        "run.unknown",
        f"There is no run {run!r} here" + (f" at position {until}." if until else "."),
        hint="`mission list` names the runs of this home.",
    )


async def fold(
    store: EventStore, concept: Concept[Any, Any, Any], stream: str, *, until: int | None = None
) -> tuple[Any, int]:
    """Rebuild what a stream says from the log alone; return it with the stream's version.

    The state is the concept's, or None where the log holds nothing of the stream. `until` stops
    after that position of the log.
    """
    state = None
    version = 0
    while rows := await store.read_stream(stream, after=version, limit=READ_AT_ONCE):
        for row in rows:
            if until is not None and row.position > until:
                return state, version
            event = decode(row.type, row.schema, row.body)
            state = concept.evolve(state, event, row.time / 1_000_000)
            version = row.version
        if len(rows) < READ_AT_ONCE:
            break
    return state, version


async def fold_mission(store: EventStore, mission: str) -> tuple[Mission, int]:
    """Rebuild a mission from the log alone and return it with its stream version.

    Raises:
        NotFound: `mission.unknown`.
    """
    state, version = await fold(store, MISSION, mission)
    if state is None:
        raise unknown_mission(mission)
    return state, version


def unknown_mission(mission: str) -> NotFound:
    """Say that the log holds no such mission, or that it was not loaded."""
    return NotFound(
        "mission.unknown",
        f"There is no mission {mission!r} here.",
        hint="`mission list` names the missions of this home.",
    )


MISSION: Concept[Mission, MissionCommand, missions.MissionEvent] = Concept(
    lambda command, state, _: missions.decide(command, state), missions.evolve, unknown_mission
)
