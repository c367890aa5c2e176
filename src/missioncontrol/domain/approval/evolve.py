"""How each event changes an approval."""

from typing import Any, assert_never

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
)
from missioncontrol.domain.approval.states import (
    Approval,
    Decided,
    Deferred,
    Remark,
    Waiting,
    moment,
)
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.person import person


def evolve(approval: Approval | None, event: ApprovalEvent, at: float) -> Approval:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the approval.

    Raises:
        Corrupt: `approval.no_beginning` or `approval.two_beginnings`.
    """
    if approval is None:
        return _begin(event, at)
    change: dict[str, Any] = {}
    match event:
        case ApprovalGiven():
            pass
        case ApprovalDeferred():
            change["standing"] = Deferred(event.until)
        case DeferralEnded():
            change["standing"] = Waiting()
        case ApprovalDelegated():
            handed = {person(event.by): person(event.to)}
            change["delegations"] = {**approval.delegations, **handed}
        case ApprovalEscalated():
            change["approvers"] = tuple(dict.fromkeys((*approval.approvers, *event.to)))
            change["is_escalated"] = True
        case ApprovalRequested():
            raise Corrupt("approval.two_beginnings", f"{approval.id!r} was asked twice in its log.")
        case _:
            change["standing"] = _decided(approval, event, at)
    remarks = (*approval.remarks, Remark(event, at))
    return msgspec.structs.replace(approval, **change, remarks=remarks)


def _decided(approval: Approval, event: FinalEvent, at: float) -> Decided:
    match event:
        case ApprovalGranted():
            last = approval.agreed[-1]
            is_self = any(given.is_self_approval for given in approval.agreed)
            return Decided("approved", event.by[-1], last.reason, at, is_self_approval=is_self)
        case ApprovalRejected():
            return Decided("rejected", event.by, event.reason, at)
        case ChangesRequested():
            findings = event.findings
            return Decided("changed", event.by, event.reason, at, event.inputs, findings=findings)
        case ApprovalExpired():
            reason = f"Not enough people agreed until {moment(event.expires)}."
            return Decided("expired", "engine", reason, at)
        case ApprovalWithdrawn():
            return Decided("withdrawn", event.by, event.reason, at)
        case _:
            assert_never(event)


def _begin(event: ApprovalEvent, at: float) -> Approval:
    if not isinstance(event, ApprovalRequested):
        raise Corrupt(
            "approval.no_beginning",
            f"An approval's log begins with {type(event).__name__}, not ApprovalRequested.",
        )
    return Approval(
        event.approval,
        event.run,
        event.step,
        event.subject,
        event.digest,
        event.rule,
        event.author,
        event.on_behalf,
        event.edited_by,
        requested=at,
        expires=event.expires,
        escalates=event.escalates,
        approvers=event.rule.approvers,
        os_user=event.os_user,
    )
