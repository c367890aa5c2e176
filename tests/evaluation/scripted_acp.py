"""The scripted agent as one that speaks the Agent Client Protocol; the tree says what it does."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent
from acp.schema import Usage

from tests.agents.small_agent import Small
from tests.evaluation.scripted import do


def told() -> list[str]:
    return Path("do.txt").read_text().split()


class Scripted(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        os.chdir(self.cwd)
        tokens, words = 15, told()
        match words:
            case ["asks"]:
                await self.allowed(session_id, "execute", "", {"command": "make"})
            case ["overspends"]:
                tokens = 900_000
            case ["dies"]:
                os._exit(7)
            case ["waits"]:
                await self.cancelled.wait()
            case _:
                do(words[0], words[1:])
        await self.say(session_id, "Done.")
        used = Usage(total_tokens=tokens, input_tokens=tokens - 5, output_tokens=5)
        return PromptResponse(stop_reason="end_turn", usage=used)


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, Scripted())))
