"""A coding agent of the tests that builds a task of a product: a module of its own, and a test."""

import asyncio
import re
from pathlib import Path
from typing import Any, cast

from acp import PromptResponse, run_agent
from acp.schema import Usage

from tests.agents.small_agent import Small, write


class Builder(Small):
    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        text = "\n".join(getattr(each, "text", "") for each in prompt)
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        name = re.sub(r"\W+", "_", title[1].lower() if title else "task")[:40].strip("_")
        path = self.cwd / "tests" / f"test_{name}.py"
        if await self.allowed(session_id, "edit", str(path)):
            there = sorted(each.name for each in (self.cwd / "tests").glob("test_*.py"))
            write(
                Path(path),
                f'"""{title[1] if title else name}."""\n\n\n'
                f"def test_{name}() -> None:\n    assert {there!r}\n",
            )
        await self.say(session_id, f"Built {name}.")
        used = Usage(total_tokens=15, input_tokens=10, output_tokens=5)
        return PromptResponse(stop_reason="end_turn", usage=used)


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, Builder())))
