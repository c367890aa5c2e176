"""A coding agent of the tests that builds tasks as a script says, which is its first argument.

The script is a JSON object: by the number of a task, a list of rounds; a round is a list of edits
`[path, old, new]`. An old of "" makes the file, a new of null removes it. The last round is played
again where there are more.
"""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent
from acp.schema import Usage

from tests.agents.small_agent import Small, write


class TaskBuilder(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        message = "\n".join(str(getattr(block, "text", "")) for block in prompt)
        task, turn = re.search(r"# Task (\d+): ", message), re.search(r"## Round (\d+): ", message)
        assert task is not None, message
        rounds = SCRIPT[task[1]]
        number = min(int(turn[1]) if turn else 1, len(rounds))
        for place, old, new in rounds[number - 1]:
            path = self.cwd / place
            if not await self.allowed(session_id, "edit", str(path)):
                continue
            if new is None:
                path.unlink()
            else:
                write(path, new if not old else path.read_text().replace(old, new))
        await self.say(session_id, f"Round {number} of task {task[1]} is built.")
        used = Usage(total_tokens=15, input_tokens=10, output_tokens=5)
        return PromptResponse(stop_reason="end_turn", usage=used)


SCRIPT = json.loads(Path(sys.argv[1]).read_text()) if sys.argv[1:] else {}

if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, TaskBuilder())))
