"""A process that runs a tool and is killed meanwhile: `python -m tests.agents.abandoned`."""

import asyncio
import sys
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import Assignment, ProcessHandle
from missioncontrol.ports.agent_kind import AgentKind
from tests.agents.bench import Door, TestLine, workshop


class Recording(TestLine):
    """Writes down the processes, as an engine would."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    async def started(self, process: ProcessHandle) -> None:
        with self._file.open("ab") as file:
            file.write(msgspec.json.encode(process) + b"\n")


KINDS: dict[str, AgentKind] = {"codex": CodexKind(), "claude": ClaudeKind()}


async def main(root: Path, program: str, origin: str, kind: str, model: str) -> None:
    declared = Declaration("coder", kind, {"program": program}, model=model)
    agent = KINDS[kind].make(declared, workshop(root, Door(origin)))
    inputs = {"prompt": "Do it.", "repository": str(root / "r")}
    given = Assignment("run-1", "w", "build", 1, 7, "k", "coder", inputs, risk="write")
    await agent.perform(given, Recording(root / "processes"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:6]))
