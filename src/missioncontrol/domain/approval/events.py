"""What can happen to an approval."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.finding import Finding
from missioncontrol.domain.step import ApprovalRule

SignedIn = Literal["", "os", "claimed", "link", "password", "oidc", "token"]
"""How the name was found: by the operating system, given without proof, or by signing in; "" does
not say."""

Outcome = Literal["approved", "rejected", "changed", "expired", "withdrawn"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class PersonEvent(Event, frozen=True):
    """The common shape of a person's decision."""

    by: str
    reason: str
    on_behalf: str = ""
    signed_in: SignedIn = ""
    os_user: str = ""  # of the operating system, where `by` is claimed


class ApprovalRequested(Event, frozen=True):
    """A step waits for people to agree to exactly this."""

    approval: str
    run: str
    step: str
    subject: dict[str, Any]  # what will run; `workflow`, `title`, `risk`, `inputs` are looked at
    digest: str  # SHA-256 of its canonical form, in hexadecimal
    rule: ApprovalRule
    author: str  # of the run
    expires: float  # seconds since the epoch
    escalates: float = 0.0  # likewise; 0 is never
    on_behalf: str = ""  # for whom the author acts
    edited_by: tuple[str, ...] = ()  # who changed the inputs since the author wrote them
    os_user: str = ""  # of the operating system, who gave these names; "" where that is unknown


class ApprovalGiven(PersonEvent, frozen=True):
    """One person agreed."""

    is_self_approval: bool = False  # whether they wrote it, and took a second look at it


class ApprovalGranted(Event, frozen=True):
    """As many people agreed as had to: one attempt at exactly this may start."""

    by: tuple[str, ...]
    digest: str


class ApprovalRejected(PersonEvent, frozen=True):
    """A person rejected it, and that is the answer."""


class ChangesRequested(PersonEvent, frozen=True, kw_only=True):
    """A person wants other inputs, or work that is mended; what then runs is asked again."""

    inputs: dict[str, Any] = {}  # all of them, as they shall be
    findings: tuple[Finding, ...] = ()  # what to mend in a further round, in place of inputs


class ApprovalDeferred(PersonEvent, frozen=True, kw_only=True):
    """A person wants to look at it later; others may decide meanwhile."""

    until: float


class DeferralEnded(Event, frozen=True):
    """The time of a deferral has come: it waits as before."""

    until: float


class ApprovalDelegated(PersonEvent, frozen=True, kw_only=True):
    """A person gave their say to another one."""

    to: str


class ApprovalEscalated(Event, frozen=True):
    """There was no decision for a while: these may decide as well."""

    to: tuple[str, ...]


class ApprovalExpired(Event, frozen=True):
    """Its time was over before enough people agreed."""

    expires: float


class ApprovalWithdrawn(PersonEvent, frozen=True):
    """The question was withdrawn, by its author or with its run."""


FinalEvent = (
    ApprovalGranted | ApprovalRejected | ChangesRequested | ApprovalExpired | ApprovalWithdrawn
)
ApprovalEvent = (
    ApprovalRequested
    | ApprovalGiven
    | ApprovalDeferred
    | DeferralEnded
    | ApprovalDelegated
    | ApprovalEscalated
    | FinalEvent
)

EVENTS: dict[type, tuple[str, int]] = {
    ApprovalRequested: ("approval_requested", 1),
    ApprovalGiven: ("approval_given", 1),
    ApprovalGranted: ("approval_granted", 1),
    ApprovalRejected: ("approval_rejected", 1),
    ChangesRequested: ("changes_requested", 1),
    ApprovalDeferred: ("approval_deferred", 1),
    DeferralEnded: ("deferral_ended", 1),
    ApprovalDelegated: ("approval_delegated", 1),
    ApprovalEscalated: ("approval_escalated", 1),
    ApprovalExpired: ("approval_expired", 1),
    ApprovalWithdrawn: ("approval_withdrawn", 1),
}
"""The lasting name and version of every event."""
