"""Assigns steps that ask for a capability, and wait for a busy agent, to agents with room."""

from collections import Counter
from itertools import islice

from missioncontrol.application.execution import Execution
from missioncontrol.domain.agent import fits
from missioncontrol.domain.run.commands import ClaimStep
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step
from missioncontrol.runtime.registry import Registered, Registry

LOOKED_AT_ONCE = 1_000


class Claiming:
    """Assigns steps to agents that can do them now."""

    def __init__(self, registry: Registry, execution: Execution) -> None:
        """Both are shared with the engine."""
        self._registry = registry
        self._execution = execution

    def claim(self, run: Run) -> None:
        """Hand the steps of `run` that wait for a place to agents that have one."""
        claimed: Counter[str] = Counter()
        waiting = (key for key in (*run.ready, *run.resting) if key in run.claimable)
        for key in islice(waiting, LOOKED_AT_ONCE):
            step = run.steps[key]
            if self._registry.room(step.agent) > claimed[step.agent]:
                claimed[step.agent] += 1
                continue
            other = self._other(step, claimed)
            if other:
                self._execution.tell(run.id, ClaimStep(key, other))
                claimed[other] += 1

    def _other(self, step: Step, claimed: Counter[str]) -> str:
        """Return the agent with most room that does what `step` asks for, or an empty text."""
        present = self._registry.registered(step.agent)
        able = [
            (self._registry.room(each.name) - claimed[each.name], each.name)
            for each in self._registry.able(step.capability)
            if each.name != step.agent and _may_stand_in(each, present, step)
        ]
        room, name = max(able, default=(0, ""))
        return name if room > 0 else ""


def _may_stand_in(other: Registered, present: Registered | None, step: Step) -> bool:
    """Whether `other` takes and hands back the same, at the same worst case, and may do it."""
    if other.declared is not None and step.risk not in other.declared.risks:
        return False
    if present is None or present.card is None or other.card is None:
        return False
    return (
        other.card.spending == present.card.spending
        and not fits(present.card.inputs, other.card.inputs)
        and not fits(other.card.output, present.card.output)
    )
