"""The kind `a2a`: a peer that performs tasks."""

import msgspec

from missioncontrol.adapters.agents.a2a.settings import A2aSettings, a2a_settings
from missioncontrol.adapters.agents.kind_support import (
    admit_call,
    output_shape,
    refuse_misfit,
    require_package,
    silence_loggers,
)
from missioncontrol.domain.agent import AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.trace import trace_headers
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

SKILLS_MAX = 20


class A2aKind:
    """Makes agents of peers."""

    name = "a2a"

    def card(self, declared: Declaration) -> AgentCard:
        """Return the card. A peer counts as writing unless its effects say otherwise."""
        a2a_settings(declared)
        effects = declared.effects or ("writes_records",)
        return msgspec.structs.replace(card_of(declared), effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return A2aAgent(declared, a2a_settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Read the card of the peer without giving it a task."""
        settings = a2a_settings(declared)
        _require_extra()
        from missioncontrol.adapters.agents.a2a.peers import connect_peer

        async with connect_peer(settings, workshop) as (_, card):
            skills = ", ".join(skill.name for skill in list(card.skills)[:SKILLS_MAX])
            version = f"{card.name} {card.version}".strip()[:200]
        return Proof(version, f"{settings.url} has the skills: {skills or 'none'}.")


class A2aAgent:
    """Gives tasks to one peer."""

    def __init__(self, declared: Declaration, settings: A2aSettings, workshop: Workshop) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        _require_extra()
        from missioncontrol.adapters.agents.a2a.peers import connect_peer
        from missioncontrol.adapters.agents.a2a.task import PeerTask

        scrub, shape = self._workshop.scrub, output_shape(self._declared)
        await admit_call(self._declared, line)
        trace = trace_headers(assignment)
        async with connect_peer(self._settings, self._workshop, trace) as (client, card):
            task = PeerTask(client, self._settings, assignment, line, scrub)
            await task.run()
        output = task.results.output(task.last, shape)
        who = f"The peer {card.name!r}"
        refuse_misfit(output, shape, code="a2a.bad_output", who=who, scrub=scrub)
        return Work(summary=f"{who} answered.", output=output, artifacts=task.results.store(line))


def _require_extra() -> None:
    silence_loggers("a2a")
    require_package("a2a", "a2a.not_installed", "An agent of kind a2a")
