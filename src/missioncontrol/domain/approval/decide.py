"""Which events a command makes true of an approval, or why it is refused."""

from typing import Any, assert_never

from missioncontrol.domain.approval.approval_requests import (
    refuse_bad_rule,
    refuse_bad_subject,
    refuse_unreachable,
)
from missioncontrol.domain.approval.commands import (
    ApprovalCommand,
    Approve,
    Defer,
    Delegate,
    EndDeferral,
    Escalate,
    Expire,
    Reject,
    RequestApproval,
    RequestChanges,
    TimedCommand,
    Verdict,
    Withdraw,
    WithdrawWithRun,
    Word,
)
from missioncontrol.domain.approval.decision_rules import (
    refuse_author,
    refuse_bad_changes,
    refuse_bad_deferral,
    refuse_bad_delegate,
    refuse_bad_words,
    refuse_late,
    refuse_program,
    refuse_stranger,
    refuse_uninvited,
    refuse_unseen,
)
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
)
from missioncontrol.domain.approval.states import Approval, Deferred, speaker, voice
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import known_as, person


def decide(command: ApprovalCommand, approval: Approval | None, now: float) -> list[ApprovalEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `approval.exists`, `.bad_rule`, `.bad_digest`, `.too_long`, `.unreachable`
            (fewer people than needed could ever agree), `.bad_reason`, `.bad_name`,
            `.not_a_person`, `.by_author`, `.not_named`, `.delegated` (they gave their say away),
            `.counted` (the say was used), `.changed` (they saw something else), `.decided`,
            `.expired` (the caller commands `Expire` then), `.bad_deferral`, `.bad_delegate`,
            `.no_changes`, `.too_many_words`, `.not_author`, and those of `canonical`.
        NotFound: `approval.unknown`.
    """
    if approval is None:
        return [_requested(command, now)]
    match command:
        case RequestApproval():
            raise Rejected("approval.exists", f"Approval {approval.id!r} exists already.")
        case EndDeferral() | Escalate() | Expire():
            return _timed(command, approval, now)
        case WithdrawWithRun():
            return [] if approval.is_final else [ApprovalWithdrawn(**_author_fields(command))]
        case Withdraw():
            refuse_bad_words(command)
            refuse_late(approval, now)
            refuse_stranger(command.who, approval)
            return [ApprovalWithdrawn(**_author_fields(command))]
        case _:
            refuse_bad_words(command)
            refuse_program(command.who)
            refuse_late(approval, now)
            refuse_unseen(command, approval)
            if not _is_returned_by_author(command, approval):
                refuse_author(command, approval, now)
                refuse_uninvited(command.who, approval)
            return _answered(command, approval, now)


def _answered(command: Verdict, approval: Approval, now: float) -> list[ApprovalEvent]:
    match command:
        case Approve():
            return _agreed(command, approval)
        case Reject():
            return [ApprovalRejected(**_author_fields(command))]
        case RequestChanges():
            if not command.findings:
                refuse_bad_changes(command, approval)
            fields = {**_author_fields(command), "findings": command.findings}
            return [ChangesRequested(**fields, inputs=command.inputs)]
        case Defer():
            refuse_bad_deferral(command, approval, now)
            return [ApprovalDeferred(**_author_fields(command), until=command.until)]
        case Delegate():
            refuse_bad_delegate(command, approval)
            return [ApprovalDelegated(**_author_fields(command), to=command.to)]
        case _:
            assert_never(command)


def _is_returned_by_author(command: Verdict, approval: Approval) -> bool:
    """Whether an author asks for a further round, which lets no more run than taking it back."""
    returns = isinstance(command, RequestChanges) and bool(command.findings)
    return returns and speaker(command.who).is_also(approval.authors)


def _author_fields(command: Word | WithdrawWithRun) -> dict[str, Any]:
    who = command.who
    return {
        "by": who.actor,
        "reason": command.reason.strip(),
        "on_behalf": who.on_behalf,
        "signed_in": who.signed_in,
        "os_user": who.os_user,
    }


def _timed(command: TimedCommand, approval: Approval, now: float) -> list[ApprovalEvent]:
    """Answer what time brings; a timer that is early, late or doubled changes nothing."""
    if type(approval.follows(now)) is not type(command):
        return []
    match command, approval.standing:
        case Expire(), _:
            return [ApprovalExpired(approval.expires)]
        case EndDeferral(), Deferred(until=until):
            return [DeferralEnded(until)]
        case _:
            assert approval.rule.escalation is not None
            return [ApprovalEscalated(approval.rule.escalation.to)]


def _agreed(command: Approve, approval: Approval) -> list[ApprovalEvent]:
    is_self = speaker(command.who).is_also(approval.writers)
    given = ApprovalGiven(**_author_fields(command), is_self_approval=is_self)
    used = voice(given)
    for before in approval.agreed:
        if person(before.by) == person(given.by):
            return []  # Once more the same; a person counts once.
        if shared := used & voice(before):
            raise Rejected(
                "approval.counted",
                f"The say of {min(shared)!r} was used when {before.by!r} agreed.",
                hint="Another person has to agree.",
            )
        if speaker(command.who).is_also(known_as((before.by,), before.os_user)):
            raise Rejected(
                "approval.counted",
                f"{before.by!r} has agreed, and one of {before.by!r} and {given.by!r} is a name "
                "that the other one gave at their own terminal: both are one person.",
                hint="Another person has to agree.",
            )
    by = (*(before.by for before in approval.agreed), given.by)
    if len(by) < approval.rule.count:
        return [given]
    return [given, ApprovalGranted(by, approval.digest)]


def _requested(command: ApprovalCommand, now: float) -> ApprovalRequested:
    if not isinstance(command, RequestApproval):
        raise NotFound(
            "approval.unknown",
            "There is no such approval.",
            hint="`mission approvals list` names those that wait.",
        )
    rule = command.rule
    refuse_bad_rule(rule)
    refuse_bad_subject(command)
    who = (command.author, command.on_behalf, *command.edited_by)
    writers = known_as(who, command.os_user)
    refuse_unreachable(rule, rule.approvers, {}, writers)
    return ApprovalRequested(
        command.approval,
        command.run,
        command.step,
        command.subject,
        command.digest,
        rule,
        command.author,
        expires=now + rule.expires_seconds,
        escalates=now + rule.escalation.after_seconds if rule.escalation else 0.0,
        on_behalf=command.on_behalf,
        edited_by=command.edited_by,
        os_user=command.os_user,
    )
