"""Asks coding agents that read a repository and answer: none of them writes anything."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Protocol, runtime_checkable

from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.agents.program import Consult
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.planners import PROGRAMS
from missioncontrol.extras import require_extra
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop

OPENCODE = "opencode"
READING_OPENCODE = {
    "argv": [OPENCODE, "acp"],
    "variables": {"OPENCODE_DISABLE_AUTOUPDATE": "1"},
    "files": {
        ".config/opencode/opencode.json": """{
  "model": "mission/{model}",
  "small_model": "mission/{model}",
  "permission": {"edit": "deny", "bash": "deny", "webfetch": "deny"},
  "provider": {
    "mission": {
      "npm": "@ai-sdk/openai-compatible",
      "options": {"baseURL": "{url}/v1", "apiKey": "{key}"},
      "models": {"{model}": {}}
    }
  }
}"""
    },
}
"""Settings of opencode. Without more of the network than the gateway, it begins no session."""

SERVER = (sys.executable, "-P", "-m", "missioncontrol.mcp.planning")


Question = Callable[[str, float], Awaitable[str]]
"""Sends the next message of a conversation; returns the answer, which may take some seconds."""


@runtime_checkable
class Questioned(Protocol):
    """An agent that can be asked about the repository of a step."""

    def questioned(
        self,
        assignment: Assignment,
        line: Line,
        server: Sequence[str],
        schema: Mapping[str, Any],
        plan: str,
    ) -> AbstractAsyncContextManager[Question]:
        """Lend a conversation in which it reads and answers; it ends with the block.

        `server` is the command line of the MCP server that it is given.

        Raises:
            AttemptFailed: there is no repository, or no way to a model.
        """
        ...


class Consultants:
    """Lends the conversations of one attempt with agents, by their names."""

    def __init__(
        self,
        find: Callable[[str], Agent | None],
        kinds: Kinds,
        workshop: Callable[[Declaration], Workshop],
        model: str,
    ) -> None:
        """`find` returns a declared agent; `model` is for programs that have none of their own."""
        self._find = find
        self._kinds = kinds
        self._workshop = workshop
        self._model = model

    @asynccontextmanager
    async def __call__(self, assignment: Assignment, line: Line) -> AsyncIterator[Consult]:
        """Begin a conversation when the first question is asked; end it with the block."""
        talks: dict[str, Question] = {}
        asking: set[asyncio.Task[str]] = set()
        async with AsyncExitStack() as stack:

            async def consult(asked: wire.Consults) -> wire.Consulted:
                _require_extra()
                agent = self._agent(asked.agent)
                if asked.agent not in talks:
                    talk = agent.questioned(assignment, line, SERVER, asked.schema, asked.plan)
                    talks[asked.agent] = await stack.enter_async_context(talk)
                task = asyncio.ensure_future(talks[asked.agent](asked.prompt, asked.seconds))
                asking.add(task)
                try:
                    return wire.Consulted(asked.number, await task)
                finally:
                    asking.discard(task)

            try:
                yield consult
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.gather(*asking, return_exceptions=True)

    def _agent(self, name: str) -> Questioned:
        """Return the agent of a name: a declared one, else a program with its usual settings.

        Raises:
            AttemptFailed: `agent.unknown`.
        """
        found = self._find(name) or self._program(name)
        if not isinstance(found, Questioned):
            raise AttemptFailed(
                "agent.unknown",
                f"There is no agent {name!r} here that could be asked.",
                hint="`mission agent list` names the agents; `mission agent start` starts one.",
                retryable=False,
            )
        return found

    def _usual(self, name: str) -> dict[str, Any]:
        """Return the default declaration of a program that has none.

        Raises:
            AttemptFailed: `acp.no_model`.
        """
        if name != OPENCODE:
            return {}
        if not self._model:
            raise AttemptFailed(
                "acp.no_model",
                "opencode is not told which model to ask.",
                hint="Set MISSION_MODEL_URL and MISSION_MODEL_NAME, or declare an agent of kind "
                "acp with a model.",
                retryable=False,
            )
        return {"settings": READING_OPENCODE, "model": self._model}

    def _program(self, name: str) -> Agent | None:
        if name not in PROGRAMS:
            return None
        declared = Declaration(name, PROGRAMS[name], **self._usual(name))
        try:
            return self._kinds[declared.kind].make(declared, self._workshop(declared))
        except MissionControlError as error:
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from None


def _require_extra() -> None:
    require_extra(
        "agents",
        "An agent that plans",
        "mcp",  # By which it gets its tools.
        code="agent.not_installed",
        refuse=partial(AttemptFailed, retryable=False),
    )
