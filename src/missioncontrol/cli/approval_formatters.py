"""How an approval looks: exactly what would run, with nothing in it left invisible."""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import msgspec

from missioncontrol.application.queries.patches import Diff
from missioncontrol.cli.diff_formatters import diff_lines
from missioncontrol.cli.text import moment
from missioncontrol.documents.canonical_view import exact, is_whole
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
    PersonEvent,
)
from missioncontrol.domain.approval.states import ROLE, Approval, Decided, Deferred, Remark
from missioncontrol.domain.person import person
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.visible import Found, suspicious_in, visible
from missioncontrol.projections.approvals import ApprovalRow, state_at

WIDE = 100
WARNINGS_MAX = 20
"""Hidden characters that are listed one by one; all of them are marked where they stand."""

VERBS = {
    ApprovalGiven: "agreed",
    ApprovalRejected: "rejected it",
    ChangesRequested: "asked for other inputs",
    ApprovalDeferred: "put it off",
    ApprovalDelegated: "gave their say away",
    ApprovalWithdrawn: "withdrew it",
}


def list_line(row: ApprovalRow, now: float, width: int) -> str:
    """Return the line of a list that stands for an approval."""
    state = state_at(row, now)
    what = _request_title(row)
    start = f"{row.id}  {state:<8}  {row.given} of {row.needed}  "
    till = f"until {moment(row.deferred)[:16]}" if state == "deferred" else ""
    times = f"{till or _left(row.expires - now)}  "
    # What would run says more than its tier; a narrow line has no room for both.
    facts = f"{row.risk:<12}  {times}" if width >= WIDE else times
    begin = visible(start + facts)
    return begin + _cut(what, width - len(begin))


def _request_title(row: ApprovalRow) -> str:
    """Return what is asked, as `Ship (p of release)`: a title alone does not say which step."""
    step = f"{row.step} of {row.workflow}" if row.workflow else row.step
    return f"{row.title} ({step})" if row.title else step


def sheet(approval: Approval, now: float, width: int, diffs: Sequence[Diff] = ()) -> list[str]:
    """Return the lines that tell all there is to know before deciding."""
    return [
        *_head(approval, now),
        "",
        "What would run, in full:",
        *(f"  {line}" for line in exact(approval.subject, width - 2)),
        *_notes(approval.subject),
        *warnings(approval),
        *diff_lines(diffs, approval.run),
        *_history_lines(approval, width),
        *_commands(approval, now),
    ]


def view(approval: Approval, now: float) -> dict[str, Any]:
    """Return the same as plain values."""
    fields = msgspec.structs.asdict(approval)
    standing, remarks = fields.pop("standing"), fields.pop("remarks")
    del fields["is_escalated"]
    return {
        "approval": fields.pop("id"),
        "state": _state(approval, now),
        **fields,
        "approvers": approval.may_decide(now),
        "given": [given.by for given in approval.agreed],
        "deferred_until": standing.until if isinstance(standing, Deferred) else None,
        "decision": standing if isinstance(standing, Decided) else None,
        "suspicious": list(suspicious_in(approval.subject)),
        "digest_fits": is_whole(approval),
        "events": [
            {"event": NAMES[type(remark.event)][0], "time": remark.at, "data": remark.event}
            for remark in remarks
        ],
    }


def _notes(subject: dict[str, Any]) -> list[str]:
    """Say what a limit of 0 means, outside of what is signed: that stays as it is, to be copied."""
    limits = subject.get("limits")
    none = (
        [name for name, value in limits.items() if value == 0] if isinstance(limits, dict) else []
    )
    return [f"  (limits: {visible(name)} 0 is no limit)" for name in none[:WARNINGS_MAX]]


def warnings(approval: Approval) -> list[str]:
    """Return what a person should be warned of before they decide."""
    lines = []
    if not is_whole(approval):
        lines.append(
            "Warning: this is not all of it. Secrets were removed before it was stored, "
            "so its digest can't be made from what is shown."
        )
    found = list(suspicious_in(approval.subject))
    if found:
        one = "1 character hides, imitates or reorders text:"
        several = f"{len(found):,} characters hide, imitate or reorder text:"
        lines.append(f"Warning: {one if len(found) == 1 else several}")
        lines += [_warning(one) for one in islice(found, WARNINGS_MAX)]
        if len(found) > WARNINGS_MAX:
            lines.append(f"  and {len(found) - WARNINGS_MAX:,} more")
    return ["", *lines] if lines else []


def _warning(found: Found) -> str:
    odd = found.oddity
    where = "the name " if found.in_key else ""
    place = visible(found.place) or "the text"
    return f"  {where}{place}, character {odd.at + 1}: {odd.code} {odd.name} ({odd.kind})"


def _head(approval: Approval, now: float) -> list[str]:
    subject = approval.subject
    risk = subject.get("risk")
    state = [_state(approval, now), *([risk] if isinstance(risk, str) and risk else [])]
    author = approval.author + (f" for {approval.on_behalf}" if approval.on_behalf else "")
    title = subject.get("title")
    facts = {
        "title": title if isinstance(title, str) else "",
        "step": f"{approval.step} of {approval.run}",
        "workflow": _named(subject),
        "asked": f"{moment(approval.requested)} for {author or 'an unknown author'}",
        "edited by": ", ".join(approval.edited_by),
        "until": f"{moment(approval.expires)} ({_left(approval.expires - now)})",
        "who": _rule(approval, now),
        "digest": approval.digest,
    }
    lines = [f"{approval.id}  {' · '.join(state)}"]
    lines += [f"  {name:<9} {text}" for name, text in facts.items() if text]
    return [visible(_line(line)) for line in lines]


def _named(subject: dict[str, Any]) -> str:
    name, version = subject.get("workflow"), subject.get("version")
    if not isinstance(name, str):
        return ""
    return f"{name}@{version}" if isinstance(version, int) and version else name


def _rule(approval: Approval, now: float) -> str:
    count, given = approval.rule.count, len(approval.agreed)
    asked = approval.may_decide(now)
    if ROLE in asked:
        people = "any person but the author" if count == 1 else "any people but the author"
    else:
        people = ", ".join(sorted(set(map(person, asked))))
    later = ""
    others = approval.rule.escalation.to if approval.rule.escalation else ()
    if approval.escalates and not approval.is_escalated and not set(others) <= set(asked):
        names = ", ".join(others)
        later = f"; from {moment(approval.escalates)} also {names}"
    return f"{count} of: {people}{later} ({given} of {count} agreed)"


def _state(approval: Approval, now: float) -> str:
    match approval.standing:
        case Decided(outcome=outcome):
            return outcome
        case _ if now >= approval.expires:
            return "expired"
        case Deferred(until=until) if now < until:
            return f"deferred until {moment(until)}"
    return "waiting"


def _history_lines(approval: Approval, width: int) -> list[str]:
    lines = [line for remark in approval.remarks for line in _remark(approval, remark, width)]
    return ["", "History so far:", *lines] if lines else []


def _remark(approval: Approval, remark: Remark, width: int) -> list[str]:
    event, when = remark.event, moment(remark.at)
    match event:
        case PersonEvent():
            lines = [f"{event.by} {VERBS[type(event)]}{_object(event)}: {_line(event.reason)}"]
            lines += [_claimed(approval, event)] if event.signed_in == "claimed" else []
            if isinstance(event, ChangesRequested):
                lines += exact(event.inputs, width - 4)
        case ApprovalGranted():
            lines = [f"approved: {', '.join(event.by)} agreed"]
        case ApprovalEscalated():
            lines = [f"escalated without a decision: {', '.join(event.to)} may decide too"]
        case ApprovalExpired():
            lines = ["expired"]
        case _:
            lines = ["waits again"]
    first, *rest = (visible(line) for line in lines)
    return [f"  {when}  {first}", *(f"    {line}" for line in rest)]


def _object(event: PersonEvent) -> str:
    behalf = f" for {event.on_behalf}" if event.on_behalf else ""
    match event:
        case ApprovalGiven(is_self_approval=True):
            return f"{behalf} to their own run, alone, after a second look"
        case ApprovalDeferred():
            return f"{behalf} until {moment(event.until)}"
        case ApprovalDelegated():
            return f"{behalf} to {event.to}"
    return behalf


def _claimed(approval: Approval, event: PersonEvent) -> str:
    user = event.os_user or "an unknown user"
    author = ""
    if event.os_user and person(event.os_user) in approval.authors.names:
        author = ", who asked for this"
    elif event.os_user and person(event.os_user) in approval.authors.users:
        author = f", and so is {approval.author}, who asked for this"
    return f"That name is a claim of {user} (operating system){author}."


def _commands(approval: Approval, now: float) -> list[str]:
    if approval.is_final or now >= approval.expires:
        return []
    name, seen = approval.id, approval.digest[:12]
    verb = "  mission approvals"
    return [
        "",
        "To decide:",
        f"{verb} approve {name} --digest {seen} --reason TEXT",
        f"{verb} reject {name} --reason TEXT",
        f"{verb} request-changes {name} --input KEY=VALUE --reason TEXT",
        f"{verb} defer {name} --until 1d --reason TEXT",
        f"{verb} delegate {name} --to NAME --reason TEXT",
        f"{verb} withdraw {name} --reason TEXT     (its author)",
    ]


def _left(seconds: float) -> str:
    if seconds <= 0:
        return "over"
    # Rounded up: what was asked for 3 days just now has 3 days left.
    minutes = math.ceil(seconds / 60)
    if minutes >= 24 * 60:
        days, hours = divmod(math.ceil(seconds / 3600), 24)
        return f"{days} d {hours} h left" if hours else f"{days} d left"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min left" if hours else f"{minutes} min left"


def _line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")


def _cut(text: str, width: int) -> str:
    line = visible(_line(text))
    return line if len(line) <= width else line[: max(width - 1, 0)].rstrip() + "…"
