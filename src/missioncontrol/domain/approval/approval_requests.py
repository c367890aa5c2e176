"""What can be asked: a rule that people can meet, about something they can read."""

import math

from missioncontrol.domain.approval.commands import RequestApproval
from missioncontrol.domain.approval.states import ROLE, holder
from missioncontrol.domain.canonical import canonical, digest
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import Known, can_decide, person
from missioncontrol.domain.step import ApprovalRule

SUBJECT_BYTES_MAX = 1 << 20
"""Of the canonical form. People read no more; what is longer belongs into an artifact."""

APPROVERS_MAX = 100


def refuse_bad_rule(rule: ApprovalRule) -> None:
    """Refuse a rule that means nothing."""
    names = (*rule.approvers, *(rule.escalation.to if rule.escalation else ()))
    times = (rule.expires_seconds, rule.escalation.after_seconds if rule.escalation else 1.0)
    fault = ""
    if not rule.approvers or (rule.escalation and not rule.escalation.to):
        fault = "names no approver"
    elif len(names) > APPROVERS_MAX:
        fault = f"names {len(names)} approvers; at most {APPROVERS_MAX} fit"
    elif not 1 <= rule.count <= APPROVERS_MAX:
        fault = f"asks for {rule.count} people; it must be 1 to {APPROVERS_MAX}"
    elif wrong := [seconds for seconds in times if not 0 < seconds < math.inf]:
        fault = f"sets a time of {wrong[0]} seconds; it must be finite and more than 0"
    elif odd := [name for name in names if person(name) != ROLE and not can_decide(name)]:
        fault = f"names {ascii(odd[0])[:80]}, which is no person's name"
    if fault:
        raise Rejected(
            "approval.bad_rule", f"The rule of the approval {fault}.", hint="Change the rule."
        )


def refuse_bad_subject(command: RequestApproval) -> None:
    """Refuse what is not bound to its digest, and what is unreadable."""
    if digest(command.subject) != command.digest:
        raise Rejected(
            "approval.bad_digest",
            f"{command.digest[:80]!r} is not the digest of what step {command.step!r} would run.",
        )
    size = len(canonical(command.subject))
    if size > SUBJECT_BYTES_MAX:
        raise Rejected(
            "approval.too_long",
            f"What step {command.step!r} would run takes {size:,} bytes to show; "
            f"at most {SUBJECT_BYTES_MAX:,} fit.",
            hint="Hand large contents on as a file, and name the file in the inputs.",
        )


def refuse_unreachable(
    rule: ApprovalRule, approvers: tuple[str, ...], delegations: dict[str, str], writers: Known
) -> None:
    """Refuse where fewer people than the rule asks for could ever agree."""
    later = rule.escalation.to if rule.escalation else ()
    names = {person(name) for name in (*approvers, *later)}
    people = {holder(name, delegations) for name in names} - writers.all
    if ROLE not in names and len(people) < rule.count:
        some = f"only {len(people)} could, {', '.join(sorted(people))}"
        could = some if people else "none of those who are asked could"
        raise Rejected(
            "approval.unreachable",
            f"{rule.count} must agree, and {could}: authors can't approve what they wrote.",
            hint="Name more approvers, or people who have not written what is to run.",
        )
