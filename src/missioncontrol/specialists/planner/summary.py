"""The summary of a plan, which is always computed from it."""

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.tasks import counted


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
