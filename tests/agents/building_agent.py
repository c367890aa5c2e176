"""A coding agent of the tests that changes `shop/prices.py` as the goal there has it."""

import asyncio
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent
from acp.schema import Usage

from tests.agents.small_agent import Small, write

CHANGED = "def total(prices, discount=0):\n    return sum(prices) * (100 - discount) / 100\n"


class Builder(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        path = str(self.cwd / "shop/prices.py")
        if await self.allowed(session_id, "edit", path):
            write(Path(path), CHANGED)
        await self.say(session_id, "total() takes a discount now.")
        used = Usage(total_tokens=15, input_tokens=10, output_tokens=5)
        return PromptResponse(stop_reason="end_turn", usage=used)


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, Builder())))
