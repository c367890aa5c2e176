"""A kind of agent: makes agents of its sort from what is declared, and proves that they work."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import Agent
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.ports.gateway import Gateway
from missioncontrol.ports.telemetry import Telemetry


class Workshop(msgspec.Struct, frozen=True):
    """What an agent of ours works with. One is made for every agent."""

    scratch: Path  # `scratch_directory` lends a part of it to each attempt
    worktrees: Path  # git worktrees of coding agents
    state: Path  # a directory of this agent that lasts, such as its tool's own home
    artifacts: ArtifactStore
    environment: Callable[[], Mapping[str, str]]
    """All that its programs see of ours: the variables that it may see, and its secrets by value,
    looked up now. Raises `NotFound` (`secret.unknown`) where one of them is missing."""
    scrub: Callable[[str], str]  # takes secrets out of a text
    sandbox: Sandbox  # makes the rules under which its programs start
    gateway: Gateway | None = None  # None where no gateway is open
    telemetry: Telemetry | None = None  # None where no telemetry of tools is received


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent's answer to its health check."""

    version: str = ""  # of the program or service, as it says itself
    said: str = ""  # in one line, for a person: what was tried and answered
    spent_tokens: int = 0  # a round trip to a model may cost some


class AgentKind(Protocol):
    """One adapter. Its name is what `kind` in a declaration says."""

    @property
    def name(self) -> str:
        """As declarations write it, such as `codex`."""
        ...

    def card(self, declared: Declaration) -> AgentCard:
        """Return what an agent so declared takes, hands back and does.

        Raises:
            Rejected: `agent.bad_settings`, naming the agent and the setting.
        """
        ...

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        """Return the agent. Nothing is started or called yet.

        Raises:
            Rejected: as `card`.
        """
        ...

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Ask for the version and the sign-in; with `round_trip` do something harmless as well.

        Raises:
            AttemptFailed: it does not work; the hint says in one line what to do about it.
        """
        ...
