"""One of every event of an approval, with every field set."""

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
    SignedIn,
)
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.step import ApprovalRule, Escalation

SUBJECT = {"step": "publish", "inputs": {"argv": ["git", "push"]}}
RULE = ApprovalRule(("bob", "carol"), 2, 86_400.0, Escalation(3_600.0, ("lead",)))
CLAIMED: SignedIn = "claimed"
WHO = ("user:dave", CLAIMED, "root")
"""For whom, how the name was found, and who claimed it."""

APPROVAL_EXAMPLES: tuple[ApprovalEvent, ...] = (
    ApprovalRequested(
        "approval-1",
        "run-1",
        "publish",
        SUBJECT,
        digest(SUBJECT),
        RULE,
        "agent:writer",
        1_790_086_400.0,
        1_790_003_600.0,
        "user:alice",
        ("user:erin",),
        "root",
    ),
    ApprovalGiven("user:bob", "Checked it.", *WHO, True),
    ApprovalGranted(("user:bob", "user:carol"), digest(SUBJECT)),
    ApprovalRejected("user:bob", "Not on a Friday.", *WHO),
    ChangesRequested(
        *("user:bob", "Try it first.", *WHO),
        inputs={"argv": ["true"]},
        findings=(Finding("Say in which unit.", "shop/prices.py", 2, "return total"),),
    ),
    ApprovalDeferred("user:bob", "After lunch.", *WHO, until=1_790_010_000.0),
    DeferralEnded(1_790_010_000.0),
    ApprovalDelegated("user:bob", "On leave.", *WHO, to="user:frank"),
    ApprovalEscalated(("lead",)),
    ApprovalExpired(1_790_086_400.0),
    ApprovalWithdrawn("user:alice", "Never mind.", *WHO),
)
