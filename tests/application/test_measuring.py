"""Measures over time equal what counting by brute force comes to, over random logs."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.measure_tables.sqlite import SqliteMeasureTables
from missioncontrol.application.measure_refresh import PORTION, Measuring
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run import events as r
from missioncontrol.domain.schedule.events import (
    QueuedSlotsDropped,
    ScheduleRunEnded,
    SlotSkipped,
    SlotsSkipped,
)
from missioncontrol.domain.work import Usage
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.measures import Place, Subject, Work
from missioncontrol.projections.measures import HOUR, bucket, place_of, quantile, seconds_of, spread

BEGIN = 1_790_000_000_000_000
AGENTS = ("codex", "claude", "tester")
MODELS = ("gpt-5.5", "opus", "")
FLOWS = ("release", "audit")


class Log:
    """A log in memory, of a given length."""

    def __init__(self, rows: list[Recorded]) -> None:
        self.rows = rows
        self.length = len(rows)

    async def head(self) -> Head:
        return Head(self.length, b"")

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        return self.rows[after : min(after + limit, self.length)]


def recorded(position: int, stream: str, event: Any, time: int) -> Recorded:
    name, schema = NAMES[type(event)]
    body = msgspec.json.encode(event)
    return Recorded(position, stream, 1, name, schema, time, "engine", "", 0, "", body, b"")


class Life:
    """What happens in a home by chance: runs, attempts that overlap hours, usage, schedules."""

    def __init__(self, seed: int, length: int) -> None:
        self.draw = random.Random(seed)
        self.time = BEGIN
        self.rows: list[Recorded] = []
        self.runs: dict[str, str] = {}
        self.open: list[tuple[str, int, str, int]] = []
        self.fences: defaultdict[str, int] = defaultdict(int)
        while len(self.rows) < length:
            self.time += self.draw.choice((0, 1_000, 30_000_000, 900_000_000, HOUR))
            self.happen()

    def tell(self, stream: str, event: Any) -> None:
        self.rows.append(recorded(len(self.rows) + 1, stream, event, self.time))

    def happen(self) -> None:
        chance = self.draw.random()
        if chance < 0.15 or not self.runs:
            run = f"run-{len(self.runs)}"
            self.runs[run] = self.draw.choice(FLOWS)
            self.tell(run, r.RunCreated(run, self.runs[run], (), 1))
        elif chance < 0.45:
            self.begin()
        elif chance < 0.6 and self.open:
            run, fence, _, _ = self.draw.choice(self.open)
            cost = self.draw.choice((None, 0, 12_345))
            usage = Usage(self.draw.randrange(9_000), 0, self.draw.randrange(900), 0, cost)
            self.tell(run, r.UsageReported("s", fence, usage, self.draw.choice(MODELS)))
        elif chance < 0.9 and self.open:
            self.end()
        else:
            self.tell_of_schedule()

    def begin(self) -> None:
        run = self.draw.choice(list(self.runs))
        self.fences[run] += 1
        agent = self.draw.choice(AGENTS)
        self.tell(run, r.StepStarted("s", 1, self.fences[run], agent))
        self.open.append((run, self.fences[run], agent, self.time))

    def end(self) -> None:
        run, fence, _, _ = self.open.pop(self.draw.randrange(len(self.open)))
        failure = r.Failure("x", "y")
        event = self.draw.choice(
            (
                r.StepSucceeded("s", fence),
                r.StepRepeated("s", fence, 1),
                r.AttemptFailed("s", fence, failure, 0.0),
                r.StepFailed("s", fence, failure),
                r.AttemptInterrupted("s", fence, "stop"),
                r.StepCancelled("s", fence),
            )
        )
        self.tell(run, event)
        if self.draw.random() < 0.2:
            self.tell(run, r.StepFailed("s", 0, failure))  # Between two attempts: counts for none.
        if self.draw.random() < 0.2:
            self.tell(run, r.RunSettled(self.draw.choice(("succeeded", "failed", "cancelled"))))

    def tell_of_schedule(self) -> None:
        event = self.draw.choice(
            (
                ScheduleRunEnded("run-0", "succeeded", 0.0),
                ScheduleRunEnded("run-0", "failed", 0.0),
                SlotSkipped(1.0, "paused"),
                SlotsSkipped(1.0, 2.0, 7, "paused"),
                QueuedSlotsDropped((1.0, 2.0), "overlap"),
            )
        )
        self.tell("schedule-nightly", event)


class Brute:
    """The same by reading everything at once."""

    def __init__(self, life: Life) -> None:
        self.work: defaultdict[Place, Work] = defaultdict(Work)
        self.took: defaultdict[str, list[int]] = defaultdict(list)
        self.ended: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.skipped = 0
        begun: dict[tuple[str, int], tuple[str, int]] = {}
        for row in life.rows:
            data = row.data
            hour, attempt = row.time // HOUR, (row.stream, data.get("fence", 0))
            flow = life.runs.get(row.stream, "")
            if row.type == "step_started":
                begun[attempt] = (data["agent"], row.time)
            elif row.type == "usage_reported":
                self._use(
                    data, Place(hour, begun.get(attempt, ("", 0))[0], data.get("model", ""), flow)
                )
            elif attempt in begun:
                self._end(row, flow, *begun.pop(attempt))
            elif row.type in ("run_settled", "schedule_run_ended"):
                self.ended[row.type, data["outcome"]] += 1
            else:
                self.skipped += {
                    "slot_skipped": 1,
                    "slots_skipped": 7,
                    "queued_slots_dropped": 2,
                }.get(row.type, 0)
        self.begun = begun

    def _use(self, data: dict[str, Any], place: Place) -> None:
        usage = data["usage"]
        work = self.work[place]
        work.input_tokens += usage.get("input_tokens", 0)
        work.output_tokens += usage.get("output_tokens", 0)
        cost = usage.get("cost", 0)
        work.cost += cost or 0
        if cost is None:
            work.unpriced_tokens += usage.get("input_tokens", 0) + usage.get("output_tokens", 0)

    def _end(self, row: Recorded, flow: str, agent: str, at: int) -> None:
        outcome = {
            "step_succeeded": "succeeded",
            "step_repeated": "succeeded",
            "attempt_failed": "failed",
            "step_failed": "failed",
        }.get(row.type, "interrupted")
        work = self.work[Place(row.time // HOUR, agent, "", flow)]
        setattr(work, outcome, getattr(work, outcome) + 1)
        work.took += row.time - at
        self.took[agent].append(row.time - at)
        for hour in range(at // HOUR, row.time // HOUR + 1):
            inside = min(row.time, (hour + 1) * HOUR) - max(at, hour * HOUR)
            if inside > 0:
                self.work[Place(hour, agent, "", flow)].busy += inside


def span(life: Life) -> dict[str, int]:
    return {"since": BEGIN // HOUR, "until": life.time // HOUR + 1}


async def follow(measuring: Measuring) -> None:
    while await measuring.behind():
        pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "measures.db"


@pytest.mark.parametrize("seed", range(12))
def test_the_sums_are_those_of_counting_by_brute_force(seed: int) -> None:
    life = Life(seed, 700)
    tables = SqliteMeasureTables(None)
    asyncio.run(follow(Measuring(Log(life.rows), tables)))  # type: ignore[arg-type]
    brute = Brute(life)
    found = tables.work(["hour", "agent", "model", "workflow"], **span(life))
    assert found == dict(brute.work)
    assert {(each.run, each.fence) for each in tables.begun()} == set(brute.begun)
    lasted = tables.lasted("agent", **span(life))
    for agent, took in brute.took.items():
        exact = sorted(took)[place_of(len(took), 0.95)]
        assert quantile(lasted[agent], 0.95) == seconds_of(bucket(exact))
    runs = tables.runs("schedule", **span(life))
    assert sum(each.skipped for each in runs.values()) == brute.skipped
    assert sum(each.failed for each in runs.values()) == brute.ended["schedule_run_ended", "failed"]
    flows = tables.runs("workflow", **span(life)).values()
    for outcome in ("succeeded", "failed", "cancelled"):
        settled = sum(getattr(each, outcome) for each in flows)
        assert settled == brute.ended["run_settled", outcome]
    assert sum(each.begun for each in flows) == len(life.runs)


@pytest.mark.parametrize("seed", range(6))
def test_each_event_counts_once_however_often_the_counting_is_broken_off(
    seed: int, path: Path
) -> None:
    life, draw = Life(seed, 600), random.Random(seed)
    log = Log(life.rows)
    log.length = 0
    while log.length < len(life.rows):
        log.length = min(len(life.rows), log.length + draw.randrange(1, 90))
        tables = SqliteMeasureTables(path)
        asyncio.run(follow(Measuring(log, tables)))  # type: ignore[arg-type]
        tables.close()
    tables = SqliteMeasureTables(path)
    assert tables.work(["hour", "agent", "model", "workflow"], **span(life)) == dict(
        Brute(life).work
    )
    assert tables.heard().keys() == {
        row.data["agent"] for row in life.rows if row.type == "step_started"
    }
    tables.close()


def test_two_that_count_for_one_home_count_nothing_twice(path: Path) -> None:
    life = Life(1, 400)
    first, second = SqliteMeasureTables(path), SqliteMeasureTables(path)
    one, two = Measuring(Log(life.rows), first), Measuring(Log(life.rows), second)  # type: ignore[arg-type]
    asyncio.run(follow(one))
    asyncio.run(follow(two))
    assert first.work(["hour", "agent", "model", "workflow"], **span(life)) == dict(
        Brute(life).work
    )
    first.close()
    second.close()


def test_a_request_waits_for_a_bounded_part_and_is_told_what_is_left() -> None:
    life = Life(2, 6 * PORTION)
    measuring = Measuring(Log(life.rows), SqliteMeasureTables(None))  # type: ignore[arg-type]
    assert asyncio.run(measuring.behind()) == len(life.rows) - 4 * PORTION


def test_measures_of_another_log_are_thrown_away(path: Path) -> None:
    tables = SqliteMeasureTables(path)
    asyncio.run(follow(Measuring(Log(Life(3, 300).rows), tables)))  # type: ignore[arg-type]
    shorter = Life(4, 100)
    asyncio.run(follow(Measuring(Log(shorter.rows), tables)))  # type: ignore[arg-type]
    assert tables.work(["hour", "agent", "model", "workflow"], **span(shorter)) == dict(
        Brute(shorter).work
    )
    tables.close()


def test_a_damaged_file_is_counted_anew(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    tables = SqliteMeasureTables(path)
    assert tables.position() == 0
    assert path.stat().st_mode & 0o777 == 0o600
    tables.close()


def test_a_span_is_split_at_the_hours_and_adds_up() -> None:
    parts = list(spread(HOUR - 600, 3 * HOUR + 5))
    assert parts == [(0, 600), (1, HOUR), (2, HOUR), (3, 5)]


def test_subjects_are_told_apart_by_their_kind() -> None:
    assert Subject(1, "workflow", "a") != Subject(1, "schedule", "a")
