"""Engines that are killed, each at another step, while they keep what an attempt left.

`python -m tests.agents.killed_keeping end|sweep STEP=PLACE ...` forks one for each PLACE, which has
the repository `r` and the trees `t`. It is killed at step STEP, counted from the end of the work
(or from the begin of a sweep), and ends by itself where there are fewer. The exit codes are printed
in the same order. A step is whatever starts a program, or takes a file away. With `alone PLACE`
there is one engine, in this process, that is not killed.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from missioncontrol.adapters.worktrees import sweep, worktree
from missioncontrol.ports.agent import Assignment

ASSIGNMENT = Assignment("run-1", "w", "build", 1, 7, "run-1/build", "codex")


class Fault:
    """Kills this process at its last step."""

    def __init__(self, step: int) -> None:
        self.left = step
        self.is_armed = False

    def before(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **more: Any) -> Any:
            if self.is_armed:
                self.left -= 1
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return do(*args, **more)

        return done

    def plant(self) -> None:
        """Put a step before each of these from now on."""
        places: tuple[tuple[Any, str], ...] = (
            (asyncio, "create_subprocess_exec"),
            (subprocess, "run"),
            (shutil, "rmtree"),
            (os, "unlink"),
            (os, "rmdir"),
            (Path, "unlink"),
            (Path, "rmdir"),
        )
        for place, name in places:
            setattr(place, name, self.before(getattr(place, name)))


async def main(trees: Path, source: Path, step: int, what: str) -> None:
    fault = Fault(step)
    if what == "sweep":
        fault.plant()
        fault.is_armed = True
        await sweep(trees, str)
        return
    async with worktree(trees, ASSIGNMENT, source, scrub=str) as tree:
        (tree.path / "README.md").write_text("changed\n")
        (tree.path / "new.txt").write_text("new\n")
        fault.plant()
        fault.is_armed = True


def forked(step: int, place: Path, what: str) -> int:
    """Return how the engine ended that was to be killed at `step`."""
    child = os.fork()
    if child == 0:
        asyncio.run(main(place / "t", place / "r", step, what))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    if sys.argv[1] == "alone":
        asyncio.run(main(Path(sys.argv[2], "t"), Path(sys.argv[2], "r"), 0, "end"))
        sys.exit()
    for given in sys.argv[2:]:
        number, _, path = given.partition("=")
        print(forked(int(number), Path(path), sys.argv[1]), flush=True)
