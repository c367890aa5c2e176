"""What can be asked of an approval."""

from typing import Any

import msgspec

from missioncontrol.domain.approval.events import SignedIn
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.step import ApprovalRule


class Who(msgspec.Struct, frozen=True):
    """Who speaks: see `Said`."""

    actor: str
    on_behalf: str = ""
    signed_in: SignedIn = ""
    os_user: str = ""


class RequestApproval(msgspec.Struct, frozen=True):
    """Ask people to agree to `subject`."""

    approval: str
    run: str
    step: str
    subject: dict[str, Any]
    digest: str
    rule: ApprovalRule
    author: str
    on_behalf: str = ""
    edited_by: tuple[str, ...] = ()
    os_user: str = ""


class SecondLook(msgspec.Struct, frozen=True):
    """Whether the person who speaks is alone here, and may approve what they wrote themselves."""

    is_alone: bool = False
    seconds: float = 0.0  # that have to pass after the request; 0 allows it never


NO_SECOND_LOOK = SecondLook()


class Word(msgspec.Struct, frozen=True):
    """The common shape of what people command."""

    who: Who
    reason: str
    digest: str = ""  # of what they saw; "" does not say


class Approve(Word, frozen=True):
    """Agree."""

    look: SecondLook = NO_SECOND_LOOK
    typed: str = ""  # the beginning of the digest, as the person typed it


class Reject(Word, frozen=True):
    """Say no."""


class RequestChanges(Word, frozen=True, kw_only=True):
    """Ask for these inputs in place of those shown, or for a round that mends the findings."""

    inputs: dict[str, Any] = {}
    findings: tuple[Finding, ...] = ()


class Defer(Word, frozen=True, kw_only=True):
    """Put it off until then."""

    until: float


class Delegate(Word, frozen=True, kw_only=True):
    """Give one's say to another person."""

    to: str


class Withdraw(Word, frozen=True):
    """Take the question back, as its author."""


class WithdrawWithRun(msgspec.Struct, frozen=True):
    """Take the question back because its run goes no further."""

    who: Who
    reason: str


class EndDeferral(msgspec.Struct, frozen=True):
    """Return it to its former waiting if its deferral is over."""


class Escalate(msgspec.Struct, frozen=True):
    """Add more people who may decide if it is time."""


class Expire(msgspec.Struct, frozen=True):
    """End it if its time is over."""


TimedCommand = EndDeferral | Escalate | Expire
Verdict = Approve | Reject | RequestChanges | Defer | Delegate
Speech = Verdict | Withdraw
ApprovalCommand = RequestApproval | Speech | WithdrawWithRun | TimedCommand
