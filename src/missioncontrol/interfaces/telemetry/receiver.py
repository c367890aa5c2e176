"""Receives traces and logs: who sends them, where they belong, and what is stored."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import msgspec

from missioncontrol.domain.trace import attempt_span, is_span, is_trace
from missioncontrol.interfaces.telemetry.attribution import Attribution, ClaimedOrigin, Place
from missioncontrol.interfaces.telemetry.filtering import Filter, Line, Scrub
from missioncontrol.interfaces.telemetry.keys import Teller
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.ports.otlp import LogRecord, Logs, Resource, Span, Traces, plain
from missioncontrol.ports.output_store import OutputLine

IN_ONE_GO = 50
"""Items after which others may have the loop."""

RUNS_COUNTED_MAX = 10_000
DAY_MICROSECONDS = 86_400_000_000

Keep = Callable[[OutputLine], None]


class ReceivedCounts(msgspec.Struct):
    """How many spans and records of logs became what."""

    spans: int = 0  # stored
    records: int = 0  # likewise
    passed_over: int = 0  # for they say nothing of models and tools
    repeated: int = 0  # spans that were sent again
    malformed: int = 0  # spans whose ids are none
    unknown: int = 0  # about nothing that is known here
    beyond: int = 0  # more than is accepted in one request or stored of one run


COUNT_FIELDS = ReceivedCounts.__struct_fields__


class Receiver:
    """Keeps what agents tell as lines of output of their steps.

    Tokens that they tell are shown and never counted as spent: what comes after a call, may be lost
    on the way and is written by whom it measures can't hold a budget.
    """

    def __init__(
        self,
        policy: TelemetryPolicy,
        attribution: Attribution,
        *,
        keep: Keep,
        scrub: Scrub,
        now: Callable[[], float],
    ) -> None:
        """Start with empty counters.

        Args:
            policy: what is stored.
            attribution: follows the log of the engine.
            keep: takes a line of output.
            scrub: takes secrets out of a text.
            now: seconds since the epoch.
        """
        self.policy = policy
        self.heard = ReceivedCounts()
        self._attribution = attribution
        self._filter = Filter(policy, scrub)
        self._keep = keep
        self._now = now
        self._lines: dict[str, int] = {}  # stored, by run

    def counters(self) -> dict[str, Callable[[], float]]:
        """Return the counts of what was received, as metrics that only grow."""

        def count_of(field: str) -> Callable[[], float]:
            return lambda: float(getattr(self.heard, field))

        return {f"telemetry_heard_{each}_total": count_of(each) for each in COUNT_FIELDS}

    async def traces(self, traces: Traces, teller: Teller) -> int:
        """Take spans in; return how many were not, for they are about nothing known here."""
        spans = list(_spans(traces))
        parents = {span.span_id.lower(): span.parent_span_id.lower() for _, span in spans}
        refused = self._beyond(len(spans))
        for number, (resource, span) in enumerate(spans[: self.policy.items_max]):
            await _yield_turn(number)
            refused += not self._span(span, resource, teller, parents)
        return refused

    async def logs(self, logs: Logs, teller: Teller) -> int:
        """Take records of logs in; return how many were not."""
        records = list(_records(logs))
        refused = self._beyond(len(records))
        for number, (resource, record) in enumerate(records[: self.policy.items_max]):
            await _yield_turn(number)
            refused += not self._record(record, resource, teller)
        return refused

    def _beyond(self, count: int) -> int:
        """Return how many of one request are too many, and count them."""
        beyond = max(0, count - self.policy.items_max)
        self.heard.beyond += beyond
        return beyond

    def _span(
        self,
        span: Span,
        resource: Mapping[str, object],
        teller: Teller,
        parents: Mapping[str, str],
    ) -> bool:
        trace, own = span.trace_id.lower(), span.span_id.lower()
        if not (is_trace(trace) and is_span(own)):
            self.heard.malformed += 1
            return False
        origin = ClaimedOrigin(
            teller, trace, own, span.parent_span_id.lower(), span.trace_state, resource
        )
        place = self._attribution.find(origin, parents)
        if place is None:
            self.heard.unknown += 1
            return False
        if not self._attribution.is_new(trace, own, place):
            self.heard.repeated += 1
            return True
        if origin.parent == attempt_span(place.run, place.fence) or self._filter.is_informative(
            span
        ):
            self.heard.spans += self._add(place, self._filter.span(span, _service(resource)))
        else:
            self.heard.passed_over += 1
        return True

    def _record(self, record: LogRecord, resource: Mapping[str, object], teller: Teller) -> bool:
        trace, span = record.trace_id.lower(), record.span_id.lower()
        place = self._attribution.find(ClaimedOrigin(teller, trace, span, resource=resource), {})
        if place is None:
            self.heard.unknown += 1
            return False
        if self._filter.says(record):
            self.heard.records += self._add(place, self._filter.record(record, _service(resource)))
        else:
            self.heard.passed_over += 1
        return True

    def _add(self, place: Place, line: Line) -> bool:
        """Keep a line; False where its run has as many as it may."""
        lines = self._lines.pop(place.run, 0)
        self._lines[place.run] = lines + 1  # Behind the others: the idlest is dropped first.
        if len(self._lines) > RUNS_COUNTED_MAX:
            del self._lines[next(iter(self._lines))]
        if lines < self.policy.lines_per_run_max:
            self._write(place, line)
            return True
        self.heard.beyond += 1
        if lines == self.policy.lines_per_run_max:
            message = f"telemetry: {lines:,} lines of a run are stored; further lines are not."
            self._write(place, Line(0, "warning", message))
        return False

    def _write(self, place: Place, line: Line) -> None:
        time = self._sound(line.time)
        self._keep(
            OutputLine(
                place.run,
                place.step,
                place.attempt,
                time,
                line.level,
                line.message,
                agent=place.agent,
            )
        )

    def _sound(self, time: int) -> int:
        """Return the given time, or the present one where it is more than a day off."""
        now = int(self._now() * 1_000_000)
        return time if abs(now - time) < DAY_MICROSECONDS else now


def _spans(traces: Traces) -> Iterator[tuple[Mapping[str, object], Span]]:
    """Yield each span with the attributes of its resource."""
    for of_resource in traces.resource_spans:
        resource = _attributes(of_resource.resource)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield resource, span


def _records(logs: Logs) -> Iterator[tuple[Mapping[str, object], LogRecord]]:
    """Yield each record with the attributes of its resource."""
    for of_resource in logs.resource_logs:
        resource = _attributes(of_resource.resource)
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                yield resource, record


def _attributes(resource: Resource) -> dict[str, object]:
    return {each.key: plain(each.value) for each in resource.attributes}


def _service(resource: Mapping[str, object]) -> str:
    name = resource.get("service.name", "")
    return name if isinstance(name, str) else ""


async def _yield_turn(number: int) -> None:
    if number % IN_ONE_GO == IN_ONE_GO - 1:
        await asyncio.sleep(0)
