"""A mission whose code is changed by an agent: its tasks in a row, and the proof at their end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.graph import find_cycle, in_order
from missioncontrol.domain.plan import (
    KEY_MAX,
    PLAN_STEP,
    ExpectedArtifact,
    Phase,
    Plan,
    Role,
    Task,
)

PATCH = "changes.patch"
"""What an agent that changes code hands in: all that differs from the commit it began at."""

PACK = "execution-pack.md"
"""What the writer hands in for the agent or person that changes the code."""

CONTINUES = "continues"
CHANGES = "changes"
"""The inputs that name the step whose patch an agent goes on from, and the one that is tested."""

DOCUMENTS = "documents"
"""The input with the names of files of earlier steps that an agent reads."""

FORMER = "former"
"""The input with the digest of the patch that an earlier attempt handed in, to be mended."""

FINDINGS = "findings"
"""The input with what a person wants mended in it."""

SESSION = "session"
"""The input with the session of a person that an agent continues."""

HANDED = "handed/"
"""Before the names of documents that a step was given as people had changed them."""

NOT_PROVEN = "tester.not_proven"
"""The rule of the finding that no test could say anything about what was built."""

TESTS_GONE = "tester.tests_gone"
"""The rule of the finding that tests which passed before are not run with the changes."""

NOTHING_CHANGED = "tester.nothing_changed"
"""The rule of the finding that there was nothing to prove, as no file was changed."""

DOUBTS = frozenset({NOT_PROVEN, TESTS_GONE, NOTHING_CHANGED})
"""The rules of the findings for whose sake a change is not called proven."""

KINDS_THAT_BUILD = frozenset({"codex", "claude", "acp"})
"""Kinds of agents that can change the code of a mission."""

NEEDED = frozenset({"prompt", "repository", CONTINUES, DOCUMENTS})
"""What an agent takes that can change the code of a mission."""

PROVER: Role = "tester"
PROVEN = (
    ExpectedArtifact("tests.json", "application/json"),
    ExpectedArtifact("tests.md", "text/markdown"),
)


def built_by(plan: Plan, agent: str) -> Plan:
    """Return `plan` with its changes of code given to `agent`, and a task that tests the outcome.

    The changes are made one after another, each on what the one before has left: two that work
    at once on the same files would leave patches that do not fit together. The first of them
    waits for the review of the plan.
    """
    changes = [task for task in plan.tasks() if task.is_change]
    needs = {task.key: task.needs for task in changes}
    if not changes or find_cycle({task.key: task.needs for task in plan.tasks()}):
        return plan  # Nothing is to be built, or the plan is refused for another reason.
    order = in_order(needs)
    reviews = tuple(task.key for task in plan.tasks() if task.role == "reviewer")
    after = {key: (earlier,) for earlier, key in pairwise(order)} | {order[0]: reviews}
    phases = tuple(
        msgspec.structs.replace(phase, tasks=tuple(given(t, agent, after) for t in phase.tasks))
        for phase in plan.phases
    )
    return msgspec.structs.replace(plan, phases=(*phases, _proof(plan, order, changes)))


def before(task: Task, plan: Plan) -> str:
    """Return the key of the change that `task` goes on from, or `""` where it is the first."""
    if plan.design is not None and plan.design.scaffold:
        return ""  # What was proven is committed, and the next change begins there.
    order = in_order({each.key: each.needs for each in plan.tasks() if each.is_change})
    place = order.index(task.key) if task.key in order else len(order)
    return order[place - 1] if place else ""


def proves(task: Task, plan: Plan) -> str:
    """Return the key of the change whose outcome `task` tests, or `""` where it tests none."""
    if task.role != PROVER:
        return ""
    changes = {each.key for each in plan.tasks() if each.is_change and each.agent}
    return next((need for need in reversed(task.needs) if need in changes), "")


def instructions(task: Task, plan: Plan) -> str:
    """Return what the agent is asked for `task`, in words that need no other document."""
    wanted = {each.id: each.text for each in plan.requirements}
    chosen = {each.id: f"{each.title}: {each.choice}" for each in plan.decisions}
    parts = [
        f"# {task.title}",
        f"It is part of this goal: {plan.goal.strip()}",
        task.detail,
        _listed("It serves", [f"{key}: {wanted[key]}" for key in task.requirements]),
        _listed("Decided already", [f"{key}: {chosen[key]}" for key in task.decisions]),
        _listed("Done when", task.acceptance),
        _listed("To be checked", task.risk_checks),
    ]
    return "\n\n".join(part for part in parts if part.strip())


def builder_of(name: str, card: AgentCard | None) -> AgentCard:
    """Return the card of the agent `name`, which is to change the code of a mission.

    Raises:
        Rejected: `mission.no_builder`, where there is none, or it does other work.
    """
    hint = "`mission agent list` names the agents; those of kind codex, claude and acp change code."
    if card is None:
        raise Rejected("mission.no_builder", f"There is no agent {name[:80]!r}.", hint=hint)
    if PATCH not in card.artifacts or not card.inputs.fields.keys() >= NEEDED:
        reason = f"Agent {name!r} is of kind {card.kind}, and hands in no patch of a repository."
        raise Rejected("mission.no_builder", reason, hint=hint)
    return card


def given(task: Task, agent: str, after: Mapping[str, tuple[str, ...]]) -> Task:
    """Return `task` as `agent` does it once what `after` names for it is done."""
    if not task.is_change:
        return task
    needs = tuple(dict.fromkeys((*task.needs, *after[task.key])))
    return msgspec.structs.replace(task, agent=agent, needs=needs)


def _proof(plan: Plan, order: Sequence[str], changes: Sequence[Task]) -> Phase:
    """Return the phase in which the tests are run on what was built."""
    baselines = [task for task in plan.tasks() if task.role == PROVER]
    count = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    task = Task(
        key=free_key("proof", {*(task.key for task in plan.tasks()), PLAN_STEP}),
        title="Run the tests on the changed code",
        detail="In a copy of the checkout in which every changed file is as it was built.",
        role=PROVER,
        needs=(*(task.key for task in baselines), order[-1]),
        artifacts=baselines[0].artifacts if baselines else PROVEN,
        acceptance=("No test fails that did not fail before the change.",),
        requirements=_union(each.requirements for each in changes),
        decisions=_union(each.decisions for each in changes),
        risks=_union(each.risks for each in changes),
    )
    key = free_key("prove", {phase.key for phase in plan.phases})
    return Phase(key, "Prove", f"Have {count} of the code tested as a whole.", (task,))


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def free_key(name: str, used: Collection[str]) -> str:
    """Return `name`, with a number where it is used already."""
    key, number = name, 1
    while key in used:
        number += 1
        key = f"{name}-{number}"[:KEY_MAX]
    return key


def _listed(head: str, items: Sequence[str]) -> str:
    return "\n".join([f"{head}:", *(f"- {each}" for each in items)]) if items else ""
