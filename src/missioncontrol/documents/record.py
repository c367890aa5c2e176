"""Everything a report may say about one run: gathered once from the log, then only read."""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.domain.coverage_gaps import RiskOwner, Waiver
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.scope import Rescoped, TaskScope
from missioncontrol.domain.work import Usage, Work


class AttemptRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try at a task."""

    number: int
    agent: str
    started: float  # seconds since the epoch
    ended: float | None
    outcome: str  # running, succeeded, failed, interrupted, cancelled
    error: str = ""
    usage: Usage = Usage()
    position: int = 0  # of the event that started it, in the log
    settled_position: int = 0  # of the event that ended it, in the log


class CheckRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the engine checked before it believed that a task was done."""

    what: str  # such as `survey.json is valid JSON, SHA-256 9f2c…`
    passed: bool
    detail: str = ""


class TaskRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task of the plan and what became of it."""

    task: Task
    phase: str  # key of its phase
    state: str  # succeeded, failed, blocked, cancelled, running, waiting, handed_over
    work: Work = Work()
    checks: tuple[CheckRecord, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    reason: str = ""  # why it failed or is blocked
    kept_from: str = ""  # the earlier run whose result was reused, where it was


class PlanAttemptRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try at planning."""

    number: int
    planner: str  # `local`, or the name of the model
    outcome: str  # accepted, refused, failed
    faults: tuple[str, ...] = ()
    position: int = 0


class EventRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the log."""

    position: int
    time: float
    stream: str
    version: int
    type: str
    schema: int
    actor: str
    data: Any
    hash: str
    previous: str


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line that an agent wrote while it worked."""

    time: float
    task: str
    level: str
    message: str


class MissionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of one mission, as the log tells it."""

    mission: str
    run: str
    title: str
    goal: str
    constraints: tuple[str, ...]
    context: str
    repository: str  # the path as it was given, or ""
    commit: str  # the repository's commit when it was planned, or ""
    status: str  # queued, running, succeeded, failed, cancelled
    created: float
    started: float | None
    ended: float | None
    plan: Plan
    tasks: tuple[TaskRecord, ...]  # in plan order
    plan_attempts: tuple[PlanAttemptRecord, ...]
    events: tuple[EventRecord, ...]  # of the mission and of the run, in log order
    log: tuple[LogLine, ...]  # bounded; the newest are left out where there are too many
    log_left_out: int = 0
    planning: tuple[AttemptRecord, ...] = ()  # at the step that plans, with what each one used
    usage: Usage = Usage()
    estimated_tokens: int = 0  # the part of `usage` that is estimated
    estimated_cost: int = 0  # micro-dollars, that part of its cost
    program: str = ""  # name and version of what wrote it
    waivers: tuple[Waiver, ...] = ()  # of the mission, that are in force now
    owners: tuple[RiskOwner, ...] = ()  # whom people named to see to risks
    scopes: tuple[TaskScope, ...] = ()  # that people gave tasks; the plan has them already
    planned: Mapping[str, tuple[str, ...]] = {}  # the planner's files for those tasks
    is_completed: bool = False  # nothing of the mission was lacking after this run

    @property
    def rescoped(self) -> Rescoped:
        """The plan with the files that people gave its tasks, and the plan before that."""
        return Rescoped(self.goal, self.plan, self.scopes, self.planned)
