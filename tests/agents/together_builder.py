"""A coding agent of the tests that changes its file once so many of its kind are at work.

Its arguments are a directory in which they meet, and their number.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent

from tests.agents.small_agent import Small, write

SECONDS_MAX = 120.0


def _met(name: str) -> None:
    """Return once all of them are here."""
    write(MEETING / str(os.getpid()), name)
    latest = time.monotonic() + SECONDS_MAX
    while len(list(MEETING.iterdir())) < NUMBER:
        assert time.monotonic() < latest, "the others did not come"
        time.sleep(0.05)


class TogetherBuilder(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        words = "\n".join(str(getattr(block, "text", "")) for block in prompt).split()
        name = next(word for word in words if word.startswith("part_"))
        await asyncio.to_thread(_met, name)
        path = self.cwd / f"{name}.py"
        if await self.allowed(session_id, "edit", str(path)):
            write(path, "VALUE = 2\n")
        await self.say(session_id, "It is built.")
        return PromptResponse(stop_reason="end_turn")


if __name__ == "__main__":
    MEETING, NUMBER = Path(sys.argv[1]), int(sys.argv[2])
    asyncio.run(run_agent(cast(Any, TogetherBuilder())))
