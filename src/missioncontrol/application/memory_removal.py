"""Items forgotten while runs that received them when they began wait or work.

What a planner receives is in the inputs of its run, and a run may wait long before it plans. So
what was forgotten meanwhile is left out when the planner begins; and a plan that was being
made at that moment is made again without it.
"""

from collections.abc import Mapping
from typing import Any

from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.memory import MEMORY
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.run.states import Run, Succeeded, Working

FORGOTTEN_MAX = 20_000
"""Ids that an engine holds in memory; it receives few in its life."""

REASON = "A memory that the planner had received was forgotten while it planned."


class Forgetting:
    """Ids of what was forgotten since the runs began that are under way."""

    def __init__(self, journal: Journal) -> None:
        """The journal is shared with the engine."""
        self._journal = journal
        self._gone: dict[str, float] = {}  # when, in seconds since the epoch

    def note(self, item: str) -> None:
        """Take in that an item is forgotten now."""
        self._gone[item] = self._journal.clock.now()
        while len(self._gone) > FORGOTTEN_MAX:
            del self._gone[next(iter(self._gone))]

    async def open(self, run: Run) -> None:
        """Read what was forgotten under an engine before this one, as far as `run` received it.

        Raises:
            Unavailable, Corrupt: the log can't be read.
        """
        if _has_planned(run):
            return
        for item in _recalled_ids(run.inputs):
            stored, _ = await fold(self._journal.store, MEMORY, item)
            if stored is not None and stored.is_forgotten:
                self.note(item)

    def without(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return inputs of a run without forgotten items, even if documents have them."""
        gone = [item for item in _recalled_ids(inputs) if item in self._gone]
        if not gone:
            return inputs
        recalled = [each for each in inputs["recalled"] if each["item"] not in gone]
        silenced = [*inputs.get("silenced", ()), *gone]
        return {**inputs, "recalled": recalled, "silenced": silenced}

    def is_in_plan_of(self, run: Run, working: Working) -> bool:
        """Whether the planner of `run` received items forgotten since it began to plan."""
        gone = (self._gone.get(item) for item in _recalled_ids(run.inputs))
        return any(at is not None and at > working.since for at in gone)


def _recalled_ids(inputs: Mapping[str, Any]) -> list[str]:
    """Return the ids of the items a run received; other inputs of that name contain none."""
    recalled = inputs.get("recalled", ())
    if not isinstance(recalled, list | tuple):
        return []
    names = [each.get("item") if isinstance(each, Mapping) else None for each in recalled]
    known = [name for name in names if isinstance(name, str)]
    return known if len(known) == len(recalled) else []


def _has_planned(run: Run) -> bool:
    return PLAN_STEP not in run.steps or isinstance(run.states.get(PLAN_STEP), Succeeded)
