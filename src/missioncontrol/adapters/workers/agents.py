"""The agents that a worker carries out, each made anew for every attempt."""

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
from missioncontrol.ports.workers import Offer, is_elsewhere

Make = Callable[[ArtifactStore], Agent]
"""Returns the agent for one attempt, whose files are kept there."""


Prove = Callable[[], Awaitable[Proof]]
"""Asks the agent's program whether it works, at no cost."""

PROVING_SECONDS_MAX = 60.0


class LocalAgent(msgspec.Struct, frozen=True):
    """An agent of this machine."""

    card: AgentCard
    make: Make
    scale: int = 1
    prove: Prove | None = None  # None for a part of this program


class LocalAgents:
    """Agents by name."""

    def __init__(self, carriers: Sequence[LocalAgent]) -> None:
        """What is named here is all that a server can ask for."""
        self._carriers = {each.card.name: each for each in carriers}

    def offers(self, scale: int) -> tuple[Offer, ...]:
        """Return what a server is told, where `scale` attempts at once are taken in all."""
        return tuple(Offer(each.card, min(scale, each.scale)) for each in self._carriers.values())

    async def prove(self, told: Callable[[str], None]) -> None:
        """Let every agent show that it works; `told` hears of those that are left out.

        Raises:
            Unavailable: `worker.no_agents`, where none of them works.
        """
        for name, carrier in list(self._carriers.items()):
            try:
                self._carriers[name] = await _proved(carrier)
            except (AttemptFailed, MissionControlError, TimeoutError) as failure:
                del self._carriers[name]
                reason = getattr(failure, "reason", "It did not answer in time.")
                hint = getattr(failure, "hint", "")
                told(f"Agent {name!r} is left out: {reason} {hint}".rstrip())
        if not self._carriers:
            raise Unavailable("worker.no_agents", "No agent of this worker works.")

    def make(self, agent: str, artifacts: ArtifactStore) -> Agent:
        """Return an agent for one attempt.

        Raises:
            Rejected: `worker.unknown_agent`, and as its kind.
        """
        if agent not in self._carriers:
            raise Rejected("worker.unknown_agent", f"This worker does not carry out {agent!r}.")
        return self._carriers[agent].make(artifacts)


async def _proved(carrier: LocalAgent) -> LocalAgent:
    """Return an agent that works, with the version that its program says."""
    if carrier.prove is None:
        return carrier
    async with asyncio.timeout(PROVING_SECONDS_MAX):
        proof = await carrier.prove()
    card = msgspec.structs.replace(carrier.card, version=proof.version)
    return msgspec.structs.replace(carrier, card=card)


def declared_agent(
    declared: Declaration,
    kinds: Mapping[str, AgentKind],
    workshop: Callable[[Declaration], Workshop],
) -> LocalAgent:
    """Return an agent that the agents file of this machine declares.

    Raises:
        Rejected: `worker.elsewhere`, `agent.unknown_kind`, and as its kind.
    """
    if is_elsewhere(declared):
        raise Rejected(
            "worker.elsewhere",
            f"Agent {declared.name!r} is at {declared.location!r}, and a worker carries out only "
            "what is here.",
            hint="Take `location` out of its declaration.",
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
