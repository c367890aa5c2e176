"""A run that has ended, with the parts that memory learns from."""

from typing import Any

import msgspec

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work import NO_WORK, Work


class EndedStep(msgspec.Struct, frozen=True):
    """A step of it, and how it ended."""

    key: str
    state: str  # succeeded, failed, blocked, cancelled, skipped
    work: Work = NO_WORK
    code: str = ""  # of what it failed with
    reason: str = ""  # why it failed
    hint: str = ""
    seconds: float = 0.0  # of its last attempt
    troubles: tuple[str, ...] = ()  # why attempts before the last one failed
    position: int = 0  # of the event that ended it


class EndedRun(msgspec.Struct, frozen=True):
    """The run, its plan, and what its steps left."""

    mission: str  # "" for the run of a workflow
    run: str
    title: str  # of the mission
    goal: str
    repository: str
    commit: str  # "" where none was read
    at: float  # seconds since the epoch, when it ended
    position: int  # of the event with which it ended
    outcome: str
    plan: Plan | None
    steps: tuple[EndedStep, ...]  # without those whose results another run had left
    workflow: str = ""  # its name; a mission has a title
    lore: tuple[dict[str, Any], ...] = ()  # what the planner found in the repository's documents

    def task(self, key: str) -> Task | None:
        """Return the task of the plan that a step does."""
        found = self.plan.tasks() if self.plan else ()
        return next((task for task in found if task.key == key), None)
