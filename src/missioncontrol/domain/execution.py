"""How a plan becomes the steps of a run: one step for each task that somebody here can do."""

from missioncontrol.domain.plan import PLAN_STEP as PLAN_STEP
from missioncontrol.domain.plan import ExpectedArtifact, Plan, Task
from missioncontrol.domain.step import Retry, Spending, Step

PLANNER = "planner"
PLAN_ARTIFACTS = (
    ExpectedArtifact("plan.json", "application/json"),
    ExpectedArtifact("plan.md", "text/markdown"),
)
SEES_FAILURES = frozenset({"writer", "reviewer"})
"""Roles that work on whatever is there: what is missing is something they have to say."""

TASK_RETRY = Retry(attempts=2, wait_seconds=0.5, wait_seconds_max=5.0)


def planning_step(*, seconds_max: float, spending: Spending | None = None) -> Step:
    """The first step of a mission's run; `spending` is what a model can use for it."""
    return Step(
        PLAN_STEP,
        PLANNER,
        title="Plan the mission",
        seconds_max=seconds_max,
        expects=PLAN_ARTIFACTS,
        spending=spending,
    )


def steps_of(plan: Plan, *, seconds_max: float) -> tuple[Step, ...]:
    """Return the steps for the tasks of `plan` that are done here; handed-over ones stay in it."""
    return tuple(_step(task, seconds_max) for task in plan.tasks() if not task.is_handover)


def _step(task: Task, seconds_max: float) -> Step:
    return Step(
        task.key,
        task.role,
        needs=(PLAN_STEP, *task.needs),
        runs_after="any" if task.role in SEES_FAILURES else "success",
        title=task.title,
        retry=TASK_RETRY,
        seconds_max=seconds_max,
        expects=task.artifacts,
    )
