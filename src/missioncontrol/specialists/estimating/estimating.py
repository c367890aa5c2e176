"""Puts into a plan what it will take, or why there is no estimate."""

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.estimating.changes import Foreseen, from_changes
from missioncontrol.specialists.estimating.history_changes import read_changes
from missioncontrol.specialists.estimating.past import Changes
from missioncontrol.specialists.estimating.runs import from_runs
from missioncontrol.specialists.specialist import Brief, Desk


def with_estimates(plan: Plan, brief: Brief, desk: Desk) -> Plan:
    """Return the plan with its estimates, and tell those of the whole while it forms."""
    plan = estimated(plan, brief)
    for each in plan.estimates:
        desk.log("info", f"Estimate: {each.measure} {each.span}; {each.calibration}")
    for why in plan.unestimated:
        desk.log("info", why)
    return plan


def estimated(plan: Plan, brief: Brief) -> Plan:
    """Return the plan with its estimates, from the repository's history and from earlier runs."""
    changes = Changes(()) if brief.repository is None else read_changes(brief.repository)
    # Without a repository there is no history to miss.
    code = from_changes(plan, changes) if brief.repository is not None else Foreseen()
    runs = from_runs(brief.actuals)
    estimates = (*code.estimates, *runs.estimates)
    unestimated = (*code.unestimated, *runs.unestimated)
    return msgspec.structs.replace(plan, estimates=estimates, unestimated=unestimated)
