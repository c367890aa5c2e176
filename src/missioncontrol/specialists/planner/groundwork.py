"""The summary and the groundwork of a plan, which are always ours and never a model's."""

from collections.abc import Callable

import msgspec

from missioncontrol.domain.plan import Phase, Plan, Task
from missioncontrol.specialists.planner.tasks import counted


def without_groundwork(plan: Plan) -> Plan:
    """Return a plan of the change alone, whose tasks wait for no groundwork."""
    own = {task.key for task in plan.groundwork}

    def free(task: Task) -> Task:
        return msgspec.structs.replace(task, needs=tuple(n for n in task.needs if n not in own))

    return _over(msgspec.structs.replace(plan, groundwork=()), free)


def with_groundwork(plan: Plan, local: Plan) -> Plan:
    """Return `plan` with the groundwork of `local`; its changes wait for what that waits for.

    The groundwork names no decision or risk that the plan has dropped.
    """
    requirements = {each.id for each in plan.requirements}
    decisions = tuple(each.id for each in plan.decisions)
    risks = tuple(each.id for each in plan.risks)
    own = {task.key for task in local.groundwork}
    last = tuple(
        need
        for need in dict.fromkeys(n for task in local.tasks() if task.is_change for n in task.needs)
        if need in own
    )

    def retain(task: Task) -> Task:
        return msgspec.structs.replace(
            task,
            requirements=tuple(each for each in task.requirements if each in requirements),
            decisions=decisions if task.decisions else (),
            risks=risks if task.risks else (),
        )

    def waiting(task: Task) -> Task:
        if not task.is_change:
            return task
        return msgspec.structs.replace(task, needs=tuple(dict.fromkeys((*last, *task.needs))))

    grounded = msgspec.structs.replace(plan, groundwork=tuple(map(retain, local.groundwork)))
    return _over(grounded, waiting)


def _over(plan: Plan, change: Callable[[Task], Task]) -> Plan:
    def over(phase: Phase) -> Phase:
        return msgspec.structs.replace(phase, tasks=tuple(map(change, phase.tasks)))

    return msgspec.structs.replace(plan, phases=tuple(map(over, plan.phases)))


def tasks_sentence(plan: Plan) -> str:
    """Return how many tasks make the change, and who does them."""
    changes = [task for task in plan.tasks() if task.is_change]
    agents = sorted({task.agent for task in changes if task.agent})
    given = f"for {' and '.join(agents)}" if agents else "handed over"
    return f"{counted(len(changes), 'task')}, {given}."


def summary_like(local: Plan, plan: Plan) -> str:
    """Return the summary of a plan made from `local`: about the same goal, with its own tasks."""
    about = local.summary.removesuffix(tasks_sentence(local))
    return f"{about}{tasks_sentence(plan)}"


def stands_in(plan: Plan, why: str, who: str) -> Plan:
    """Return a local plan that says that it stands in for one by `who`, and why."""
    notice = f"This is the local plan, as {who} gave none: {why.rstrip('. ')}."
    return msgspec.structs.replace(
        plan,
        summary=f"{notice} {plan.summary}",
        obtained=f"{plan.obtained}; in place of a plan by {who}: {why.rstrip('. ')}",
    )
