"""Time in each stage against an oracle that asks, after every event, where each item stands.

The oracle knows nothing of rows and stays: it reads the raw events up to a moment and answers by
rules of its own. Generated missions are halted and resumed, held for approvals, interrupted,
retried, and carried out again in part, which reopens what was done.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from missioncontrol.application.statuses import Statuses
from missioncontrol.application.work_flow import flow_of
from missioncontrol.application.work_index import WorkIndex
from missioncontrol.domain import mission as m
from missioncontrol.domain.run import events as r
from missioncontrol.domain.status import USUAL
from missioncontrol.domain.step import Step
from missioncontrol.domain.work_item.stages import MICROS, time_in_stages
from tests.application.test_work_items import Log, M
from tests.domain.plans import a_plan, a_task

NEEDS = {"a": (), "b": ("a",), "c": (), "d": ("b", "c")}
AGENTS = {"a": "builder", "b": "builder", "c": "reviewer", "d": "builder"}
TASKS = tuple(NEEDS)
OPEN = ("planned", "ready_to_build")
Raw = tuple[float, str, Any]


class Generator:
    """Writes the events of one mission as an engine would, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.log = Log()
        self.raw: list[Raw] = []
        self.at = 1_790_000_000.0
        self.runs = 0
        self.fence = 0
        self.state = dict.fromkeys(TASKS, "idle")
        self.is_halted = False

    @property
    def run(self) -> str:
        return f"run-{self.runs}"

    def tell(self, stream: str, *events: Any) -> None:
        for event in events:
            self.at = round(self.at + self.chance.choice((0.0, 0.000_001, 3.7, 912.25, 86_400)), 6)
            self.raw.append((self.at, stream, event))
            self.log.board.apply(stream, event, self.at, len(self.raw))

    def begin(self) -> None:
        plan = a_plan(*(a_task(key, needs=needs) for key, needs in NEEDS.items()))
        self.runs = 1
        self.tell(M, m.MissionCreated(M, "Faster search", "Make it fast.", "/srv/shop"))
        self.tell(
            self.run, r.RunCreated(self.run, "mission", (Step("plan", "planner"),), 4, mission=M)
        )
        self.tell(M, m.MissionStarted(self.run))
        self.tell(self.run, r.StepStarted("plan", 1, 1, "planner"), r.StepsAdded("plan", steps()))
        self.tell(M, m.PlanAccepted(self.run, plan))
        self.tell(self.run, r.StepSucceeded("plan", 1))

    def again(self) -> None:
        """Carry out again in part: what is not kept is reopened."""
        done = [key for key in TASKS if self.state[key] == "done"]
        kept = tuple(key for key in done if self.chance.random() < 0.5)
        self.runs += 1
        created = r.RunCreated(
            self.run,
            "mission",
            (Step("plan", "planner"), *steps()),
            4,
            mission=M,
            kept={key: r.ReusedResult("run-1") for key in ("plan", *kept)},
        )
        self.tell(self.run, created)
        self.tell(M, m.MissionStarted(self.run))
        self.state = {key: "done" if key in kept else "idle" for key in TASKS}
        self.is_halted = False

    def act(self) -> None:
        """Let something happen that can happen now."""
        if self.chance.random() < 0.05:
            self.again()
        elif self.chance.random() < 0.1:
            event = (
                r.RunResumed()
                if self.is_halted
                else r.RunHalted("budget.spent", "The cap is reached.")
            )
            self.is_halted = not self.is_halted
            self.tell(self.run, event)
        else:
            self.step(self.chance.choice(TASKS))

    def step(self, key: str) -> None:
        ready = all(self.state[need] == "done" for need in NEEDS[key])
        match self.state[key]:
            case "idle" if ready and not self.is_halted:
                if self.chance.random() < 0.3:
                    self.to(key, "held", r.StepHeld(key, f"approval-{len(self.raw)}", "ab"))
                else:
                    self.start(key)
            case "held":
                self.to(key, "idle", r.StepReleased(key, "approval-1", "ab"))
            case "working":
                self.end(key)
            case _:
                pass

    def start(self, key: str) -> None:
        self.fence += 1
        self.to(key, "working", r.StepStarted(key, 1, self.fence, AGENTS[key]))

    def end(self, key: str) -> None:
        failure = r.Failure("x.y", "It broke.")
        match self.chance.randrange(6):
            case 0:
                event: Any = r.AttemptInterrupted(key, self.fence, "The engine ended.")
                self.to(key, "idle", event)
            case 1:
                self.to(key, "failed", r.StepFailed(key, self.fence, failure))
            case _:
                self.to(key, "done", r.StepSucceeded(key, self.fence))

    def to(self, key: str, state: str, event: Any) -> None:
        self.state[key] = state
        self.tell(self.run, event)


def steps() -> tuple[Step, ...]:
    return tuple(Step(key, AGENTS[key], needs=("plan", *NEEDS[key])) for key in TASKS)


def stage_at(raw: list[Raw], key: str) -> str:
    """Return where a task stands, by the events so far alone."""
    if not any(isinstance(event, m.PlanAccepted) for _, _, event in raw):
        return ""
    first = max(n for n, (_, _, event) in enumerate(raw) if isinstance(event, r.RunCreated))
    created = raw[first][2]
    if key in created.kept:
        return "done"
    own = [(n, e) for n, (_, _, e) in enumerate(raw) if n > first and getattr(e, "step", "") == key]
    halts = [(n, e) for n, (_, _, e) in enumerate(raw) if isinstance(e, r.RunHalted | r.RunResumed)]
    is_halted = bool(halts) and halts[-1][0] > first and isinstance(halts[-1][1], r.RunHalted)
    if is_halted and (not own or own[-1][0] < halts[-1][0]):
        before = stage_at(raw[: halts[-1][0]], key)
        return "waiting" if before in OPEN and not has_failed(own) else before
    return by_own(own) or before_begin(raw, created, key)


def has_failed(own: list[tuple[int, Any]]) -> bool:
    return bool(own) and isinstance(own[-1][1], r.StepFailed)


def by_own(own: list[tuple[int, Any]]) -> str:
    """Return what the last events of a task say; "" where it has yet to begin."""
    for _, event in reversed(own):
        match event:
            case r.StepSucceeded():
                return "done"
            case r.StepHeld():
                return "waiting"
            case r.StepStarted():
                return "in_review" if event.agent == "reviewer" else "building"
            case r.StepReleased() | r.AttemptInterrupted():
                return "ready_to_build"
    return ""


def before_begin(raw: list[Raw], created: r.RunCreated, key: str) -> str:
    is_planned = "plan" in created.kept or any(
        isinstance(e, r.StepSucceeded) and e.step == "plan" for _, _, e in raw
    )
    is_ready = is_planned and all(stage_at(raw, need) == "done" for need in NEEDS[key])
    return "ready_to_build" if is_ready else "planned"


def expected(raw: list[Raw], key: str, now: float) -> dict[str, int]:
    """Return microseconds by stage: the time from each event to the next, where it stood then."""
    found: dict[str, int] = {}
    ends = [at for at, _, _ in raw[1:]] + [now]
    for number, ((at, _, _), end) in enumerate(zip(raw, ends, strict=True)):
        stage = stage_at(raw[: number + 1], key)
        if stage and stage != "done":
            found[stage] = found.get(stage, 0) + round(end * MICROS) - round(at * MICROS)
    return {stage: micros for stage, micros in found.items() if micros}


def generated(seed: int) -> Generator:
    made = Generator(seed)
    made.begin()
    for _ in range(60):
        made.act()
    return made


def measured(made: Generator, key: str, now: float) -> dict[str, int]:
    row = made.log.item(f"{M}/{key}")
    times = time_in_stages(row.stays, now, is_over=row.word == "done", past=row.past)
    found = {each.stage: round(each.seconds * MICROS) for each in times if each.stage != "done"}
    return {stage: micros for stage, micros in found.items() if micros}


@pytest.mark.parametrize("seed", range(25))
def test_time_in_stage_is_that_of_the_raw_events_to_the_microsecond(seed: int) -> None:
    made = generated(seed)
    now = made.at + 5_000.5
    for key in TASKS:
        assert measured(made, key, now) == expected(made.raw, key, now), key


def test_generated_missions_pause_wait_fail_and_reopen() -> None:
    events = [event for seed in range(25) for _, _, event in generated(seed).raw]
    kinds = {type(event) for event in events}
    assert {r.RunHalted, r.RunResumed, r.StepHeld, r.AttemptInterrupted, r.StepFailed} <= kinds
    runs = [event for event in events if isinstance(event, r.RunCreated)]
    assert any(list(event.kept) == ["plan"] for event in runs)


def flows(seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield how work flows, kept up with each event, and counted from the beginning."""
    made, kept = Generator(seed), WorkIndex()
    made.begin()
    for _ in range(60):
        made.act()
        fresh = WorkIndex()
        found = []
        for index in (kept, fresh):
            index.items(made.log.board, made.log.tables, Statuses(made.log.board, USUAL))
            found.append(flow_of(index, made.at + 60.0))
        yield found[0], found[1]


@pytest.mark.parametrize("seed", range(3))
def test_sums_that_follow_each_change_are_those_of_all_items(seed: int) -> None:
    for kept, fresh in flows(seed):
        assert kept.stages == pytest.approx(fresh.stages) or kept.stages == fresh.stages
        assert (kept.days, kept.weeks, kept.slow) == (fresh.days, fresh.weeks, fresh.slow)
        for week in kept.weeks:
            assert week.before + week.new - week.done - week.cancelled == week.open
        shown = sum(n for stage, n in kept.days[-1].counts.items() if stage != "done")
        assert kept.weeks[-1].open == shown
