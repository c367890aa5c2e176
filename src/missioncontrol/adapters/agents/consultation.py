"""Conversations with coding agents that read a repository and answer; none of them writes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Protocol, runtime_checkable

from missioncontrol.adapters.agents.kind_support import require_package
from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.agents.program import Consult
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.planners import PROGRAMS
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
"""Settings of opencode. It starts no session if it can reach nothing but the gateway."""

SERVER = (sys.executable, "-P", "-m", "missioncontrol.mcp.planning")


Question = Callable[[str, float], Awaitable[str]]
"""Sends the next message of a conversation; returns the answer, which may take some seconds."""


@runtime_checkable
class Consultable(Protocol):
    """An agent that can answer questions about the repository of a step."""

    def open_consultation(
        self,
        assignment: Assignment,
        line: Line,
        server: Sequence[str],
        schema: Mapping[str, Any],
        plan: str,
        tried: str = "",
    ) -> AbstractAsyncContextManager[Question]:
        """Yield a conversation in which the agent reads and answers; it ends with the block.

        `server` is the command line of the MCP server whose tools it gets, `tried` the result of
        trying the plan.

        Raises:
            AttemptFailed: there is no repository, or no access to a model.
        """
        ...


class Consultants:
    """Opens the conversations of one attempt with agents, by the names of the agents."""

    def __init__(
        self,
        find: Callable[[str], Agent | None],
        kinds: Kinds,
        workshop: Callable[[Declaration], Workshop],
        model: str,
    ) -> None:
        """`find` returns a declared agent; `model` is for programs without one of their own."""
        self._find = find
        self._kinds = kinds
        self._workshop = workshop
        self._model = model

    @asynccontextmanager
    async def __call__(self, assignment: Assignment, line: Line) -> AsyncIterator[Consult]:
        """Start a conversation at its first question; end all of them with the block."""
        talks: dict[str, Question] = {}
        asking: set[asyncio.Task[str]] = set()
        async with AsyncExitStack() as stack:

            async def consult(request: wire.Consults) -> wire.Consulted:
                _require_extra()
                agent = self._agent(request.agent)
                if request.agent not in talks:
                    given = (request.schema, request.plan, request.tried)
                    talk = agent.open_consultation(assignment, line, SERVER, *given)
                    talks[request.agent] = await stack.enter_async_context(talk)
                task = asyncio.ensure_future(talks[request.agent](request.prompt, request.seconds))
                asking.add(task)
                try:
                    return wire.Consulted(request.number, await task)
                finally:
                    asking.discard(task)

            try:
                yield consult
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.gather(*asking, return_exceptions=True)

    def _agent(self, name: str) -> Consultable:
        """Return an agent by name: a declared one, else a program with default settings.

        Raises:
            AttemptFailed: `agent.unknown`.
        """
        found = self._find(name) or self._program(name)
        if not isinstance(found, Consultable):
            raise AttemptFailed(
                "agent.unknown",
                f"There is no agent {name!r} that can be consulted.",
                hint="`mission agent list` names the agents; `mission agent start` starts one.",
                retryable=False,
            )
        return found

    def _defaults(self, name: str) -> dict[str, Any]:
        """Return the default declaration of a program that has none.

        Raises:
            AttemptFailed: `acp.no_model`.
        """
        if name != OPENCODE:
            return {}
        if not self._model:
            raise AttemptFailed(
                "acp.no_model",
                "opencode has no model.",
                hint="Set MISSION_MODEL_URL and MISSION_MODEL_NAME, or declare an agent of kind "
                "acp with a model.",
                retryable=False,
            )
        return {"settings": READING_OPENCODE, "model": self._model}

    def _program(self, name: str) -> Agent | None:
        if name not in PROGRAMS:
            return None
        declared = Declaration(name, PROGRAMS[name], **self._defaults(name))
        try:
            return self._kinds[declared.kind].make(declared, self._workshop(declared))
        except MissionControlError as error:
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from None


def _require_extra() -> None:
    # The agent gets its tools from an MCP server.
    require_package("mcp", "agent.not_installed", "An agent that plans")
