"""What waits for a person: the queue by urgency, and one approval with all there is to know."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

import msgspec

from missioncontrol.application.approvals import APPROVAL, unknown
from missioncontrol.application.queries.patches import Diff, diffs_in, diffs_of
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.documents.canonical_view import exact, is_whole
from missioncontrol.domain.agent import EFFECTS, tier
from missioncontrol.domain.approval.commands import NO_SECOND_LOOK, Approve, SecondLook, Who
from missioncontrol.domain.approval.decide import decide
from missioncontrol.domain.approval.events import (
    ApprovalDeferred,
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalWithdrawn,
    ChangesRequested,
    DeferralEnded,
    PersonEvent,
)
from missioncontrol.domain.approval.states import (
    ROLE,
    Approval,
    Decided,
    Deferred,
    Remark,
    moment,
)
from missioncontrol.domain.canonical import canonical
from missioncontrol.domain.definition.tier import COMMAND
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.step import ApprovalRule
from missioncontrol.domain.visible import Found, suspicious_in
from missioncontrol.projections.approvals import ApprovalRow, approvers_at, is_open, state_at

PREFIX = "approval-"
OPEN_MAX = 20_000
"""That wait at once, as far as they are put in order."""

READ_AT_ONCE = 500

TIERS = {"irreversible": 0, "write": 1, "read": 2}
ODD_MAX = 200
"""Characters that hide something and are named one by one; all are marked where they stand."""

WIDTH = 96
"""Letters of a line of what would run; longer texts are never cut."""

VERBS: dict[type, str] = {
    ApprovalGiven: "agreed",
    ApprovalRejected: "rejected it",
    ChangesRequested: "asked for other inputs",
    ApprovalDeferred: "put it off",
    ApprovalDelegated: "gave their say",
    ApprovalWithdrawn: "withdrew it",
    ApprovalGranted: "was approved",
    ApprovalEscalated: "may be decided",
    ApprovalExpired: "expired",
    DeferralEnded: "waits again",
}

Tone = Literal["ask", "ok", "bad", "held", ""]


class Given(msgspec.Struct, frozen=True):
    """An approval by one person."""

    by: str
    reason: str
    time: float


class ApprovalHistoryEntry(msgspec.Struct, frozen=True):
    """Something that happened to an approval."""

    event: str  # lasting name
    time: float
    by: str  # empty where time alone did it
    words: str
    reason: str
    tone: Tone
    data: dict[str, Any]


class ApprovalView(msgspec.Struct, frozen=True):
    """An approval, exactly. Times are seconds since the epoch; 0 is never."""

    approval: str
    state: str
    run: str
    step: str
    title: str
    workflow: str
    agent: str
    risk: str
    effects: list[str]
    why: list[str]  # sentences that say why a person is asked, and with what
    subject: dict[str, Any]  # exactly what would run
    digest: str  # SHA-256 of the canonical form of `subject`
    digest_fits: bool  # whether it can be made from what is shown: secrets are never stored
    suspicious: list[Found]  # characters that hide, imitate or reorder text
    diffs: list[Diff]
    rule: ApprovalRule
    author: str
    on_behalf: str
    edited_by: tuple[str, ...]
    requested: float
    expires: float
    escalates: float
    escalates_to: tuple[str, ...]
    approvers: tuple[str, ...]  # who may decide now
    delegations: dict[str, str]
    needed: int
    given: list[Given]
    deferred_until: float
    decision: Decided | None
    history: list[ApprovalHistoryEntry]
    objection: str  # why the caller can't approve it; empty where they can
    objection_code: str

    @property
    def is_open(self) -> bool:
        """Whether it can still be decided."""
        return self.state in ("waiting", "deferred")

    @property
    def anybody(self) -> bool:
        """Whether any person but the author may decide."""
        return ROLE in self.approvers


def queue(present: Present, now: float, *, run: str = "") -> list[ApprovalRow]:
    """Return what waits, by urgency: what ends first comes first, what is put off last.

    With `run`, only what waits of that run.
    """
    rows = newest_rows(present, "approval", limit=OPEN_MAX, is_open=True)
    current = (as_of(row, now) for row in rows if run in ("", row.run))
    return sorted((row for row in current if is_open(row)), key=urgency)


def urgency(row: ApprovalRow) -> tuple[bool, float, int, str]:
    """Return by what approvals that wait are put in order."""
    ends = min(row.expires, row.escalates or row.expires)
    return row.state == "deferred", ends, TIERS.get(row.risk, 3), row.id


def as_of(row: ApprovalRow, now: float) -> ApprovalRow:
    """Return the row as it is at `now`, whether or not an engine was at work since."""
    return msgspec.structs.replace(row, state=state_at(row, now), approvers=approvers_at(row, now))


def approvals(
    present: Present, now: float, *, before: str, limit: int, run: str = ""
) -> list[ApprovalRow]:
    """Return approvals of all states, the newest first, older than the one `before`.

    With `run`, only those of that run.
    """
    rows = (
        _of_run(present, run, before)
        if run
        else newest_rows(present, "approval", before=before, limit=limit)
    )
    return [as_of(row, now) for row in islice(rows, limit)]


def _of_run(present: Present, run: str, before: str) -> Iterator[ApprovalRow]:
    """Go through the approvals that were asked since `run` began: ids are in order of time."""
    first = f"{PREFIX}{run.partition('-')[2]}"
    while rows := newest_rows(present, "approval", before=before, limit=READ_AT_ONCE):
        yield from (row for row in rows if row.run == run)
        before = rows[-1].id
        if before < first or len(rows) < READ_AT_ONCE:
            return


def decided(present: Present, now: float, *, limit: int = 12, run: str = "") -> list[ApprovalRow]:
    """Return the newest that have their answer, among as many as were asked last."""
    rows = approvals(present, now, before="", limit=10 * limit, run=run)
    answered = sorted((row for row in rows if not is_open(row)), key=lambda row: -row.decided)
    return answered[:limit]


async def approval_of(present: Present, approval: str) -> Approval:
    """Return what is true of an approval now.

    Raises:
        NotFound: `approval.unknown`.
    """
    if not approval.startswith(PREFIX):
        raise unknown(approval)
    return await present.load(APPROVAL, approval)


async def approval_view(
    present: Present,
    approval: str,
    now: float,
    *,
    actor: str = "",
    look: SecondLook = NO_SECOND_LOOK,
) -> ApprovalView:
    """Return an approval as `actor` sees it at `now`.

    Raises:
        NotFound: `approval.unknown`.
    """
    state = await approval_of(present, approval)
    found = view_of(state, now, actor=actor, look=look)
    stands_on = await diffs_of(present, state.run, state.step)
    return msgspec.structs.replace(found, diffs=[*found.diffs, *stands_on])


def view_of(
    state: Approval, now: float, *, actor: str = "", look: SecondLook = NO_SECOND_LOOK
) -> ApprovalView:
    """Return what an approval says itself, without what its run has made so far."""
    subject, standing = state.subject, state.standing
    objection = objection_of(state, actor, now, look) if actor else None
    return ApprovalView(
        approval=state.id,
        state=state_of(state, now),
        run=state.run,
        step=state.step,
        title=_text(subject, "title") or state.step,
        workflow=_text(subject, "workflow"),
        agent=_text(_agent(subject), "name"),
        risk=_text(subject, "risk"),
        effects=_effects(subject),
        why=why(state),
        subject=subject,
        digest=state.digest,
        digest_fits=is_whole(state),
        suspicious=list(suspicious_in(subject))[:ODD_MAX],
        diffs=diffs_in(subject.get("inputs")),
        rule=state.rule,
        author=state.author,
        on_behalf=state.on_behalf,
        edited_by=state.edited_by,
        requested=state.requested,
        expires=state.expires,
        escalates=0.0 if state.is_escalated else state.escalates,
        escalates_to=state.rule.escalation.to if state.rule.escalation else (),
        approvers=state.may_decide(now),
        delegations=state.delegations,
        needed=state.rule.count,
        given=[
            Given(remark.event.by, remark.event.reason, remark.at)
            for remark in state.remarks
            if isinstance(remark.event, ApprovalGiven)
        ],
        deferred_until=standing.until if isinstance(standing, Deferred) else 0.0,
        decision=standing if isinstance(standing, Decided) else None,
        history=[_history_entry(remark) for remark in state.remarks],
        objection=objection.reason if objection else "",
        objection_code=objection.code if objection else "",
    )


def shown(subject: dict[str, Any]) -> str:
    """Return exactly what would run as indented JSON, every character in it visible."""
    return "\n".join(exact(subject, WIDTH))


def signed_bytes(state: Approval) -> bytes:
    """Return the bytes that the digest is made of.

    Raises:
        Rejected: those of `canonical`.
    """
    return canonical(state.subject)


def objection_of(
    state: Approval, actor: str, now: float, look: SecondLook = NO_SECOND_LOOK
) -> MissionControlError | None:
    """Return why `actor` could not agree at `now`, by the rules that decide about it."""
    try:
        events = decide(
            Approve(Who(actor), "agreed", state.digest, look=look, typed=state.digest), state, now
        )
    except Rejected as refusal:
        return refusal
    if not events:  # Once more the same changes nothing.
        left = state.rule.count - len(state.agreed)
        more = "1 more person has" if left == 1 else f"{left} more people have"
        return Rejected("approval.agreed", f"You have agreed; {more} to.")
    return None


def state_of(state: Approval, now: float) -> str:
    """Return how an approval stands at `now`, in one word."""
    match state.standing:
        case Decided(outcome=outcome):
            return outcome
        case _ if now >= state.expires:
            return "expired"
        case Deferred(until=until) if now < until:
            return "deferred"
    return "waiting"


def why(state: Approval) -> list[str]:
    """Return in sentences why a person is asked."""
    subject = state.subject
    number = state.rule.count
    people = "1 person has" if number == 1 else f"{number} people have"
    reasons = [
        _why_tier(subject),
        f"The rule of this step: {people} to agree, and authors can't approve what they wrote.",
    ]
    if state.edited_by:
        reasons.append(f"{', '.join(state.edited_by)} changed its inputs since it was written.")
    if "action" in subject:
        reasons.append(f"A tool asks for it in the middle of step {state.step}.")
    return reasons


def _why_tier(subject: dict[str, Any]) -> str:
    """Return where the tier comes from: effects, the kind of its agent, or a person."""
    effects, risk = _effects(subject), _text(subject, "risk") or "unknown"
    known = [each for each in effects if each in EFFECTS]
    declared = f"It declares {', '.join(effects)}" if effects else "It declares no effects"
    if known and tier(known) == risk:
        return f"{declared}, which makes it {risk}."
    if _agent(subject).get("kind") == COMMAND and not effects and risk == "write":
        return f"{declared}, and a command without declared effects counts as {risk}."
    return f"{declared}; its workflow or its agent says that it is {risk}."


def _agent(subject: dict[str, Any]) -> dict[str, Any]:
    found = subject.get("agent")
    return found if isinstance(found, dict) else {"name": found}


def _effects(subject: dict[str, Any]) -> list[str]:
    return [each for each in subject.get("effects", ()) if isinstance(each, str)]


class Change(msgspec.Struct, frozen=True):
    """Something that differs between two questions about one step."""

    place: str
    before: str  # as JSON, every odd character written out; empty where it was not there
    after: str


def changes_between(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what differs between what was shown and what is asked now."""
    inside, now_inside = old.get("inputs"), new.get("inputs")
    changes = _differences(old, new, "", but="inputs")
    if isinstance(inside, dict) and isinstance(now_inside, dict):
        return [*changes, *_differences(inside, now_inside, "inputs.")]
    return [*changes, *_differences({"inputs": inside}, {"inputs": now_inside}, "")]


def _differences(
    old: dict[str, Any], new: dict[str, Any], where: str, *, but: str = ""
) -> list[Change]:
    return [
        Change(f"{where}{name}", _part(old, name), _part(new, name))
        for name in sorted({*old, *new} - {but})
        if old.get(name) != new.get(name)
    ]


def _part(values: dict[str, Any], name: str) -> str:
    return "\n".join(exact(values[name], WIDTH)) if name in values else ""


def _history_entry(remark: Remark) -> ApprovalHistoryEntry:
    event = remark.event
    by = event.by if isinstance(event, PersonEvent) else ""
    reason = event.reason if isinstance(event, PersonEvent) else ""
    data: dict[str, Any] = in_full(event)
    words = f"{VERBS[type(event)]}{_object_of(event)}"
    return ApprovalHistoryEntry(
        NAMES[type(event)][0], remark.at, by, words, reason, _tone(event), data
    )


def _object_of(event: object) -> str:
    match event:
        case ApprovalGiven(is_self_approval=True):
            return " to their own run, alone, after a second look"
        case ApprovalDeferred(until=until):
            return f" until {moment(until)}"
        case ApprovalDelegated(to=to):
            return f" to {to}"
        case ApprovalEscalated(to=to):
            return f" by {', '.join(to)} too"
    return ""


def _tone(event: object) -> Tone:
    match event:
        case ApprovalGiven() | ApprovalGranted():
            return "ok"
        case ApprovalRejected() | ApprovalExpired():
            return "bad"
        case ChangesRequested() | ApprovalEscalated() | DeferralEnded():
            return "ask"
        case ApprovalDeferred():
            return "held"
    return ""


def _text(subject: dict[str, Any], name: str) -> str:
    value = subject.get(name)
    return value if isinstance(value, str) else ""
