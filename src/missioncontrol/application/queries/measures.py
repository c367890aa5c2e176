"""Measures over time and how the whole stands: what was done, how fast money goes, what is odd."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.queries.agent_lives import agent_count
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.domain.lifecycle.states import AgentLife, Failed, Lost, Resting
from missioncontrol.domain.operation import OPEN, Operation
from missioncontrol.domain.status import ENDED, Status
from missioncontrol.ports.measures import (
    HOUR_SECONDS,
    Dimension,
    Ended,
    OpenAttempt,
    Place,
    Work,
    whole,
)
from missioncontrol.ports.read_tables import RunRow
from missioncontrol.projections.measures import quantile, spread
from missioncontrol.projections.schedules import ScheduleRow

DAY_HOURS = 24
RUNS_LOOKED_AT_MAX = 500
"""Open runs whose steps are counted for one answer."""

FAILURES_MIN = 4
"""Attempts that ended in a window, for its failure rate to mean something."""

ODD_FAILURE_RATE = 0.5
ODD_BURN = 3.0
"""Times the mean of the last seven days that one hour may cost before it is reported."""

ODD_BURN_MIN = 100_000
"""Micro-dollars; an hour that costs less is never reported."""

IN_A_ROW = 3


class Window(msgspec.Struct, frozen=True):
    """Whole hours of UTC: the first that counts, and the first that does not."""

    first: int
    end: int
    now: float

    @classmethod
    def last(cls, hours: int, now: float) -> "Window":
        """Return the hour of `now` and those before it, so many together."""
        end = int(now // HOUR_SECONDS) + 1
        return cls(end - hours, end, now)

    @classmethod
    def day(cls, days_ago: int, now: float) -> "Window":
        """Return a day of UTC: 0 is the one of `now`."""
        first = (int(now // 86_400) - days_ago) * DAY_HOURS
        return cls(first, first + DAY_HOURS, now)

    @property
    def begins(self) -> float:
        """In seconds since the epoch."""
        return float(self.first * HOUR_SECONDS)

    @property
    def ends(self) -> float:
        """Likewise; no later than now."""
        return min(float(self.end * HOUR_SECONDS), self.now)

    @property
    def seconds(self) -> float:
        """How long it has lasted by now."""
        return max(0.0, self.ends - self.begins)


class AgentDone(msgspec.Struct, frozen=True):
    """What one agent did in a window. Times are in seconds.

    - executions: attempts that ended in it
    - seconds: that attempts were at work within it, those that have not ended included
    - seconds_mean, seconds_p95: how long attempts took that ended in it, from begin to end; the
      second is right within 5 %
    - failure_rate: of attempts that succeeded or failed; what was interrupted does not count
    - utilisation: busy over available, which is the window times the attempts it takes at once
    """

    agent: str
    since: float = 0.0
    until: float = 0.0
    executions: int = 0
    succeeded: int = 0
    failed: int = 0
    interrupted: int = 0
    at_work: int = 0
    seconds: float = 0.0
    seconds_mean: float | None = None
    seconds_p95: float | None = None
    failure_rate: float | None = None
    utilisation: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0  # micro-dollars
    unpriced_tokens: int = 0


class Spent(msgspec.Struct, frozen=True):
    """What was used in a stretch of time, or by an agent, model or workflow."""

    name: str  # of the agent, model or workflow; empty in a breakdown by time
    at: float  # when it began, in seconds since the epoch; 0 for the whole window
    cost: int
    input_tokens: int
    output_tokens: int
    unpriced_tokens: int


class Hour(msgspec.Struct, frozen=True):
    """One hour of all work."""

    at: float
    cost: int
    tokens: int
    succeeded: int
    failed: int
    interrupted: int


class Tasks(msgspec.Struct, frozen=True):
    """Steps of runs that have not ended."""

    queued: int
    running: int
    failed: int
    runs: int
    is_whole: bool = True  # all of those runs were looked at


class Anomaly(msgspec.Struct, frozen=True):
    """Something that is not as usual, by a rule that says so."""

    kind: Literal["agent", "burn", "schedule", "budget", "operation", "stuck"]
    name: str
    text: str
    rule: str
    tone: Literal["bad", "held", "ask"]


class Health(msgspec.Struct, frozen=True):
    """How the whole stands."""

    at: float
    stage: str
    agents: dict[str, int]  # by status
    tasks: Tasks
    burn: int  # micro-dollars in the last 60 minutes by the clock's hours, prorated
    hours: list[Hour]  # the last 24
    schedule_success_rate: float | None  # of runs of schedules that ended in the last 7 days
    anomalies: list[Anomaly]
    behind: int  # events that the measures have not counted yet


def done_by_agents(
    instruments: Instruments, window: Window, *, scales: Mapping[str, int]
) -> dict[str, AgentDone]:
    """Return what each agent did that did anything."""
    tables = instruments.measuring.tables
    works = tables.work(["agent"], since=window.first, until=window.end)
    lasted = tables.lasted("agent", since=window.first, until=window.end)
    begun = defaultdict[str, list[OpenAttempt]](list)
    for each in instruments.measuring.at_work:
        begun[each.agent].append(each)
    names = {place.agent for place in works} | begun.keys()
    return {
        name: _done(
            name,
            works.get(Place(agent=name)) or Work(),
            lasted.get(name, {}),
            begun[name],
            window,
            scales.get(name, 0),
        )
        for name in names
        if name
    }


def _done(
    name: str,
    work: Work,
    lasted: Mapping[int, int],
    begun: Sequence[OpenAttempt],
    window: Window,
    scale: int,
) -> AgentDone:
    open_micros = sum(_within(each, window) for each in begun)
    judged, available = work.succeeded + work.failed, window.seconds * scale
    seconds = (work.busy + open_micros) / 1_000_000
    return AgentDone(
        agent=name,
        since=window.begins,
        until=window.ends,
        executions=work.executions,
        succeeded=work.succeeded,
        failed=work.failed,
        interrupted=work.interrupted,
        at_work=len(begun),
        seconds=seconds,
        seconds_mean=work.took / 1_000_000 / work.executions if work.executions else None,
        seconds_p95=quantile(lasted, 0.95),
        failure_rate=work.failed / judged if judged else None,
        utilisation=min(1.0, seconds / available) if available > 0 else None,
        input_tokens=work.input_tokens,
        output_tokens=work.output_tokens,
        cost=work.cost,
        unpriced_tokens=work.unpriced_tokens,
    )


def _within(begun: OpenAttempt, window: Window) -> int:
    """Return the microseconds that an attempt which has not ended was at work in a window."""
    end = round(window.now * 1_000_000)
    return sum(
        micros for hour, micros in spread(begun.at, end) if window.first <= hour < window.end
    )


def spent_by(instruments: Instruments, by: Dimension, window: Window) -> list[Spent]:
    """Return what was used by each agent, model or workflow, the dearest first."""
    works = instruments.measuring.tables.work([by], since=window.first, until=window.end)
    found = [_spent(getattr(place, by), 0.0, work) for place, work in works.items()]
    used = [each for each in found if each.cost or each.input_tokens or each.output_tokens]
    return sorted(used, key=lambda each: (-each.cost, -each.input_tokens, each.name))


def spent_by_day(instruments: Instruments, days: int, now: float) -> list[Spent]:
    """Return what was used on each of the last days of UTC, today included, the oldest first."""
    window = Window(Window.day(days - 1, now).first, Window.day(0, now).end, now)
    works = instruments.measuring.tables.work(["hour"], since=window.first, until=window.end)
    by_day: dict[int, Work] = {
        day: Work() for day in range(window.first // DAY_HOURS, window.end // DAY_HOURS)
    }
    for place, work in works.items():
        by_day[place.hour // DAY_HOURS].add(work)
    return [_spent("", day * 86_400.0, work) for day, work in by_day.items()]


def hours_of(instruments: Instruments, window: Window) -> list[Hour]:
    """Return each hour of a window, the oldest first."""
    works = instruments.measuring.tables.work(["hour"], since=window.first, until=window.end)
    found = {place.hour: work for place, work in works.items()}
    return [_hour(hour, found.get(hour) or Work()) for hour in range(window.first, window.end)]


def burn_rate(instruments: Instruments, now: float) -> int:
    """Return micro-dollars an hour, as of now: the hour so far, and the rest of it from before."""
    window = Window.last(2, now)
    before, this = hours_of(instruments, window)
    left = 1.0 - (now % HOUR_SECONDS) / HOUR_SECONDS
    return round(this.cost + before.cost * left)


def total(instruments: Instruments, window: Window) -> Work:
    """Return everything that was counted in a window."""
    works = instruments.measuring.tables.work([], since=window.first, until=window.end)
    return whole(works.values())


async def health(present: Present, instruments: Instruments, now: float) -> Health:
    """Return how the whole stands at `now`."""
    behind = await instruments.measuring.behind()
    operation = await operation_of(present)
    rows: list[ScheduleRow] = newest_rows(present, "schedule", limit=1_000)
    lives: list[AgentLife] = newest_rows(present, "agent", limit=2_000)
    return Health(
        now,
        operation.stage,
        agent_count(present, instruments).by_status,
        tasks(present, instruments),
        burn_rate(instruments, now),
        hours_of(instruments, Window.last(DAY_HOURS, now)),
        success_rate(instruments, Window.last(7 * DAY_HOURS, now)),
        [
            *_of_operation(operation),
            *_of_stuck(present),
            *_of_agents(instruments, lives, now),
            *_of_burn(instruments, now),
            *_of_schedules(rows),
        ],
        behind,
    )


async def operation_of(present: Present) -> Operation:
    """Return how far all work may go."""
    return await present.find(OPERATION, STREAM) or OPEN


def tasks(present: Present, instruments: Instruments) -> Tasks:
    """Return how many steps wait, are at work and failed, in all runs that have not ended."""
    names = present.tables.unsettled()
    names = [*dict.fromkeys((*names, *present.board.runs))]
    rows = [row for name in names[-RUNS_LOOKED_AT_MAX:] if (row := _run_row(present, name))]
    open_rows = [row for row in rows if row.status not in ENDED]
    running = sum(1 for _ in instruments.measuring.at_work)
    ended = [
        row.succeeded + row.failed + row.blocked + row.cancelled + row.skipped for row in open_rows
    ]
    left = sum(row.steps for row in open_rows) - sum(ended)
    return Tasks(
        max(0, left - running),
        running,
        sum(row.failed for row in open_rows),
        len(open_rows),
        len(names) <= RUNS_LOOKED_AT_MAX,
    )


def _run_row(present: Present, run: str) -> RunRow | None:
    return present.board.runs.get(run) or present.tables.run(run)


def success_rate(instruments: Instruments, window: Window) -> float | None:
    """Return the part of the runs of schedules that succeeded; cancelled ones don't count."""
    ended = Ended()
    found = instruments.measuring.tables.runs("schedule", since=window.first, until=window.end)
    for each in found.values():
        ended.add(each)
    judged = ended.succeeded + ended.failed
    return ended.succeeded / judged if judged else None


def _of_operation(operation: Operation) -> list[Anomaly]:
    if operation.stage == "all":
        return []
    words = {
        "stopped": "Everything was stopped",
        "paused": "Nothing new starts: the workspace is paused",
        "drain": "Only what has begun goes on",
    }[operation.stage]
    reason = f": {operation.reason}" if operation.reason else ""
    rule = "the workspace may not work as usual"
    return [Anomaly("operation", "", f"{words}{reason}.", rule, "held")]


def _of_stuck(present: Present) -> list[Anomaly]:
    """Return what keeps runs from going on, each cause once, with the command that frees it."""
    by_cause: dict[tuple[str, ...], list[Status]] = {}
    for status in present.statuses.stuck().values():
        by_cause.setdefault(status.on, []).append(status)
    rule = "a run is stuck until a person acts"
    return [
        Anomaly("stuck", on[0] if on else "", _stuck_text(found), rule, "bad")
        for on, found in by_cause.items()
    ]


def _stuck_text(found: list[Status]) -> str:
    runs = "1 run is" if len(found) == 1 else f"{len(found):,} runs are"
    return f"{runs} stuck: {found[0].reason} `{found[0].action}` resumes work."


def _of_agents(instruments: Instruments, lives: Iterable[AgentLife], now: float) -> list[Anomaly]:
    found = [
        Anomaly(
            "agent",
            life.name,
            f"{life.name} is {life.status(0)}: {life.standing.reason}",
            "an agent that should work does not",
            "bad" if isinstance(life.standing, Failed) else "held",
        )
        for life in lives
        if isinstance(life.standing, Failed | Lost | Resting)
    ]
    done = done_by_agents(instruments, Window.last(DAY_HOURS, now), scales={})
    rule = f"{FAILURES_MIN} attempts or more in 24 h, and {ODD_FAILURE_RATE:.0%} of them failed"
    for each in done.values():
        rate = each.failure_rate or 0.0
        if each.succeeded + each.failed >= FAILURES_MIN and rate >= ODD_FAILURE_RATE:
            text = f"{each.agent} failed {each.failed} of {each.succeeded + each.failed} attempts."
            found.append(Anomaly("agent", each.agent, text, rule, "bad"))
    return found


def _of_burn(instruments: Instruments, now: float) -> list[Anomaly]:
    rate = burn_rate(instruments, now)
    week = Window.last(7 * DAY_HOURS, now)
    costs = [hour.cost for hour in hours_of(instruments, week)[:-1] if hour.cost]
    mean = sum(costs) / len(costs) if costs else 0.0
    if rate < ODD_BURN_MIN or not mean or rate <= ODD_BURN * mean:
        return []
    text = f"This hour costs {rate / mean:.1f} times what an hour with work has cost in 7 days."
    rule = f"more than {ODD_BURN:g} times the mean of all hours of 7 days that cost anything"
    return [Anomaly("burn", "", text, rule, "ask")]


def _of_schedules(rows: Iterable[ScheduleRow]) -> list[Anomaly]:
    return [
        Anomaly(
            "schedule",
            row.id,
            f"{row.id} failed {row.failures_in_a_row} times in a row.",
            f"{IN_A_ROW} runs in a row that failed",
            "bad",
        )
        for row in rows
        if row.status == "active" and row.failures_in_a_row >= IN_A_ROW
    ]


def _spent(name: str, at: float, work: Work) -> Spent:
    return Spent(name, at, work.cost, work.input_tokens, work.output_tokens, work.unpriced_tokens)


def _hour(hour: int, work: Work) -> Hour:
    tokens = work.input_tokens + work.output_tokens
    at = float(hour * HOUR_SECONDS)
    return Hour(at, work.cost, tokens, work.succeeded, work.failed, work.interrupted)
