"""Runs many seeds: `python -m missioncontrol.testing.simulate --seeds 2000`."""

import argparse
import sys
import time
import traceback

from missioncontrol.testing.simulation.world import Plan, World


def every_boundary(seed: int) -> int:
    """Live the world of `seed` once for each commit, dying there; return how many lives it took."""
    calm = World(seed, Plan({}))
    calm.live()
    for commit in range(1, calm.disk.commits + 1):
        for after in (False, True):
            World(seed, Plan({commit: after})).live()
    return 1 + 2 * calm.disk.commits


def main() -> int:
    """Run the seeds that the command line names; print the command of the first that fails."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many, from 0 on")
    parser.add_argument("--seed", type=int, help="only this one, with all it says")
    parser.add_argument("--crash", type=int, help="die at this commit and at no other")
    chosen = parser.parse_args()
    plan = Plan({chosen.crash: False}) if chosen.crash else None
    seeds = range(chosen.seeds) if chosen.seed is None else [chosen.seed]
    begun = time.perf_counter()
    events = 0
    for seed in seeds:
        world = World(seed, plan)
        try:
            world.live()
        except Exception:  # noqa: BLE001 - whatever it was, the seed is the report
            sys.stderr.write(traceback.format_exc())
            sys.stdout.write(
                f"seed {seed} fails: python -m missioncontrol.testing.simulate --seed {seed}\n"
            )
            return 1
        events += world.disk.inspector.position
    taken = time.perf_counter() - begun
    sys.stdout.write(f"{len(seeds)} seeds held, {events:,} events, {taken:.1f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
