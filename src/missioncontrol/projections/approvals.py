"""A line for each approval in the list of those that wait, folded from its events."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.approval.events import (
    ApprovalDeferred,
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalEvent,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalRequested,
    ApprovalWithdrawn,
    ChangesRequested,
    DeferralEnded,
    FinalEvent,
    PersonEvent,
)
from missioncontrol.domain.approval.states import handed
from missioncontrol.domain.errors import Corrupt

State = Literal["waiting", "deferred", "approved", "rejected", "changed", "expired", "withdrawn"]
OPEN = ("waiting", "deferred")


class ApprovalRow(msgspec.Struct):
    """An approval in a list."""

    id: str
    run: str
    step: str
    workflow: str
    title: str
    risk: str
    digest: str
    author: str
    requested: float  # seconds since the epoch
    expires: float
    approvers: tuple[str, ...]  # who may decide now
    needed: int  # how many of them have to agree
    given: int = 0  # how many have
    state: State = "waiting"
    deferred: float = 0.0  # until then; 0 where it is not put off
    decided: float = 0.0  # 0 while it waits
    by: str = ""  # who decided or commented last, "" while there is none
    reason: str = ""  # their comment
    escalates: float = 0.0  # from then on `escalates_to` may decide too; 0 is never, or not again
    escalates_to: tuple[str, ...] = ()
    is_self_approval: bool = False  # whether its author agreed, alone, after a second look


def apply(row: ApprovalRow | None, event: ApprovalEvent, at: float) -> ApprovalRow:
    """Fold `event`, which became true at `at`, into the row of its approval; None begins one.

    Raises:
        Corrupt: `approval.no_beginning`.
    """
    if isinstance(event, ApprovalRequested):
        return _new_row(event, at)
    if row is None:
        raise Corrupt(
            "approval.no_beginning",
            f"An approval's log begins with {type(event).__name__}, not ApprovalRequested.",
        )
    match event:
        case ApprovalGiven():
            row.given += 1
            row.is_self_approval |= event.is_self_approval
        case ApprovalDeferred():
            row.state, row.deferred = "deferred", event.until
        case DeferralEnded():
            row.state, row.deferred = "waiting", 0.0
        case ApprovalDelegated():
            row.approvers = handed(row.approvers, event)
        case ApprovalEscalated():
            row.approvers, row.escalates = _with(row.approvers, event.to), 0.0
        case _:
            row.state, row.decided = _ending(event), at
    if isinstance(event, PersonEvent):
        row.by, row.reason = event.by, event.reason
    return row


def is_open(row: ApprovalRow) -> bool:
    """Whether a person may still have to decide."""
    return row.state in OPEN


def state_at(row: ApprovalRow, now: float) -> State:
    """Return the state at `now`, also where no engine was at work when a time came."""
    if row.state in OPEN and now >= row.expires:
        return "expired"
    return "waiting" if row.state == "deferred" and now >= row.deferred else row.state


def approvers_at(row: ApprovalRow, now: float) -> tuple[str, ...]:
    """Return who may decide at `now`, also where no engine was at work when others came in."""
    is_late = row.escalates and now >= row.escalates and state_at(row, now) == "waiting"
    return _with(row.approvers, row.escalates_to) if is_late else row.approvers


def _with(names: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *more)))


def _ending(event: FinalEvent) -> State:
    match event:
        case ApprovalGranted():
            return "approved"
        case ApprovalRejected():
            return "rejected"
        case ChangesRequested():
            return "changed"
        case ApprovalExpired():
            return "expired"
        case ApprovalWithdrawn():
            return "withdrawn"


def _new_row(event: ApprovalRequested, at: float) -> ApprovalRow:
    def look_up(name: str) -> str:
        value: Any = event.subject.get(name)
        return value[:300] if isinstance(value, str) else ""

    return ApprovalRow(
        event.approval,
        event.run,
        event.step,
        look_up("workflow"),
        look_up("title"),
        look_up("risk"),
        event.digest,
        event.author,
        at,
        event.expires,
        event.rule.approvers,
        event.rule.count,
        escalates=event.escalates,
        escalates_to=event.rule.escalation.to if event.rule.escalation else (),
    )
