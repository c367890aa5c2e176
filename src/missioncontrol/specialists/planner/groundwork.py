"""The groundwork of a plan that a model made: it is ours, and the model never sees it."""

from collections.abc import Callable

import msgspec

from missioncontrol.domain.plan import Phase, Plan, Task


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
