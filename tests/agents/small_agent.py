"""A small coding agent of the tests that speaks the Agent Client Protocol on its pipes.

It does what the first word of its prompt says.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from acp import (
    PROTOCOL_VERSION,
    InitializeResponse,
    NewSessionResponse,
    PromptResponse,
    RequestError,
    run_agent,
    start_tool_call,
    text_block,
    update_agent_message,
    update_tool_call,
)
from acp.schema import (
    Implementation,
    PermissionOption,
    ToolCallLocation,
    ToolCallUpdate,
    Usage,
)

OPTIONS = [
    PermissionOption(option_id="always", name="Always", kind="allow_always"),
    PermissionOption(option_id="yes", name="Yes", kind="allow_once"),
    PermissionOption(option_id="no", name="No", kind="reject_once"),
]


def write(path: Path, text: str) -> None:
    path.write_text(text)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


class Small:
    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **more: Any) -> InitializeResponse:
        offered = more.get("client_capabilities")
        assert offered is None or not offered.fs or not offered.fs.write_text_file
        return InitializeResponse(
            protocol_version=PROTOCOL_VERSION,
            agent_info=Implementation(name="small", version="0.1"),
        )

    async def new_session(self, cwd: str, **more: Any) -> NewSessionResponse:
        self.cwd = Path(cwd)
        self.mode = ""
        self.cancelled = asyncio.Event()
        return NewSessionResponse(session_id="s-1")

    async def set_session_mode(self, session_id: str, mode_id: str, **more: Any) -> None:
        self.mode = mode_id

    async def cancel(self, session_id: str, **more: Any) -> None:
        write(Path(os.environ["HOME"], "cancelled"), "yes")
        self.cancelled.set()

    async def prompt(self, prompt: list[Any], session_id: str, **more: Any) -> PromptResponse:
        text = prompt[0].text
        word = text.split()[-1] if "valid" in text.split()[0] else text.split()[0]
        await getattr(self, f"do_{word}")(session_id, text)
        used = Usage(total_tokens=15, input_tokens=10, output_tokens=5, cached_read_tokens=4)
        return PromptResponse(stop_reason="end_turn", usage=used)

    async def say(self, session: str, text: str) -> None:
        await self.client.session_update(
            session_id=session, update=update_agent_message(text_block(text))
        )

    async def allowed(self, session: str, kind: Any, path: str, raw: Any = None) -> bool:
        start = start_tool_call("c-1", f"{kind} {path}", kind=kind, raw_input=raw)
        await self.client.session_update(session_id=session, update=start)
        answer = await self.client.request_permission(
            session_id=session,
            tool_call=ToolCallUpdate(
                tool_call_id="c-1", locations=[ToolCallLocation(path=path)] if path else None
            ),
            options=OPTIONS,
        )
        chosen = answer.outcome
        assert getattr(chosen, "option_id", "") != "always"
        return getattr(chosen, "option_id", "") == "yes"

    async def do_write(self, session: str, text: str) -> None:
        path = str(self.cwd / "new.txt")
        if await self.allowed(session, "edit", path):
            write(Path(path), "hello\n")
        await self.say(session, "I wrote ")
        await self.say(session, "new.txt.\nAll is well.")

    async def do_twice(self, session: str, text: str) -> None:
        await self.do_write(session, text)
        await self.do_write(session, text)
        await self.cancelled.wait()

    async def do_run(self, session: str, text: str) -> None:
        if await self.allowed(session, "execute", "", {"command": "make test"}):
            done = update_tool_call("c-1", status="completed", raw_output={"metadata": {"exit": 0}})
            await self.client.session_update(session_id=session, update=done)
            await self.say(session, "It ran.")
        else:
            await self.say(session, "It was not allowed to run.")

    async def do_overwhelm(self, session: str, text: str) -> None:
        command = {"command": f"echo {'a' * 100_000}; make mischief"}
        ran = await self.allowed(session, "execute", "", command)
        await self.say(session, "It ran." if ran else "It was not allowed to run.")

    async def do_borrow(self, session: str, text: str) -> None:
        """Ask for files that were not offered, and write one with its own hands."""
        codes = []
        for place in ("new.txt", "../out.txt"):
            target = {"session_id": session, "path": str(self.cwd / place)}
            for call in (
                self.client.write_text_file(**target, content="x\n"),
                self.client.read_text_file(**target),
            ):
                try:
                    await call
                except RequestError as error:
                    codes.append(error.code)
        write(self.cwd / "new.txt", "x\n")
        await self.say(session, f"Refused: {codes}")

    async def do_outside(self, session: str, text: str) -> None:
        await self.allowed(session, "edit", "/etc/passwd")
        await self.say(session, "Done.")

    async def do_pretend(self, session: str, text: str) -> None:
        """Call a tool that does not exist, if it is asked for one, and say that all is done."""
        if "tool" in text:
            start = start_tool_call("c-9", "apply_magic", kind="other")
            await self.client.session_update(session_id=session, update=start)
            failed = update_tool_call("c-9", status="failed", raw_output={"error": "unknown tool"})
            await self.client.session_update(session_id=session, update=failed)
        await self.say(session, "Done." if "words" not in text else "I have added the function.")

    async def do_explain(self, session: str, text: str) -> None:
        await self.say(session, "The function adds the prices and rounds them.")

    async def do_answer(self, session: str, text: str) -> None:
        again = "cannot be used" in text
        await self.say(session, json.dumps({"fits": True}) if again else "It fits.")

    async def do_tell(self, session: str, text: str) -> None:
        seen = {name: os.environ.get(name, "") for name in ("MODEL_URL", "MODEL_KEY", "OTHER")}
        seen["config"] = read(Path(os.environ["HOME"], ".small/config.json"))
        seen["mode"] = self.mode
        write(Path(self.cwd, "seen.json"), json.dumps(seen))
        await self.say(session, "Told.")

    async def do_wait(self, session: str, text: str) -> None:
        await self.say(session, "waiting\n")
        await self.cancelled.wait()

    async def do_die(self, session: str, text: str) -> None:
        print("out of memory", file=sys.stderr, flush=True)
        os._exit(7)

    async def do_refuse(self, session: str, text: str) -> None:
        raise RequestError.auth_required()


if __name__ == "__main__":
    asyncio.run(run_agent(cast(Any, Small())))
