"""The lives of a simulated world's agents: declared, proven, ill now and then, and well again."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.confinement import UNCONFINING
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.lifecycle.states import Failed, Stopped
from missioncontrol.ports.agent import Agent, AttemptFailed
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.testing.simulation.engine_setup import SimulatedEngine
from missioncontrol.testing.simulation.script import PLACES

DECLARED = tuple(Declaration(name, "scripted", scale=most) for name, most in PLACES.items())
KEEPER = "keeper"
NOWHERE = Path("/nowhere")


class Lives:
    """What becomes of the agents; it outlives engines, as the agents do."""

    def __init__(self, seed: int) -> None:
        """Dice of its own leave everything else of a seed as it is."""
        self.dice = Random(f"lives {seed}")  # noqa: S311 - a simulation wants to be predictable
        self.ill: dict[str, float] = {}  # until when, in the time of the loop

    def is_ill(self, name: str) -> bool:
        """Whether whatever this agent tries fails now."""
        return self.ill.get(name, 0.0) > asyncio.get_running_loop().time()

    async def wander(self, house: SimulatedEngine) -> None:
        """Make agents fail, and people start, stop, drain and scale them, until cancelled."""
        while True:
            await asyncio.sleep(self.dice.uniform(5.0, 90.0))
            name = self.dice.choice(sorted(PLACES))
            if self.dice.random() < 0.3:
                end = asyncio.get_running_loop().time() + self.dice.choice((20.0, 200.0))
                self.ill[name] = end
            else:
                operation, given = self._random_request(name)
                await house.run(operation, name, given, KEEPER)

    def _random_request(self, name: str) -> tuple[str, dict[str, Any]]:
        match self.dice.choice(("start", "start", "start", "stop", "drain", "restart", "scale")):
            case "scale":
                return "agent.scale", {"scale": self.dice.randint(1, PLACES[name])}
            case "start":
                return "agent.start", {}
            case "stop":
                return "agent.stop", {"reason": "It is in the way."}
            case verb:
                seconds = self.dice.choice((0.0, 3.0, 100.0))
                return f"agent.{verb}", {"reason": "It is in the way.", "seconds_max": seconds}

    async def wind_up(self, house: SimulatedEngine) -> None:
        """Start every agent that is not at work."""
        for life in list(house.agents.lives()):
            if isinstance(life.standing, Stopped | Failed):
                await house.run("agent.start", life.name, {}, KEEPER)


class ScriptedKind:
    """Makes the agents of the world, and asks them whether they work."""

    name = "scripted"

    def __init__(self, lives: Lives, agents: Agent, cards: Mapping[str, AgentCard]) -> None:
        """`agents` do all the work, for any declared agent, as `cards` state."""
        self._lives = lives
        self._cards = cards
        self._agents = agents

    def card(self, declared: Declaration) -> AgentCard:
        """See `AgentKind.card`."""
        return self._cards[declared.name]

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        """See `AgentKind.make`."""
        del declared, workshop
        return self._agents

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """See `AgentKind.prove`: it takes its time, may hang, and fails while the agent is ill."""
        del workshop, round_trip
        dice = self._lives.dice
        await asyncio.sleep(dice.choice((0.0, 0.1, 5.0)))
        if dice.random() < 0.05:
            await asyncio.sleep(100_000.0)
        if self._lives.is_ill(declared.name):
            raise AttemptFailed("scripted", "It is ill.")
        return Proof("1")


def a_workshop(_: Declaration) -> Workshop:
    """Return what an agent that only exists in dice works with."""
    return Workshop(NOWHERE, NOWHERE, NOWHERE, MemoryArtifactStore(), dict, str, UNCONFINING)
