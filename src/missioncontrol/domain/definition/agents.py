"""Who does a step: the agent that it names, or one that can do what it asks for."""

from collections.abc import Mapping

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition.definition import StepDefinition


def chosen(step: StepDefinition, cards: Mapping[str, AgentCard]) -> AgentCard | None:
    """Return the card of the agent that a step names, or of the first that has the capability.

    None where none is known, or where the step calls a workflow.
    """
    if step.capability:
        return next((c for c in cards.values() if step.capability in c.capabilities), None)
    return cards.get(step.agent)
