"""A product whose repository a mission creates: a proven skeleton, then one task after another."""

from itertools import pairwise

import msgspec

from missioncontrol.domain.building import PATCH, PROVEN, PROVER, free_key, given
from missioncontrol.domain.graph import find_cycle, in_order
from missioncontrol.domain.plan import (
    KEY_MAX,
    PLAN_STEP,
    ExpectedArtifact,
    Plan,
    Role,
    Task,
)
from missioncontrol.domain.scaffold_stack import ScaffoldStack

SCAFFOLDER: Role = "scaffolder"
SKELETON, SKELETON_PROOF = "skeleton", "skeleton-proof"
"""The steps that write the repository and that prove it."""

COMMITS = "commits"
"""The input that names the step whose proven patch is committed."""

_WRITTEN = (
    ExpectedArtifact("scaffold.json", "application/json"),
    ExpectedArtifact("scaffold.md", "text/markdown"),
)


def is_begun(plan: Plan | None) -> bool:
    """Whether a plan creates the repository of its product."""
    return plan is not None and plan.design is not None and bool(plan.design.scaffold)


def with_skeleton(plan: Plan, stack: ScaffoldStack, words: str) -> Plan:
    """Return `plan` with the tasks that write a skeleton in `stack` and prove that it starts.

    `words` name the stack to people. The plan is of a new product.
    """
    assert plan.design is not None, "only the plan of a product has a skeleton"
    reasons = tuple(each.id for each in plan.decisions)
    served = () if reasons else tuple(each.id for each in plan.requirements[:1])
    skeleton = Task(
        SKELETON,
        f"Write the repository: {words}",
        "Schema with migrations, interfaces that check their inputs, tests, and one table that "
        "works from its interface to the database and back. What is not built yet says so, and "
        "names its task.",
        SCAFFOLDER,
        artifacts=_WRITTEN,
        acceptance=("The repository has one commit, and its README two commands.",),
        requirements=served,
        decisions=reasons,
    )
    proof = Task(
        SKELETON_PROOF,
        "Install, test and start the skeleton in a copy",
        "In a confined copy: what is pinned is installed, the tests run, the product starts, "
        "stores what its README says, and has it after a restart.",
        PROVER,
        needs=(SKELETON,),
        artifacts=PROVEN,
        acceptance=("All tests pass, and what was stored is there after a restart.",),
        requirements=served,
        decisions=reasons,
    )
    phases = tuple(
        msgspec.structs.replace(phase, tasks=tuple(_waiting(each) for each in phase.tasks))
        for phase in plan.phases
    )
    design = msgspec.structs.replace(plan.design, scaffold=stack)
    return msgspec.structs.replace(
        plan, design=design, phases=phases, groundwork=(*plan.groundwork, skeleton, proof)
    )


def _waiting(task: Task) -> Task:
    return task if task.needs else msgspec.structs.replace(task, needs=(SKELETON_PROOF,))


def built_in_turn(plan: Plan, agent: str) -> Plan:
    """Return `plan` with its tasks given to `agent` one after another.

    Each is proven and committed before the next begins.
    """
    tasks = list(plan.tasks())
    if find_cycle({each.key: each.needs for each in tasks}):
        return plan  # It is refused for that.
    order = in_order({each.key: each.needs for each in tasks if each.is_change})
    used = {*(each.key for each in tasks), PLAN_STEP}
    after = dict.fromkeys(order[:1], (SKELETON_PROOF,))
    beside: dict[str, tuple[Task, Task]] = {}
    changes = {each.key: each for each in tasks if each.is_change}
    before = SKELETON_PROOF
    for task in (changes[key] for key in order):
        proof = _proof(task, before, free_key(_key(task, "proof"), used))
        commit = _commit(task, proof, free_key(_key(task, "commit"), used))
        beside[task.key] = proof, commit
        used |= {proof.key, commit.key}
        before = proof.key
    after |= {key: (beside[earlier][1].key,) for earlier, key in pairwise(order)}
    phases = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                each
                for task in phase.tasks
                for each in (given(task, agent, after), *beside.get(task.key, ()))
            ),
        )
        for phase in plan.phases
    )
    return msgspec.structs.replace(plan, phases=phases)


def commits(task: Task, plan: Plan) -> str:
    """Return the key of the change that `task` commits, or `""` where it commits none."""
    if task.role != SCAFFOLDER:
        return ""
    changes = {each.key for each in plan.tasks() if each.is_change and each.agent}
    return next((need for need in task.needs if need in changes), "")


def _key(task: Task, end: str) -> str:
    return f"{task.key[: KEY_MAX - len(end) - 4]}-{end}"


def _proof(task: Task, before: str, key: str) -> Task:
    """Return the task that proves `task`; what it fails is held against the proof `before`."""
    return Task(
        key,
        f"Prove: {task.title}",
        "In a copy of the repository with the change: install, run all tests, start.",
        PROVER,
        needs=(before, task.key),
        artifacts=PROVEN,
        acceptance=("No test fails, none that passed is gone, and the product starts.",),
        requirements=task.requirements,
        decisions=task.decisions,
        risks=task.risks,
    )


def _commit(task: Task, proof: Task, key: str) -> Task:
    return Task(
        key,
        f"Commit: {task.title}",
        "What was proven becomes one commit of the repository; the next task begins there.",
        SCAFFOLDER,
        needs=(task.key, proof.key),
        artifacts=(ExpectedArtifact(PATCH, "text/x-diff"),),
        acceptance=("The repository has the change as its newest commit.",),
        requirements=task.requirements,
        decisions=task.decisions,
        risks=task.risks,
    )
