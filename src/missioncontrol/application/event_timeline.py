"""What happened in a run, in order: its attempts with their ends, and a short line per event."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from sys import intern
from typing import Any

import msgspec

from missioncontrol.application.journal import unknown_run
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.run import events as r
from missioncontrol.domain.run.states import Process
from missioncontrol.domain.work import NO_BILL, NO_USAGE, Bill, Usage
from missioncontrol.ports.event_store import EventStore

READ_AT_ONCE = 500
EVENTS_AT_HAND_MAX = 150_000
"""Events of all runs whose lines are in memory together; some 150 bytes each."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """An event of a run, in a line."""

    position: int
    version: int  # place in the run's own stream
    time: float  # seconds since the epoch
    type: str
    step: str  # "" where it is about the run


class Attempt(msgspec.Struct, omit_defaults=True):
    """A lease on a step: what had it, for how long, and how it ended."""

    step: str
    number: int
    fence: int
    agent: str
    started: float
    position: int  # of the event that began it
    ended: float | None = None
    settled_position: int = 0
    outcome: str = "running"  # succeeded, failed, interrupted, cancelled or repeated
    code: str = ""
    reason: str = ""
    retry_at: float = 0.0
    usage: Usage = NO_USAGE
    bill: Bill = NO_BILL
    processes: tuple[Process, ...] = ()
    refused: tuple[str, ...] = ()  # kinds of reports that came too late


class Span(msgspec.Struct):
    """From when to when a step was looked after."""

    opened: float | None = None  # first ready, due, held or at work
    started: float | None = None
    ended: float | None = None


class EventTimeline:
    """One run, as its events were read so far."""

    def __init__(self, run: str) -> None:
        """Nothing has happened yet."""
        self.run = run
        self.version = 0
        self.position = 0
        self.moments: list[Moment] = []
        self.attempts: dict[int, Attempt] = {}  # by fence
        self.fences: dict[str, list[int]] = {}  # by step, in order
        self.spans: dict[str, Span] = {}
        self.models: dict[tuple[str, str], tuple[Usage, Bill]] = {}  # by step and model

    def attempts_of(self, step: str, *, until: int | None = None) -> list[Attempt]:
        """Return the attempts at a step, in order; as they stood at position `until`."""
        found = [self.attempts[fence] for fence in self.fences.get(step, ())]
        if until is None:
            return found
        return [_as_of(each, until) for each in found if each.position <= until]

    def take(self, row: Recorded, event: Any) -> None:
        """Fold the next event of the run in; one that was folded in already changes nothing."""
        if row.version <= self.version:
            return
        self.version, self.position = row.version, row.position
        at = row.time / 1_000_000
        step = getattr(event, "step", "") or getattr(event, "by", "")
        self.moments.append(Moment(row.position, row.version, at, intern(row.type), intern(step)))
        self._take(event, at, row.position)

    def _take(self, event: Any, at: float, position: int) -> None:
        match event:
            case r.StepStarted():
                self._begin(event, at, position)
            case r.StepSucceeded():
                self._end(event, at, position, "succeeded")
            case r.StepFailed() | r.AttemptFailed():
                self._fail(event, at, position)
            case r.UsageReported():
                self._use(event)
            case r.ProcessStarted():
                begun = self.attempts[event.fence]
                process = Process(event.pid, event.started, event.group)
                begun.processes = (*begun.processes, process)
            case r.ReportRefused():
                if attempt := self.attempts.get(event.fence):
                    attempt.refused = (*attempt.refused, event.kind)
            case _:
                self._take_rarely(event, at, position)

    def _take_rarely(self, event: Any, at: float, position: int) -> None:
        match event:
            case r.AttemptInterrupted():
                self._end(event, at, position, "interrupted", event.reason, is_last=False)
            case r.StepCancelled():
                self._end(event, at, position, "cancelled")
            case r.StepRepeated():
                self._end(event, at, position, "repeated", is_last=False)
            case r.StepExpanded():
                span = self._open(event.step, at)
                span.started = span.started if span.started is not None else at
            case r.StepReadied() | r.StepHeld() | r.StepReleased():
                self._open(event.step, at)
            case r.StepSkipped():
                self._open(event.step, at).ended = at
            case r.StepsBlocked() | r.StepsCancelled():
                for step in event.steps:
                    self._open(step, at).ended = at

    def _open(self, step: str, at: float) -> Span:
        span = self.spans.setdefault(step, Span())
        if span.opened is None:
            span.opened = at
        return span

    def _begin(self, event: r.StepStarted, at: float, position: int) -> None:
        span = self._open(event.step, at)
        span.started = at if span.started is None else span.started
        self.fences.setdefault(event.step, []).append(event.fence)
        self.attempts[event.fence] = Attempt(
            event.step, event.attempt, event.fence, event.agent, at, position
        )

    def _fail(self, event: r.StepFailed | r.AttemptFailed, at: float, position: int) -> None:
        is_last = isinstance(event, r.StepFailed)
        self._end(event, at, position, "failed", event.failure.reason, is_last=is_last)
        if attempt := self.attempts.get(event.fence):
            attempt.code = event.failure.code
            attempt.retry_at = 0.0 if isinstance(event, r.StepFailed) else event.retry_at

    def _end(
        self,
        event: Any,
        at: float,
        position: int,
        outcome: str,
        reason: str = "",
        *,
        is_last: bool = True,
    ) -> None:
        attempt = self.attempts.get(event.fence)  # None where the step became others
        if attempt is not None and attempt.ended is None:
            attempt.ended, attempt.settled_position = at, position
            attempt.outcome, attempt.reason = outcome, reason
        if is_last:
            self._open(event.step, at).ended = at

    def _use(self, event: r.UsageReported) -> None:
        if attempt := self.attempts.get(event.fence):
            attempt.usage += event.usage
            attempt.bill = attempt.bill.plus(event.usage, estimated=event.estimated)
        used, bill = self.models.get((event.step, event.model), (NO_USAGE, NO_BILL))
        bill = bill.plus(event.usage, estimated=event.estimated)
        self.models[event.step, event.model] = (used + event.usage, bill)


def _as_of(attempt: Attempt, until: int) -> Attempt:
    """Return the attempt as it stood then; its usage is not broken down by time."""
    if attempt.settled_position and attempt.settled_position <= until:
        return attempt
    return Attempt(
        attempt.step,
        attempt.number,
        attempt.fence,
        attempt.agent,
        attempt.started,
        attempt.position,
    )


def timeline_of(run: str, rows: Iterable[tuple[Recorded, Any]]) -> EventTimeline:
    """Return what these events of `run` tell; each comes with what it says."""
    found = EventTimeline(run)
    for row, event in rows:
        found.take(row, event)
    return found


class Chronicles:
    """The chronicles of the runs that people look at, brought up by what their streams have had."""

    def __init__(self, store: EventStore) -> None:
        """Nothing is read before it is asked for."""
        self._store = store
        self._cached: OrderedDict[str, EventTimeline] = OrderedDict()

    async def of(self, run: str) -> EventTimeline:
        """Return what happened in `run` up to now. It stays in memory and grows later.

        Raises:
            NotFound: `run.unknown`.
        """
        found = self._cached.get(run) or EventTimeline(run)
        while True:
            rows = await self._store.read_stream(run, after=found.version, limit=READ_AT_ONCE)
            for row in rows:
                found.take(row, decode(row.type, row.schema, row.body))
            if len(rows) < READ_AT_ONCE:
                break
            await asyncio.sleep(0)
        if not found.version:
            raise unknown_run(run)
        self._keep(found)
        return found

    def _keep(self, found: EventTimeline) -> None:
        self._cached[found.run] = found
        self._cached.move_to_end(found.run)
        events = sum(len(each.moments) for each in self._cached.values())
        while events > EVENTS_AT_HAND_MAX and len(self._cached) > 1:
            _, oldest = self._cached.popitem(last=False)
            events -= len(oldest.moments)
