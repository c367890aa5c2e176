"""A row for each mission with the decisions of its newest plan."""

import msgspec

from missioncontrol.domain.mission import MissionCreated, PlanAccepted
from missioncontrol.domain.planned_decision import PlannedDecision, planned_decisions


class PlannedRow(msgspec.Struct):
    """What a mission's plan has decided."""

    id: str  # of the mission
    title: str
    repository: str
    run: str = ""  # that made the plan
    at: float = 0.0  # when it was accepted, seconds since the epoch
    decisions: tuple[PlannedDecision, ...] = ()


def apply(row: PlannedRow | None, event: MissionCreated | PlanAccepted, at: float) -> PlannedRow:
    """Fold `event`, which became true at `at`, into the row of its mission."""
    if isinstance(event, MissionCreated):
        return PlannedRow(event.mission, event.title, event.repository)
    assert row is not None, "a mission has a plan only after it was created"
    row.run, row.at = event.run, at
    row.decisions = planned_decisions(row.id, event.plan)
    return row
