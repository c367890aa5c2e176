"""Finds out which attempt of which run telemetry belongs to."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from missioncontrol.application.journal import Entry
from missioncontrol.domain.run.attempt_end import attempt_end
from missioncontrol.domain.run.events import RunCreated, RunResumed, StepStarted
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.trace import attempt_span, fence_in, run_span, trace_of
from missioncontrol.interfaces.telemetry.keys import Teller

RUNS_MAX = 2_000
ATTEMPTS_MAX = 2_000
"""Of one run, the newest."""

SPANS_MAX = 100_000
"""The newest spans received: to recognise a repeated one, and what lies below it."""

DEPTH_MAX = 100
RUN, STEP = "mission.run", "mission.step"
"""Attributes of a resource by which an agent without trace context names what it works on."""


class Place(msgspec.Struct, frozen=True):
    """The telemetry belongs here."""

    run: str
    step: str = ""  # empty where it is known of the run alone
    attempt: int = 0
    fence: int = 0
    agent: str = ""


class ClaimedOrigin(msgspec.Struct, frozen=True):
    """What a sender states about where its telemetry belongs."""

    teller: Teller = Teller()
    trace: str = ""
    span: str = ""
    parent: str = ""
    state: str = ""  # as in the header `tracestate`
    resource: Mapping[str, object] = {}


class KnownRun(msgspec.Struct):
    """A run and its newest attempts."""

    run: str
    attempts: OrderedDict[int, Place]  # by fence
    spans: dict[str, int]  # ids of their spans → fence
    at_work: set[int]


class Attribution:
    """Follows the log, and knows the runs that were begun or gone on with since it began."""

    def __init__(self, begun: Callable[[str], Run | None] = lambda _: None) -> None:
        """Nothing is known; `begun` tells of a run that went on before."""
        self._started_run = begun
        self._runs: OrderedDict[str, KnownRun] = OrderedDict()  # by trace id
        self._received_spans: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def take(self, entries: Sequence[Entry]) -> None:
        """Follow a commit."""
        for entry in entries:
            event = entry.event
            if type(event) is StepStarted:
                self._begin(entry.stream, event)
            elif type(event) in (RunCreated, RunResumed):
                self.know(entry.stream)
            elif (end := attempt_end(event)) is not None:
                known = self._runs.get(trace_of(entry.stream))
                if known is not None:
                    known.at_work.discard(end.fence)

    def know(self, run: str) -> KnownRun:
        """Return what is known of a run; from now on it is."""
        trace = trace_of(run)
        known = self._runs.get(trace)
        if known is None:
            if len(self._runs) >= RUNS_MAX:
                self._runs.popitem(last=False)
            known = self._runs[trace] = KnownRun(run, OrderedDict(), {}, set())
            state = self._started_run(run)
            for step, at in state.working.items() if state is not None else ():
                self._place(known, Place(run, step, at.attempt, at.fence, at.agent))
        self._runs.move_to_end(trace)
        return known

    def _begin(self, run: str, event: StepStarted) -> None:
        place = Place(run, event.step, event.attempt, event.fence, event.agent)
        self._place(self.know(run), place)

    def _place(self, known: KnownRun, place: Place) -> None:
        """Take note of an attempt at work, and forget the oldest one where there are too many."""
        known.attempts[place.fence] = place
        known.spans[attempt_span(place.run, place.fence)] = place.fence
        known.at_work.add(place.fence)
        if len(known.attempts) > ATTEMPTS_MAX:
            oldest, _ = known.attempts.popitem(last=False)
            known.spans.pop(attempt_span(place.run, oldest), None)
            known.at_work.discard(oldest)

    def find(self, origin: ClaimedOrigin, parents: Mapping[str, str]) -> Place | None:
        """Return where something belongs; None where it is about nothing that is known here.

        A key that was made for an attempt says it for certain. Otherwise the trace names the run,
        and the attempt is the one that the span lies below, as far as that can be known.

        Args:
            origin: what it states itself.
            parents: of it and of the spans that came with it, by the id of the span.
        """
        known = self._known(origin)
        if known is None:
            return None
        fence = origin.teller.fence or self._fence(known, origin, parents)
        return known.attempts.get(fence, Place(known.run))

    def _known(self, origin: ClaimedOrigin) -> KnownRun | None:
        if origin.teller.run:
            return self._runs.get(trace_of(origin.teller.run))
        found = self._runs.get(origin.trace)
        named = origin.resource.get(RUN)
        if found is None and isinstance(named, str):
            return self._runs.get(trace_of(named))
        return found

    def _fence(self, known: KnownRun, origin: ClaimedOrigin, parents: Mapping[str, str]) -> int:
        fence = fence_in(origin.state) or self._fence_above(known, origin, parents)
        if fence:
            return fence
        step = origin.resource.get(STEP)
        newest = (place.fence for place in reversed(known.attempts.values()) if place.step == step)
        if step:
            return next(newest, 0)
        is_below_run = origin.parent == run_span(known.run)
        return next(iter(known.at_work)) if len(known.at_work) == 1 and not is_below_run else 0

    def _fence_above(
        self, known: KnownRun, origin: ClaimedOrigin, parents: Mapping[str, str]
    ) -> int:
        """Return the attempt that a span lies below; 0 where that can't be known yet."""
        span = origin.span
        for _ in range(DEPTH_MAX):
            fence = known.spans.get(span) or self._received_spans.get(
                (known.run, origin.trace, span), 0
            )
            if fence:
                return fence
            span = parents.get(span, "")
            if not span:
                break
        return 0

    def is_new(self, trace: str, span: str, place: Place) -> bool:
        """Record a span; False where it was received before, as when it is sent again.

        Any sender can claim the ids of a span. What an attempt claims as its own makes no other
        span a repeated one.
        """
        key = (place.run, trace, span)
        before = self._received_spans.get(key)
        if before is not None:
            return before not in (0, place.fence)
        if len(self._received_spans) >= SPANS_MAX:
            self._received_spans.popitem(last=False)
        self._received_spans[key] = place.fence
        return True
