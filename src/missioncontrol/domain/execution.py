"""How a plan becomes the steps of a run: one step for each task that an agent here can do."""

from missioncontrol.domain import building, scaffolding
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.plan import PLAN_STEP as PLAN_STEP
from missioncontrol.domain.plan import ExpectedArtifact, Plan, Task
from missioncontrol.domain.step import ApprovalRule, Retry, Spending, Step

PLANNER = "planner"
PLAN_ARTIFACTS = (
    ExpectedArtifact("plan.json", "application/json"),
    ExpectedArtifact("plan.md", "text/markdown"),
)
SEES_FAILURES = frozenset({"writer", "reviewer"})
"""Roles that work on whatever is there: what is missing is something they have to say."""

PROOF_SECONDS_MAX = 1_800.0
"""For the tests of what was built: no person waits for them as for the groundwork."""

TRIAL_SECONDS_MAX = 480.0
"""For trying a plan: tests may need an environment, and making one takes minutes the first time."""

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


def steps_of(
    plan: Plan, *, seconds_max: float, builder: AgentCard | None = None
) -> tuple[Step, ...]:
    """Return the steps for the tasks of `plan` that are done here; handed-over ones stay in it.

    `builder` is the agent that changes the code, where the plan names one. It takes the time
    that it is declared to have, and so do the tests of what it built.
    """
    return tuple(
        _change(task, plan, builder)
        if builder is not None and task.is_change
        else _step(task, plan, seconds_max)
        for task in plan.tasks()
        if not task.is_handover
    )


def _step(task: Task, plan: Plan, seconds_max: float) -> Step:
    tested = building.proves(task, plan)
    committed = scaffolding.commits(task, plan)
    inputs = {building.CHANGES: tested, scaffolding.COMMITS: committed}
    is_proof = bool(tested) or task.key == scaffolding.SKELETON_PROOF
    if task.role == building.PROVER:
        seconds_max = max(seconds_max, TRIAL_SECONDS_MAX)
    return Step(
        task.key,
        task.role,
        needs=(PLAN_STEP, *task.needs),
        runs_after="any" if task.role in SEES_FAILURES else "success",
        inputs={name: step for name, step in inputs.items() if step},
        title=task.title,
        retry=TASK_RETRY,
        seconds_max=PROOF_SECONDS_MAX if is_proof else seconds_max,
        expects=task.artifacts,
    )


def _change(task: Task, plan: Plan, builder: AgentCard) -> Step:
    earlier = building.before(task, plan)
    inputs = {
        "prompt": building.instructions(task, plan),
        building.DOCUMENTS: [building.PACK],
        **({building.CONTINUES: earlier} if earlier else {}),
    }
    uses_models = "calls_model" in builder.effects
    return Step(
        task.key,
        builder.name,
        needs=task.needs or (PLAN_STEP,),
        inputs=inputs,
        title=task.title,
        retry=TASK_RETRY,
        spending=builder.spending or (Spending(open=True) if uses_models else None),
        risk=builder.risk,
        effects=builder.effects,
        approval=ApprovalRule() if builder.risk == "irreversible" else None,
    )
