"""A coding agent of the tests that changes a file and ends when its gate is there.

Its arguments are the file to change and the gate.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent

from tests.agents.small_agent import Small, write


class GateBuilder(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        write(self.cwd / sys.argv[1], "built\n")
        gate = Path(sys.argv[2])
        gate.with_name("begun").touch()
        await asyncio.to_thread(_opened, gate)
        await self.say(session_id, "It is built.")
        return PromptResponse(stop_reason="end_turn")


def _opened(gate: Path) -> None:
    while not gate.exists():
        time.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, GateBuilder())))
