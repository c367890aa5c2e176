"""A coding agent for measures: it waits as for a model, and changes one file."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any, cast

from acp import (
    PROTOCOL_VERSION,
    InitializeResponse,
    NewSessionResponse,
    PromptResponse,
    run_agent,
    text_block,
    update_agent_message,
)
from acp.schema import Implementation


class Builder:
    """Speaks the Agent Client Protocol on its pipes."""

    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **more: Any) -> InitializeResponse:
        known = Implementation(name="bench", version="1")
        return InitializeResponse(protocol_version=PROTOCOL_VERSION, agent_info=known)

    async def new_session(self, cwd: str, **more: Any) -> NewSessionResponse:
        self.cwd = cwd
        return NewSessionResponse(session_id="s-1")

    async def cancel(self, session_id: str, **more: Any) -> None:
        """Nothing of it is to be ended."""

    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        message = "\n".join(str(getattr(block, "text", "")) for block in prompt)
        task = re.search(r"# Task (\d+): ", message)
        await asyncio.sleep(float(sys.argv[1]))
        if task is not None:
            place = Path(self.cwd, f"shop/part_{task[1]}.py")
            await asyncio.to_thread(place.write_text, "VALUE = 2\n")
        update = update_agent_message(text_block("It is built."))
        await self.client.session_update(session_id=session_id, update=update)
        return PromptResponse(stop_reason="end_turn")


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, Builder())))
