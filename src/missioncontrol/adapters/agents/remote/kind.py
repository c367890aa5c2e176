"""The kind `worker`: an agent that a worker runs."""

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
    """The settings of an agent of kind `worker`."""

    agent: str = ""  # its name at the worker; empty: the same as here


class WorkerKind:
    """Makes agents that workers run, also those of other kinds with a remote location."""

    name = KIND

    def __init__(self, hub: Hub | None = None) -> None:
        """Without a hub, agents can be described, but not made."""
        self._hub = hub

    def card(self, declared: Declaration) -> AgentCard:
        if declared.kind == KIND:
            settings_of(declared, WorkerSettings)
        return card_of(declared)

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        del workshop  # The worker has its own.
        if self._hub is None:
            raise bad_settings(declared, "this engine accepts no workers.")
        return RemoteAgent(self._hub, agent_there(declared), location_of(declared))

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Find a connected worker, which checked its agents when it started."""
        return proof_of(declared, self._hub.seen() if self._hub is not None else ())


def proof_of(declared: Declaration, seen: Sequence[WorkerSeen]) -> Proof:
    """Return the health check of an agent, given the known workers.

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
            f"No worker{where} that runs {agent!r} is connected.",
            hint="`mission worker --server URL --token-file FILE` on its machine starts one; "
            "`mission worker list` shows the connected ones.",
        )
    places = ", ".join(f"{each.name} ({each.location})" for each in able)
    versions = sorted({each.versions.get(agent, "") for each in able} - {""})
    return Proof(", ".join(versions), f"Runs on {places}.")


class RemoteAgent:
    """Delegates the work to a worker."""

    def __init__(self, hub: Hub, agent: str, location: str) -> None:
        """`agent` is its name at the workers of `location`."""
        self._hub = hub
        self._agent = agent
        self._location = location

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        return await self._hub.carry_out(
            assignment, line, agent=self._agent, location=self._location
        )
