"""Lists of everything that is neither a run nor a mission: how each row is folded and stored."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.domain.approval.events import EVENTS as APPROVAL_EVENTS
from missioncontrol.domain.lifecycle.events import EVENTS as AGENT_EVENTS
from missioncontrol.domain.lifecycle.evolve import evolve as agent_after
from missioncontrol.domain.lifecycle.states import AgentLife, Removed
from missioncontrol.domain.mission import MissionCreated, PlanAccepted
from missioncontrol.domain.question import EVENTS as QUESTION_EVENTS
from missioncontrol.domain.question import Question
from missioncontrol.domain.question import evolve as question_after
from missioncontrol.domain.repository.events import EVENTS as REPOSITORY_EVENTS
from missioncontrol.domain.schedule.events import EVENTS as SCHEDULE_EVENTS
from missioncontrol.projections import approvals, plan_decisions, repositories, schedules


class Fold(msgspec.Struct, frozen=True):
    """How one kind of row follows from its events."""

    kind: str
    shape: type[msgspec.Struct]
    apply: Callable[[Any, Any, float], Any]  # (row or None, event, at) -> row
    is_open: Callable[[Any], bool]  # whether a person may still have to do something about it

    def read(self, body: bytes) -> Any:
        """Return the row that was stored."""
        return msgspec.json.decode(body, type=self.shape)

    def write(self, row: Any) -> bytes:
        """Return the row as it is stored."""
        return msgspec.json.encode(row)


FOLDS = (
    Fold("approval", approvals.ApprovalRow, approvals.apply, approvals.is_open),
    Fold("schedule", schedules.ScheduleRow, schedules.apply, schedules.is_open),
    Fold("agent", AgentLife, agent_after, lambda life: not isinstance(life.standing, Removed)),
    Fold("question", Question, question_after, lambda question: question.is_open),
    Fold(
        "planned", plan_decisions.PlannedRow, plan_decisions.apply, lambda row: bool(row.decisions)
    ),
    Fold("repository", repositories.RepositoryRow, repositories.apply, repositories.is_open),
)
LISTS: dict[type, Fold] = {
    **dict.fromkeys(APPROVAL_EVENTS, FOLDS[0]),
    **dict.fromkeys(SCHEDULE_EVENTS, FOLDS[1]),
    **dict.fromkeys(AGENT_EVENTS, FOLDS[2]),
    **dict.fromkeys(QUESTION_EVENTS, FOLDS[3]),
    MissionCreated: FOLDS[4],
    PlanAccepted: FOLDS[4],
    **dict.fromkeys(REPOSITORY_EVENTS, FOLDS[5]),
}
"""By type of event: the list that it changes."""
