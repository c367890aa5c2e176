"""`python -m bench.console.busy HOME STEPS`: an engine with one busy run, begun on request.

It prints the run's id, waits for a line, does the run, and prints the seconds that it took.
"""

import asyncio
import sys
import time
from pathlib import Path

import missioncontrol as mc

LANES = 64


def main() -> None:
    """Do one run."""
    asyncio.run(_work(Path(sys.argv[1]), int(sys.argv[2])))


async def _work(home: Path, steps: int) -> None:
    gate = asyncio.Event()

    async def wait(_: mc.StepContext) -> int:
        await gate.wait()
        return 1

    async def noop(_: mc.StepContext) -> int:
        return 1

    busy = mc.Workflow("busy", concurrency=LANES)
    busy.add("gate", wait)
    for number in range(steps):
        before = f"step-{number - LANES}" if number >= LANES else "gate"
        busy.add(f"step-{number}", noop, needs=[before])
    async with mc.Engine(home) as engine:
        print(await engine.start(busy), flush=True)
        for _ in range(2):  # The first line asks for nothing but a beginning of the wait.
            line = await asyncio.to_thread(sys.stdin.readline)
            if line.strip() == "go":
                break
        begun = time.perf_counter()
        gate.set()
        run = engine._control.tables.unsettled()[-1]
        await engine.wait(run)
        print(time.perf_counter() - begun, flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    main()
