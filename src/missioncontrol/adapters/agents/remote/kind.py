"""An agent that a worker carries out, by the name that the worker knows it by."""

from collections.abc import Sequence

import msgspec

from missioncontrol.adapters.agents.kind_support import bad_settings, settings_of
from missioncontrol.adapters.agents.remote.hub import Hub
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.ports.workers import (
    ANYWHERE,
    KIND,
    WorkerSeen,
    agent_there,
    location_of,
)


class WorkerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a declaration of kind `worker` says."""

    agent: str = ""  # as the worker calls it; empty: as it is called here


class WorkerKind:
    """Makes agents that workers carry out; also of those declared for another kind elsewhere."""

    name = KIND

    def __init__(self, hub: Hub | None = None) -> None:
        """Without a hub, agents can be described and not made."""
        self._hub = hub

    def card(self, declared: Declaration) -> AgentCard:
        if declared.kind == KIND:
            settings_of(declared, WorkerSettings)
        return card_of(declared)

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        del workshop  # The worker has its own.
        if self._hub is None:
            raise bad_settings(declared, "nobody here lets workers in.")
        return RemoteAgent(self._hub, agent_there(declared), location_of(declared))

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """See `AgentKind.prove`: a worker that is heard has asked its agents when it began."""
        return proof_of(declared, self._hub.seen() if self._hub is not None else ())


def proof_of(declared: Declaration, seen: Sequence[WorkerSeen]) -> Proof:
    """Return what speaks for an agent, where these workers are known.

    Raises:
        AttemptFailed: `worker.absent`.
    """
    agent, location = agent_there(declared), location_of(declared)
    able = [
        each
        for each in seen
        if agent in each.agents and location in (ANYWHERE, each.name) and each.status != "silent"
    ]
    if not able:
        where = "" if location == ANYWHERE else f" {location!r}"
        raise AttemptFailed(
            "worker.absent",
            f"No worker{where} that carries out {agent!r} is heard here.",
            hint="`mission worker --server URL --token-file FILE` on its machine begins one; "
            "`mission worker list` names those that are heard.",
        )
    places = ", ".join(f"{each.name} ({each.location})" for each in able)
    versions = sorted({each.versions.get(agent, "") for each in able} - {""})
    return Proof(", ".join(versions), f"Carried out by {places}.")


class RemoteAgent:
    """Lets a worker do the work."""

    def __init__(self, hub: Hub, agent: str, location: str) -> None:
        """`agent` is what workers at `location` call it."""
        self._hub = hub
        self._agent = agent
        self._location = location

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        return await self._hub.carry_out(
            assignment, line, agent=self._agent, location=self._location
        )
