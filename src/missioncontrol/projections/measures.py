"""Counts what the log tells of work, hour by hour: attempts, their time, tokens, money and runs."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.attempt_end import Ending, attempt_end
from missioncontrol.domain.run.events import RunCreated, RunSettled, StepStarted, UsageReported
from missioncontrol.domain.schedule.events import (
    QueuedSlotsDropped,
    ScheduleRunEnded,
    SlotSkipped,
    SlotsSkipped,
)
from missioncontrol.ports.measures import (
    HOUR_SECONDS,
    Counted,
    Ended,
    Lasted,
    OpenAttempt,
    Place,
    Subject,
    Work,
)

HOUR = HOUR_SECONDS * 1_000_000
"""In microseconds, in which the log tells time."""

GROWTH = 1.05
"""Each bucket of durations ends this much later than the one before it, so what is read from
them is right within 5 %."""

SHORTEST = 1_000
"""Microseconds; what took less counts as that long."""

AS: dict[Ending, str] = {
    "succeeded": "succeeded",
    "repeated": "succeeded",
    "failed": "failed",
    "interrupted": "interrupted",
    "cancelled": "interrupted",
}
"""What the end of an attempt counts as."""

ENDINGS = frozenset(
    {
        "step_succeeded",
        "step_repeated",
        "attempt_failed",
        "step_failed",
        "attempt_interrupted",
        "step_cancelled",
    }
)
OF_ATTEMPTS = ENDINGS | {"step_started", "usage_reported"}
OF_SCHEDULES = frozenset(
    {"schedule_run_ended", "slot_skipped", "slots_skipped", "queued_slots_dropped"}
)
LOOKED_AT = OF_ATTEMPTS | OF_SCHEDULES | {"run_created", "run_settled"}
"""Events by their lasting names; the others are never decoded."""

OF_SCHEDULE = "schedule-"
_LOG_GROWTH = math.log(GROWTH)


def bucket(micros: int) -> int:
    """Return the number of the bucket that a duration falls into."""
    return max(0, math.ceil(math.log(max(micros, SHORTEST) / SHORTEST) / _LOG_GROWTH - 1e-9))


def seconds_of(number: int) -> float:
    """Return the longest duration of a bucket, in seconds."""
    return SHORTEST * GROWTH**number / 1_000_000


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the seconds within which that share of durations stayed; None where there are none.

    The same one is named that stands at this place of the sorted durations: see `place_of`.
    """
    total = sum(counts.values())
    if not total:
        return None
    left = place_of(total, share)
    for number in sorted(counts):
        left -= counts[number]
        if left < 0:
            return seconds_of(number)
    raise AssertionError("the place lies beyond all durations")


def place_of(total: int, share: float) -> int:
    """Return which of so many sorted values stands for a share of them, 0 for the first."""
    return min(total - 1, int(total * share))


def spread(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (hour, microseconds in it) for a span; what adds up is the span, exactly."""
    while begin < end:
        hour = begin // HOUR
        until = min(end, (hour + 1) * HOUR)
        yield hour, until - begin
        begin = until


class Counting:
    """Counts portions of the log, one after the other, each event once."""

    def __init__(self, begun: Iterable[OpenAttempt], workflow: Callable[[str], str]) -> None:
        """Go on after what was counted: `begun` are the attempts that had not ended by then."""
        self._open_attempts = {(each.run, each.fence): each for each in begun}
        self._workflow = workflow

    def portion(self, rows: Iterable[Recorded], position: int) -> Counted:
        """Return what these events come to; those up to `position` were counted before."""
        counted = Counted(position, position, {}, {}, {}, {}, {}, set(), {})
        for row in rows:
            if row.position <= position:
                continue
            counted.position = row.position
            if row.type in LOOKED_AT:
                self._take(row, counted)
        return counted

    @property
    def at_work(self) -> Iterable[OpenAttempt]:
        """The attempts that have not ended."""
        return self._open_attempts.values()

    def _take(self, row: Recorded, counted: Counted) -> None:
        event = decode(row.type, row.schema, row.body)
        match event:
            case StepStarted():
                name = self._of_run(row.stream, counted)
                begun = OpenAttempt(row.stream, event.fence, event.agent, name, row.time)
                self._open_attempts[row.stream, event.fence] = begun
                counted.begun[row.stream, event.fence] = begun
                counted.heard[event.agent] = row.time
            case UsageReported():
                self._use(row, event, counted)
            case RunCreated():
                counted.workflows[row.stream] = event.workflow
                _ended(counted, row.time // HOUR, "workflow", event.workflow).begun += 1
            case RunSettled():
                ended = _ended(
                    counted, row.time // HOUR, "workflow", self._of_run(row.stream, counted)
                )
                setattr(ended, event.outcome, getattr(ended, event.outcome) + 1)
            case _ if row.type in OF_SCHEDULES:
                _count_schedule(row, event, counted)
            case _:
                self._end(row, event, counted)

    def _of_run(self, run: str, counted: Counted) -> str:
        return counted.workflows.get(run) or self._workflow(run)

    def _use(self, row: Recorded, event: UsageReported, counted: Counted) -> None:
        begun = self._open_attempts.get((row.stream, event.fence))
        agent = begun.agent if begun is not None else ""
        if agent:
            counted.heard[agent] = row.time
        workflow = self._of_run(row.stream, counted)
        usage = event.usage
        work = _work(counted, Place(row.time // HOUR, agent, event.model, workflow))
        work.input_tokens += usage.input_tokens
        work.output_tokens += usage.output_tokens
        work.cost += usage.cost or 0
        work.unpriced_tokens += usage.tokens if usage.cost is None else 0

    def _end(self, row: Recorded, event: object, counted: Counted) -> None:
        end = attempt_end(event)
        assert end is not None, f"{row.type} ends no attempt"
        attempt = (row.stream, end.fence)
        begun = self._open_attempts.pop(attempt, None)
        if begun is None:
            return  # A step that became others, or failed between two attempts.
        if counted.begun.pop(attempt, None) is None:
            counted.over.add(attempt)
        counted.heard[begun.agent] = row.time
        hour = row.time // HOUR
        work = _work(counted, Place(hour, begun.agent, "", begun.workflow))
        setattr(work, AS[end.outcome], getattr(work, AS[end.outcome]) + 1)
        took = max(0, row.time - begun.at)
        work.took += took
        for each, micros in spread(begun.at, row.time):
            _work(counted, Place(each, begun.agent, "", begun.workflow)).busy += micros
        lasted = Lasted(hour, begun.agent, begun.workflow, bucket(took))
        counted.lasted[lasted] = counted.lasted.get(lasted, 0) + 1


def _count_schedule(row: Recorded, event: object, counted: Counted) -> None:
    name = row.stream.removeprefix(OF_SCHEDULE)
    ended = _ended(counted, row.time // HOUR, "schedule", name)
    match event:
        case ScheduleRunEnded():
            setattr(ended, event.outcome, getattr(ended, event.outcome) + 1)
        case SlotSkipped():
            ended.skipped += 1
        case SlotsSkipped():
            ended.skipped += event.count
        case QueuedSlotsDropped():
            ended.skipped += len(event.slots)


def _work(counted: Counted, place: Place) -> Work:
    found = counted.work.get(place)
    if found is None:
        found = counted.work[place] = Work()
    return found


def _ended(counted: Counted, hour: int, kind: str, name: str) -> Ended:
    subject = Subject(hour, kind, name)  # type: ignore[arg-type]
    found = counted.runs.get(subject)
    if found is None:
        found = counted.runs[subject] = Ended()
    return found
