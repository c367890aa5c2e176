"""The agents of a worker; each attempt gets a new instance."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from missioncontrol.adapters.worktrees.transfer import PackingAgent
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.ports.agent import Agent, AttemptFailed
from missioncontrol.ports.agent_kind import AgentKind, Proof, Workshop
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.workers import Offer, is_remote

Make = Callable[[ArtifactStore], Agent]
"""Returns the agent for one attempt, which stores its files in the given store."""


Prove = Callable[[], Awaitable[Proof]]
"""Runs the health check of an agent, at no cost."""

HEALTH_CHECK_SECONDS_MAX = 60.0


class LocalAgent(msgspec.Struct, frozen=True):
    """An agent of this machine."""

    card: AgentCard
    make: Make
    scale: int = 1
    prove: Prove | None = None  # None for a built-in agent


class LocalAgents:
    """The agents of this machine by name."""

    def __init__(self, agents: Sequence[LocalAgent]) -> None:
        """A server can request only these agents."""
        self._agents = {each.card.name: each for each in agents}

    def offers(self, scale: int) -> tuple[Offer, ...]:
        """Return the offers to a server, of at most `scale` attempts at once in all."""
        return tuple(Offer(each.card, min(scale, each.scale)) for each in self._agents.values())

    async def check(self, report: Callable[[str], None]) -> None:
        """Run all health checks; remove agents that fail, and report them.

        Raises:
            Unavailable: `worker.no_agents`, if none works.
        """
        for name, agent in list(self._agents.items()):
            try:
                self._agents[name] = await _checked(agent)
            except (AttemptFailed, MissionControlError, TimeoutError) as failure:
                del self._agents[name]
                reason = getattr(failure, "reason", "It did not answer in time.")
                hint = getattr(failure, "hint", "")
                report(f"Agent {name!r} is left out: {reason} {hint}".rstrip())
        if not self._agents:
            raise Unavailable("worker.no_agents", "No agent of this worker works.")

    def make(self, agent: str, artifacts: ArtifactStore) -> Agent:
        """Return an agent for one attempt.

        Raises:
            Rejected: `worker.unknown_agent`, and as its kind.
        """
        if agent not in self._agents:
            raise Rejected("worker.unknown_agent", f"This worker does not run {agent!r}.")
        return self._agents[agent].make(artifacts)


async def _checked(agent: LocalAgent) -> LocalAgent:
    """Return an agent with the version from its health check."""
    if agent.prove is None:
        return agent
    async with asyncio.timeout(HEALTH_CHECK_SECONDS_MAX):
        proof = await agent.prove()
    card = msgspec.structs.replace(agent.card, version=proof.version)
    return msgspec.structs.replace(agent, card=card)


def declared_agent(
    declared: Declaration,
    kinds: Mapping[str, AgentKind],
    workshop: Callable[[Declaration], Workshop],
) -> LocalAgent:
    """Return an agent from the agents file of this machine.

    Raises:
        Rejected: `worker.external_heads`, `agent.unknown_kind`, and as its kind.
    """
    if is_remote(declared):
        raise Rejected(
            "worker.elsewhere",
            f"Agent {declared.name!r} is at {declared.location!r}, and a worker runs only "
            "local agents.",
            hint="Remove `location` from its declaration.",
        )
    if declared.kind not in kinds:
        raise Rejected(
            "agent.unknown_kind",
            f"Agent {declared.name!r} is of kind {declared.kind!r}, which is not known here.",
            hint=f"Known are {', '.join(kinds)}; a package may be missing.",
        )
    kind = kinds[declared.kind]

    def make(artifacts: ArtifactStore) -> Agent:
        place = msgspec.structs.replace(workshop(declared), artifacts=artifacts)
        return PackingAgent(kind.make(declared, place))

    async def prove() -> Proof:
        return await kind.prove(declared, workshop(declared), round_trip=False)

    return LocalAgent(kind.card(declared), make, declared.scale, prove)
