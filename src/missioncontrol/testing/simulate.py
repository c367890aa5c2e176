"""Runs many seeds: `python -m missioncontrol.testing.simulate --seeds 2000`."""

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context

import msgspec

from missioncontrol.testing.simulation.disk import Fate, Plan
from missioncontrol.testing.simulation.faults import FAULTS, planted
from missioncontrol.testing.simulation.world import World

BLOCK = 20
"""Seeds that a process lives through before it tells how they went."""


class BlockResult(msgspec.Struct, frozen=True):
    """How a block of seeds went."""

    events: int
    failed: int | None = None  # the first seed that did not hold
    trace: str = ""


def every_boundary(seed: int, fate: Fate) -> int:
    """Live the small world of `seed` once for each commit, with this fate there.

    Returns how many commits there were.
    """
    calm = World(seed, Plan({}), small=True)
    calm.live()
    for commit in range(1, calm.disk.commits + 1):
        World(seed, Plan({commit: fate}), small=True).live()
    return calm.disk.commits


def live_all(seeds: range, plan: Plan | None = None, fault: str = "") -> BlockResult:
    """Live through `seeds` until one of them does not hold; every second has agents with lives.

    `fault` names what is planted meanwhile.
    """
    with planted(fault) if fault else nullcontext():
        return _live_through(seeds, plan)


def _live_through(seeds: range, plan: Plan | None) -> BlockResult:
    events = 0
    for seed in seeds:
        world = World(seed, plan, lives=seed % 2 == 1)
        try:
            world.live()
        except Exception:  # noqa: BLE001 - whatever it was, the seed is the report
            return BlockResult(events, seed, traceback.format_exc())
        events += world.disk.inspector.position
    return BlockResult(events)


def main() -> int:
    """Run the seeds that the command line names; print the command of the first that fails."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many, from 0 on")
    parser.add_argument("--seed", type=int, help="only this one, with all it says")
    parser.add_argument("--crash", type=int, help="die at this commit and at no other")
    parser.add_argument("--plant", choices=sorted(FAULTS), help="a fault that has to be found")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    begun = time.perf_counter()
    if chosen.seed is not None:
        plan = Plan({chosen.crash: "lost"}) if chosen.crash else None
        seeds = range(chosen.seed, chosen.seed + 1)
        result, count = live_all(seeds, plan, chosen.plant or ""), 1
    else:
        result = _live_in_processes(chosen.seeds, chosen.processes, chosen.plant or "")
        count = chosen.seeds
    if chosen.plant:
        return _found(chosen.plant, result, count)
    if result.failed is not None:
        sys.stderr.write(result.trace)
        command = f"python -m missioncontrol.testing.simulate --seed {result.failed}"
        sys.stdout.write(f"seed {result.failed} fails: {command}\n")
        return 1
    elapsed = time.perf_counter() - begun
    sys.stdout.write(f"{count:,} seeds held, {result.events:,} events, {elapsed:.1f} s\n")
    return 0


def _found(fault: str, result: BlockResult, seeds: int) -> int:
    """Say whether a planted fault was found; not to find it is a fault of the simulation."""
    if result.failed is None:
        sys.stdout.write(f"{fault} is not found within {seeds:,} seeds\n")
        return 1
    reason = result.trace.strip().splitlines()[-1].rpartition("Violation: ")[2]
    sys.stdout.write(f"{fault} is found by seed {result.failed}: {reason[:200]}\n")
    return 0


def _live_in_processes(seeds: int, processes: int, fault: str) -> BlockResult:
    """Share the seeds out; the first that fails, in their order, ends it."""
    blocks = [range(first, min(first + BLOCK, seeds)) for first in range(0, seeds, BLOCK)]
    events = 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for result in pool.map(partial(live_all, fault=fault), blocks):
            if result.failed is not None:
                pool.shutdown(cancel_futures=True)
                return result
            events += result.events
    return BlockResult(events)


if __name__ == "__main__":
    raise SystemExit(main())
