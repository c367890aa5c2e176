"""What people say about the gaps of a mission: waivers, owners of risks, and when it is complete.

A mission is complete when every task has ended with checked evidence and no gap is left that
is not waived. A waiver never stands in for evidence.
"""

from collections.abc import Sequence

import msgspec

from missioncontrol.domain.coverage_gaps import (
    Asked,
    End,
    Gap,
    RiskOwner,
    Waiver,
    gaps,
    identity,
    standing,
    unevidenced,
)
from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from missioncontrol.domain.plan import Plan, Risk

REASON_MAX = 2_000
OWNER_MAX = 200
WAIVERS_MAX = 1_000
"""Waivers and named owners of one mission that are in force."""

NAMED_MAX = 5
"""Things that a refusal names; the rest is counted."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class GapWaived(Event, frozen=True):
    """A person waived a gap."""

    gap: str  # its id
    digest: str  # of what it was about
    what: str  # as it was described
    reason: str
    by: str


class WaiverWithdrawn(Event, frozen=True):
    """A person withdrew the waiver."""

    gap: str
    digest: str
    reason: str
    by: str


class RiskAssigned(Event, frozen=True):
    """A person is named to see to a risk."""

    risk: str
    digest: str  # of the risk
    owner: str
    by: str


class MissionCompleted(Event, frozen=True):
    """Every task has checked evidence, and no gap is left that is not waived."""

    run: str


WaiverEvent = GapWaived | WaiverWithdrawn | RiskAssigned | MissionCompleted


class WaiveGap(msgspec.Struct, frozen=True):
    """Waive a gap."""

    gap: str
    reason: str
    by: str
    ends: tuple[End, ...] = ()  # what became of the tasks in the newest run
    digest: str = ""  # of the gap that was looked at; "" is whatever it is about now


class WithdrawWaiver(msgspec.Struct, frozen=True):
    """Take a waiver back."""

    gap: str
    reason: str
    by: str


class AssignRisk(msgspec.Struct, frozen=True):
    """Name who sees to a risk."""

    risk: str
    owner: str
    by: str


class CompleteMission(msgspec.Struct, frozen=True):
    """Say that nothing is lacking."""

    run: str
    ends: tuple[End, ...]


WaiverCommand = WaiveGap | WithdrawWaiver | AssignRisk | CompleteMission


class Traced(msgspec.Struct, frozen=True):
    """What is looked at to tell what a mission lacks."""

    plan: Plan | None
    asked: Asked
    waivers: tuple[Waiver, ...] = ()
    owners: tuple[RiskOwner, ...] = ()

    def gaps(self, ends: Sequence[End]) -> tuple[Gap, ...]:
        """Return all gaps, waived ones too; none where there is no plan yet."""
        return gaps(self.plan, self.asked, ends, self.owners) if self.plan else ()


class Lacking(msgspec.Struct, frozen=True):
    """What keeps a mission from being complete."""

    tasks: tuple[str, ...]  # without checked evidence
    gaps: tuple[Gap, ...]  # that are not waived

    def __bool__(self) -> bool:
        """Whether anything is lacking."""
        return bool(self.tasks or self.gaps)

    @property
    def words(self) -> str:
        """What is lacking, in a sentence."""
        parts = []
        if self.tasks:
            parts.append(f"no checked evidence for {_named(self.tasks)}")
        if self.gaps:
            parts.append(f"gaps in the trace: {_named([gap.id for gap in self.gaps])}")
        return "; ".join(parts) or "nothing"


def lacking(traced: Traced, ends: Sequence[End]) -> Lacking:
    """Return what keeps a mission from being complete, as its newest run has ended."""
    if traced.plan is None:
        return Lacking(("plan",), ())
    left = tuple(gap for gap in traced.gaps(ends) if standing(gap, traced.waivers) is None)
    return Lacking(unevidenced(traced.plan, ends), left)


def decide(command: WaiverCommand, traced: Traced) -> list[WaiverEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `mission.no_plan`, `mission.bad_reason`, `mission.bad_owner`,
            `mission.too_many_waivers`, or `mission.incomplete`, naming what is missing.
        NotFound: `gap.unknown`, `waiver.unknown` or `risk.unknown`.
        Conflict: `gap.changed`.
    """
    match command:
        case WaiveGap():
            return _waived(command, traced)
        case WithdrawWaiver():
            return _withdrawn(command, traced)
        case AssignRisk():
            return _assigned(command, traced)
        case CompleteMission():
            return _completed(command, traced)


def _waived(command: WaiveGap, traced: Traced) -> list[WaiverEvent]:
    _refuse_bad_words("reason", command.reason, REASON_MAX, "Say why the gap may stand.")
    found = _gap(command, traced)
    if command.digest not in ("", found.digest):
        raise Conflict(
            "gap.changed",
            f"Gap {found.id!r} is about something else by now: {found.what}",
            hint="Look at it again, then waive it.",
        )
    if standing(found, traced.waivers):
        return []
    _refuse_more(len(traced.waivers))
    reason = command.reason.strip()
    return [GapWaived(found.id, found.digest, found.what, reason, command.by)]


def _gap(command: WaiveGap, traced: Traced) -> Gap:
    _plan(traced)
    every = traced.gaps(command.ends)
    found = next((gap for gap in every if gap.id == command.gap), None)
    if found is None:
        there = _named([gap.id for gap in every]) if every else "no gap"
        raise NotFound(
            "gap.unknown",
            f"The trace has no gap {command.gap[:200]!r}; it has {there}.",
            hint="`mission runs trace check RUN` names the gaps.",
        )
    return found


def _withdrawn(command: WithdrawWaiver, traced: Traced) -> list[WaiverEvent]:
    _refuse_bad_words("reason", command.reason, REASON_MAX, "Say why it may not stand any more.")
    found = [waiver for waiver in traced.waivers if waiver.gap == command.gap]
    if not found:
        raise NotFound(
            "waiver.unknown",
            f"No waiver of {command.gap[:200]!r} is in force.",
            hint="`mission runs trace show RUN` names the waivers.",
        )
    reason = command.reason.strip()
    return [WaiverWithdrawn(each.gap, each.digest, reason, command.by) for each in found]


def _assigned(command: AssignRisk, traced: Traced) -> list[WaiverEvent]:
    hint = "Name a person, a role or an agent."
    _refuse_bad_words("owner", command.owner, OWNER_MAX, hint)
    risk = _risk(command.risk, traced)
    name, digest = identity(risk)
    owner = " ".join(command.owner.split())
    known = [one for one in traced.owners if (one.risk, one.digest) == (name, digest)]
    if known and known[-1].owner == owner:
        return []
    _refuse_more(len(traced.owners))
    return [RiskAssigned(name, digest, owner, command.by)]


def _risk(name: str, traced: Traced) -> Risk:
    plan = _plan(traced)
    found = next((risk for risk in plan.risks if risk.id == name), None)
    if found is None:
        there = ", ".join(risk.id for risk in plan.risks) or "none"
        raise NotFound(
            "risk.unknown",
            f"The plan has no risk {name[:100]!r}; its risks are {there}.",
            hint="`mission runs trace show RUN` tells what each is.",
        )
    return found


def _completed(command: CompleteMission, traced: Traced) -> list[WaiverEvent]:
    left = lacking(traced, command.ends)
    if left:
        raise Rejected(
            "mission.incomplete",
            f"The mission is not complete; it has {left.words}.",
            hint="Have the tasks done with evidence; close the gaps, or waive them with a reason.",
        )
    return [MissionCompleted(command.run)]


def _plan(traced: Traced) -> Plan:
    if traced.plan is None:
        raise Rejected(
            "mission.no_plan",
            "The mission has no accepted plan, so nothing of it can be traced.",
            hint="`mission runs retry RUN` plans again.",
        )
    return traced.plan


def _refuse_bad_words(field: str, words: str, most: int, hint: str) -> None:
    code = f"mission.bad_{field}"
    if not any(letter.isalnum() for letter in words):
        raise Rejected(code, f"The {field} {words[:40]!r} says nothing.", hint=hint)
    if len(words) > most:
        raise Rejected(
            code, f"The {field} has {len(words):,} characters; at most {most:,} fit.", hint=hint
        )
    odd = next((c for c in words if (c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff"), "")
    if odd:
        raise Rejected(code, f"The {field} holds the character U+{ord(odd):04X}.", hint=hint)


def _refuse_more(count: int) -> None:
    if count >= WAIVERS_MAX:
        raise Rejected(
            "mission.too_many_waivers",
            f"{count:,} are in force already; at most {WAIVERS_MAX:,} fit.",
            hint="Withdraw some, or mend the plan.",
        )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
