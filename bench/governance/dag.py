"""How close a random graph of steps comes to the shortest time that it could take at all."""

import asyncio
import heapq
import random
import shutil
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import missioncontrol as mc
from bench.measure import Measure, rounded
from missioncontrol.domain.graph import in_order

STEPS = 2_000
AT_ONCE = 64
ROUNDS = 3
SECONDS = (0.02, 0.2)
NEEDS = (0, 1, 1, 2, 3)
REACH = 200
"""A step needs some of so many before it."""


def dag(folder: Path) -> Iterator[Measure]:
    """Measure a random graph of 2,000 steps that rest for a while, 64 at once."""
    dice = random.Random(7)
    needs = _graph(dice)
    lasts = {key: dice.uniform(*SECONDS) for key in needs}
    bound = max(_longest_path(needs, lasts), sum(lasts.values()) / AT_ONCE)
    times = [asyncio.run(_once(folder / f"dag-{turn}", needs, lasts)) for turn in range(ROUNDS)]
    times.sort()
    yield Measure(
        measure="governance.dag",
        value=times[len(times) // 2],
        unit="s",
        reference="max(critical path, work / 64)",
        reference_value=bound,
        better="lower",
        more={
            "steps": STEPS,
            "at_once": AT_ONCE,
            "critical_path_s": rounded(_longest_path(needs, lasts)),
            "at_no_cost_s": rounded(_in_turn(needs, lasts)),
            "runs": ROUNDS,
            "min": rounded(times[0]),
            "max": rounded(times[-1]),
        },
    )


def _graph(dice: random.Random) -> dict[str, list[str]]:
    keys = [f"s{number}" for number in range(STEPS)]
    return {
        key: dice.sample(keys[max(0, n - REACH) : n], min(n, dice.choice(NEEDS)))
        for n, key in enumerate(keys)
    }


def _longest_path(needs: dict[str, list[str]], lasts: dict[str, float]) -> float:
    ends: dict[str, float] = {}
    for key in in_order(needs):
        ends[key] = max((ends[need] for need in needs[key]), default=0.0) + lasts[key]
    return max(ends.values())


def _in_turn(needs: dict[str, list[str]], lasts: dict[str, float]) -> float:
    """Return the time that it takes where starting costs nothing: each starts once it may."""
    open_needs = {key: len(wanted) for key, wanted in needs.items()}
    dependants: dict[str, list[str]] = {}
    for key, wanted in needs.items():
        for need in wanted:
            dependants.setdefault(need, []).append(key)
    ready = deque(key for key, count in open_needs.items() if not count)
    working: list[tuple[float, str]] = []
    now = 0.0
    while ready or working:
        while ready and len(working) < AT_ONCE:
            key = ready.popleft()
            heapq.heappush(working, (now + lasts[key], key))
        now, ended = heapq.heappop(working)
        for key in dependants.get(ended, ()):
            open_needs[key] -= 1
            if not open_needs[key]:
                ready.append(key)
    return now


async def _once(home: Path, needs: dict[str, list[str]], lasts: dict[str, float]) -> float:
    async def rest(step: mc.StepContext) -> int:
        await asyncio.sleep(lasts[step.assignment.step])
        return 1

    workflow = mc.Workflow("dag", concurrency=AT_ONCE)
    for key, wanted in needs.items():
        workflow.add(key, rest, needs=wanted)
    async with mc.Engine(home) as engine:
        begun = time.perf_counter()
        result = await engine.run(workflow)
        elapsed = time.perf_counter() - begun
    assert result.status == "succeeded", result.errors
    shutil.rmtree(home)
    return elapsed
