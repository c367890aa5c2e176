"""The agent that gives a task to a peer."""

from functools import partial

import msgspec

from missioncontrol.adapters.agents.a2a.settings import A2aSettings, a2a_settings
from missioncontrol.adapters.agents.declared import (
    admit_call,
    output_shape,
    quieten,
    refuse_misfit,
)
from missioncontrol.domain.agent import AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.trace import trace_headers
from missioncontrol.domain.work import Work
from missioncontrol.extras import require_extra
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

SKILLS_MAX = 20


class A2aKind:
    """Makes agents of peers."""

    name = "a2a"

    def card(self, declared: Declaration) -> AgentCard:
        """See `AgentKind.card`. A peer is taken to write unless its effects say otherwise."""
        a2a_settings(declared)
        effects = declared.effects or ("writes_records",)
        return msgspec.structs.replace(card_of(declared), effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        """See `AgentKind.make`."""
        return A2aAgent(declared, a2a_settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """See `AgentKind.prove`: reads the card of the peer; steps give it tasks."""
        settings = a2a_settings(declared)
        _require_extra()
        from missioncontrol.adapters.agents.a2a.peers import reached

        async with reached(settings, workshop) as (_, card):
            skills = ", ".join(skill.name for skill in list(card.skills)[:SKILLS_MAX])
            version = f"{card.name} {card.version}".strip()[:200]
        return Proof(version, f"{settings.url} has the skills: {skills or 'none'}.")


class A2aAgent:
    """Gives tasks to one peer."""

    def __init__(self, declared: Declaration, settings: A2aSettings, workshop: Workshop) -> None:
        """Nothing is sent yet."""
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        _require_extra()
        from missioncontrol.adapters.agents.a2a.peers import reached
        from missioncontrol.adapters.agents.a2a.task import PeerTask

        scrub, shape = self._workshop.scrub, output_shape(self._declared)
        await admit_call(self._declared, line)
        trace = trace_headers(assignment)
        async with reached(self._settings, self._workshop, trace) as (client, card):
            task = PeerTask(client, self._settings, assignment, line, scrub)
            await task.done()
        output = task.results.output(task.last, shape)
        who = f"The peer {card.name!r}"
        refuse_misfit(output, shape, code="a2a.bad_output", who=who, scrub=scrub)
        return Work(summary=f"{who} answered.", output=output, artifacts=task.results.kept(line))


def _require_extra() -> None:
    quieten("a2a")
    require_extra(
        "agents",
        "An agent of kind a2a",
        "a2a",
        code="a2a.not_installed",
        refuse=partial(AttemptFailed, retryable=False),
    )
