"""What is true of an approval now."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.domain.approval.commands import (
    EndDeferral,
    Escalate,
    Expire,
    TimedCommand,
    Who,
)
from missioncontrol.domain.approval.events import (
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalEvent,
    ApprovalGiven,
    Outcome,
)
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.person import Known, known_as, person
from missioncontrol.domain.step import ApprovalRule

ROLE = "approver"
"""As the name of an approver it stands for any person; all other names are people."""


class Waiting(msgspec.Struct, frozen=True):
    """It waits for a person's decision."""


class Deferred(msgspec.Struct, frozen=True):
    """A person will look at it at the given time."""

    until: float


class Decided(msgspec.Struct, frozen=True):
    """It has its answer."""

    outcome: Outcome
    by: str  # who decided last; `engine` where no person did
    reason: str
    at: float
    inputs: dict[str, Any] | None = None  # those that were asked for
    is_self_approval: bool = False  # whether its author agreed, alone, after a second look
    findings: tuple[Finding, ...] = ()  # what a further round is to mend


class Remark(msgspec.Struct, frozen=True):
    """Something that happened to it."""

    event: ApprovalEvent
    at: float


class Approval(msgspec.Struct, frozen=True):
    """What is true of an approval now."""

    id: str
    run: str
    step: str
    subject: dict[str, Any]
    digest: str
    rule: ApprovalRule
    author: str
    on_behalf: str
    edited_by: tuple[str, ...]
    requested: float
    expires: float
    escalates: float  # 0 is never
    standing: Waiting | Deferred | Decided = Waiting()
    approvers: tuple[str, ...] = ()  # those of the rule, and who came in by escalation
    is_escalated: bool = False
    delegations: dict[str, str] = {}  # who gave their say to whom, both as `person` names them
    remarks: tuple[Remark, ...] = ()  # all that happened since it was asked
    os_user: str = ""  # of the operating system, who gave the names of those who wrote it

    @property
    def is_final(self) -> bool:
        """Whether it has its answer."""
        return isinstance(self.standing, Decided)

    @property
    def authors(self) -> Known:
        """Who asked for it, and for whom; none of them decides about it."""
        return known_as((self.author, self.on_behalf), self.os_user)

    @property
    def writers(self) -> Known:
        """Who wrote any of what is to run; none of them agrees to it."""
        return self.authors | known_as(self.edited_by, self.os_user)

    @property
    def people(self) -> set[str]:
        """Who has a say now, as `person` names them; `ROLE` among them is everybody."""
        return {holder(person(name), self.delegations) for name in self.approvers}

    def may_decide(self, now: float) -> tuple[str, ...]:
        """Return who may decide at `now`, also where nothing was at work when others came in."""
        names = self.rule.approvers
        for remark in self.remarks:
            match remark.event:
                case ApprovalDelegated():
                    names = handed(names, remark.event)
                case ApprovalEscalated(to=to):
                    names = tuple(dict.fromkeys((*names, *to)))
        is_put_off = isinstance(self.standing, Deferred) and now < self.standing.until
        is_late = self._escalation <= now < self.expires
        if is_late and not is_put_off and not self.is_final and self.rule.escalation:
            names = tuple(dict.fromkeys((*names, *self.rule.escalation.to)))
        return names

    @property
    def agreed(self) -> tuple[ApprovalGiven, ...]:
        """The approvals of the people who agreed so far, each of them once."""
        return tuple(r.event for r in self.remarks if isinstance(r.event, ApprovalGiven))

    @property
    def due(self) -> float:
        """The time at which something happens to it by itself; infinite once it is final."""
        match self.standing:
            case Decided():
                return math.inf
            case Deferred(until=until):
                return min(until, self.expires)
        return min(self._escalation, self.expires)

    def follows(self, now: float) -> TimedCommand | None:
        """Return what is to be commanded because its time has come, one thing after another."""
        if self.is_final or now < self.due:
            return None
        if now >= self.expires:
            return Expire()
        return EndDeferral() if isinstance(self.standing, Deferred) else Escalate()

    @property
    def _escalation(self) -> float:
        return self.escalates if self.escalates and not self.is_escalated else math.inf


def handed(names: tuple[str, ...], event: ApprovalDelegated) -> tuple[str, ...]:
    """Return who may decide once one of `names` gave their say away."""
    giver = person(event.by)
    return tuple(dict.fromkeys(event.to if person(name) == giver else name for name in names))


def voice(given: ApprovalGiven) -> set[str]:
    """Return whose say is used up by this."""
    return {person(given.by), person(given.on_behalf)} - {""}


def holder(name: str, delegations: dict[str, str]) -> str:
    """Return who has the say of `name` now; no person receives it twice, so this ends."""
    while name in delegations:
        name = delegations[name]
    return name


def speaker(who: Who) -> Known:
    """Return the names by which the speaker is known, and the person they speak for."""
    return known_as((who.actor, who.on_behalf), who.os_user)


def moment(seconds: float) -> str:
    """Return a time as `2026-01-31 12:00:00 UTC`."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"
