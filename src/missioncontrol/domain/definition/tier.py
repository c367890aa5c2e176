"""How much harm a step can do, from what is declared, and which agent does it."""

from collections.abc import Mapping

from missioncontrol.domain.agent import EFFECTS, AgentCard, tier
from missioncontrol.domain.definition.calls import DEPTH_MAX, Calls
from missioncontrol.domain.definition.definition import StepDefinition
from missioncontrol.domain.step import Risk

COMMAND = "command"
"""The kind of agents that do whatever they are given: they say nothing about a step's tier."""


def effects_of(step: StepDefinition, card: AgentCard | None) -> tuple[str, ...]:
    """Return what a step does to the world: what its agent always does, and what is declared."""
    always = card.effects if card else ()
    return tuple(dict.fromkeys((*always, *step.effects)))


def tier_of(step: StepDefinition, card: AgentCard | None) -> Risk:
    """Return the tier of a step; of a call, without the steps of the workflow that it calls.

    A command that declares nothing may change things, so it counts as `write`, whatever its `risk`:
    that raises a tier, and never lowers it.
    """
    known = [effect for effect in effects_of(step, card) if effect in EFFECTS]
    declared: list[Risk] = [step.risk] if step.risk else []
    if card is not None:
        declared.append(card.risk)
        if is_undeclared(step, card):
            declared.append("write")
    return tier(known, *declared)


def is_undeclared(step: StepDefinition, card: AgentCard) -> bool:
    """Whether a step is a command whose effects on the world are not declared."""
    return card.kind == COMMAND and not effects_of(step, card)


class Tiers:
    """Tiers of steps together with all that they call."""

    def __init__(self, cards: Mapping[str, AgentCard], calls: Calls) -> None:
        """`calls` finds called workflows."""
        self._cards = cards
        self._calls = calls
        self._called: dict[tuple[str, int | None], Risk] = {}

    def of(self, step: StepDefinition, depth: int = 0) -> Risk:
        """Return the highest tier of a step and of all the steps that it becomes."""
        own = tier_of(step, chosen_card(step, self._cards))
        called = self._calls.called(step)
        if step.call is None or called is None or depth > DEPTH_MAX:
            return own
        if step.call not in self._called:
            self._called[step.call] = own  # for a workflow that calls itself
            below = [self.of(each, depth + 1) for each in called.steps.values()]
            self._called[step.call] = tier((), *below)
        return tier((), own, self._called[step.call])


def chosen_card(step: StepDefinition, cards: Mapping[str, AgentCard]) -> AgentCard | None:
    """Return the card of the agent that a step names, or of the first that has the capability.

    None where none is known, or where the step calls a workflow.
    """
    if step.capability:
        return next((c for c in cards.values() if step.capability in c.capabilities), None)
    return cards.get(step.agent)
