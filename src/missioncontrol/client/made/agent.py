"""The agent methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Mapping
from typing import Any

from missioncontrol.application.agent_runs import AgentRun
from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class AgentRequests(Resource[L]):
    """Requests of the operations and queries of agent."""

    @listed
    def list(self, *, hours: int = 24) -> Pages[AgentView]:
        """Return agents by name: how they stand, and what they did in the last hours."""
        return requests.pages("agent.list", {"hours": hours})

    @requested
    def get(self, name: str) -> Call[AgentDetail]:
        """Return how an agent stands, its declaration, what it did, and its life so far."""
        return requests.item("agent.get", name)

    @requested
    def add(
        self,
        name: str,
        declared: Mapping[str, Any],
        reason: str = "",
        *,
        start: bool = True,
        key: str = "",
    ) -> Call[AgentDetail]:
        """Declare an agent with the fields of `agents.toml`, and check that it works."""
        return requests.operation(
            "agent.add",
            "",
            {"name": name, "declared": declared, "reason": reason, "start": start},
            key=key,
        )

    @requested
    def change(
        self,
        name: str,
        declared: Mapping[str, Any],
        reason: str = "",
        *,
        key: str = "",
        if_match: str = "",
    ) -> Call[AgentDetail]:
        """Replace the declaration of an agent; a working agent restarts with the new one."""
        return requests.operation(
            "agent.change",
            name,
            {"declared": declared, "reason": reason},
            key=key,
            if_match=if_match,
        )

    @requested
    def start(self, name: str, reason: str = "", *, key: str = "") -> Call[AgentDetail]:
        """Start an agent, once its health check passes."""
        return requests.operation("agent.start", name, {"reason": reason}, key=key)

    @requested
    def stop(self, name: str, reason: str = "", *, key: str = "") -> Call[AgentDetail]:
        """End all that an agent works on; its steps are ready again."""
        return requests.operation("agent.stop", name, {"reason": reason}, key=key)

    @requested
    def restart(
        self, name: str, reason: str = "", *, seconds_max: float = 600.0, key: str = ""
    ) -> Call[AgentDetail]:
        """Restart an agent after its current work; its health check runs again."""
        return requests.operation(
            "agent.restart", name, {"reason": reason, "seconds_max": seconds_max}, key=key
        )

    @requested
    def drain(
        self, name: str, reason: str = "", *, seconds_max: float = 600.0, key: str = ""
    ) -> Call[AgentDetail]:
        """Drain an agent: it finishes its current work and starts nothing new."""
        return requests.operation(
            "agent.drain", name, {"reason": reason, "seconds_max": seconds_max}, key=key
        )

    @requested
    def scale(self, name: str, scale: int, reason: str = "", *, key: str = "") -> Call[AgentDetail]:
        """Say how many steps an agent works on at once."""
        return requests.operation("agent.scale", name, {"scale": scale, "reason": reason}, key=key)

    @requested
    def remove(
        self, name: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[None]:
        """Remove an agent that is stopped; its past stays in the log."""
        return requests.operation(
            "agent.remove", name, {"reason": reason}, key=key, if_match=if_match
        )

    @requested
    def run(
        self,
        name: str,
        instruction: str,
        *,
        repository: str = "",
        cost: float = 0.0,
        tokens: int = 0,
        key: str = "",
    ) -> Call[AgentRun]:
        """Have an agent do what an instruction says, in a run with one step.

        Caps, rate limits and approvals apply as for every other run. The change that it makes can
        be reviewed.
        """
        return requests.operation(
            "agent.run",
            name,
            {"instruction": instruction, "repository": repository, "cost": cost, "tokens": tokens},
            key=key,
        )
