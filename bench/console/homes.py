"""Homes to look at: one that has just begun, and one with a thousand runs and a million events."""

import asyncio
import random
import time
from pathlib import Path

import missioncontrol as mc
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.app.container import holding
from missioncontrol.app.settings import Settings

RUNS = 1_000
EVENTS = 1_000_000
EVENTS_PER_STEP = 2  # started, succeeded
SHAPES = 20  # different workflows
DAYS = 30.0
SEED = 11


class Spread(SystemClock):
    """Begins `days` ago and gets to the present while the home fills."""

    def __init__(self, days: float) -> None:
        """Time goes as it does until `at` says otherwise."""
        super().__init__()
        self._back = days * 86_400.0
        self.part = 0.0  # of the way to the present

    def now(self) -> float:
        """See `Clock.now`."""
        return super().now() - self._back * (1.0 - self.part)


def empty(folder: Path) -> Path:
    """Make a home in which nothing ever happened."""
    asyncio.run(_opened(folder))
    return folder


async def _opened(folder: Path) -> None:
    async with holding(Settings(folder)):
        pass


def full(folder: Path, *, runs: int = RUNS, events: int = EVENTS) -> Path:
    """Fill a home with `runs` runs of `SHAPES` workflows that have about `events` events."""
    asyncio.run(_filled(folder, runs, events))
    return folder


async def _filled(folder: Path, runs: int, events: int) -> None:
    steps = events // runs // EVENTS_PER_STEP
    chance = random.Random(SEED)
    workflows = [_workflow(f"shape-{number}", steps, chance) for number in range(SHAPES)]
    clock = Spread(DAYS)
    async with mc.Engine(folder, workflows=workflows) as engine:
        engine._control.journal.clock = clock
        for number in range(runs):
            clock.part = number / runs
            await engine.run(workflows[number % SHAPES], {"number": number})


def _workflow(name: str, steps: int, chance: random.Random) -> mc.Workflow:
    async def work(step: mc.StepContext) -> dict[str, object]:
        if step.assignment.step == "step-3" and step.inputs.get("number", 0) % 10 == 0:
            raise ValueError(f"{name} fails now and then")
        return {"at": time.monotonic(), "of": name}

    shape = mc.Workflow(name, concurrency=64)
    for number in range(steps):
        needs = [f"step-{chance.randrange(number)}"] if number and chance.random() < 0.7 else []
        shape.add(f"step-{number}", work, needs=needs)
    return shape
