"""`mission approvals`: what waits for a person, exactly what would run, and what they say to it."""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from missioncontrol.application.approvals import Spoken
from missioncontrol.application.queries.patches import Diff
from missioncontrol.cli.approval_formatters import list_line, sheet, view
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.identity import identity, refuse_programs
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.domain.approval.approval_requests import SUBJECT_BYTES_MAX
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import suspicious_in, visible
from missioncontrol.projections.approvals import ApprovalRow, approvers_at, state_at

DIGEST_LETTERS_MIN = 8


class ApprovalDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    def rows(self) -> Sequence[ApprovalRow]:
        """Return those that wait, as of now."""
        ...

    def find(self, prefix: str) -> Sequence[str]:
        """Return ids that begin with `prefix`, of approvals that wait or have their answer."""
        ...

    def read(self, approval: str) -> Approval:
        """Fold one from the log; raises `NotFound` (`approval.unknown`)."""
        ...

    def diffs(self, approval: Approval) -> Sequence[Diff]:
        """Return the changes of files that it is about, as far as they are known here."""
        ...

    def is_left(self, run: str) -> bool:
        """Whether `run` has not ended and no engine works on it: a person has to resume it."""
        ...

    def deliver(self, spoken: Spoken) -> None:
        """Tell the engine, and return once it is on disk; raises what `Approvals.take` raises."""
        ...


def approvals(
    arguments: argparse.Namespace,
    desk: ApprovalDesk,
    *,
    environment: Mapping[str, str],
    now: float,
) -> int:
    """Do what `mission approvals` was asked for; `now` is in seconds since the epoch."""
    match arguments.approvals:
        case "list":
            return _list(arguments, desk, now)
        case "show":
            return _show(arguments, desk, now)
    return _decide(arguments, desk, environment, now)


def find_approval(desk: ApprovalDesk, text: str) -> str:
    """Return the id of the approval that `text` means: an id, or the beginning of one.

    Raises:
        NotFound: `approval.unknown`.
        Rejected: `approval.unnamed`, or `approval.ambiguous`, naming some that it could be.
    """
    if not text:
        raise Rejected("approval.unnamed", "ID is empty.", hint="Give the id of an approval.")
    prefix = text if text.startswith("approval-") else f"approval-{text}"
    ids = set(desk.find(prefix))
    if prefix in ids:
        return prefix
    if len(ids) > 1:
        raise Rejected(
            "approval.ambiguous",
            f"{text!r} could be {', '.join(sorted(ids)[:5])}.",
            hint="Give more letters of the id.",
        )
    if not ids:
        raise NotFound(
            "approval.unknown",
            f"There is no approval {text!r} here.",
            hint="`mission approvals list` names those that wait.",
        )
    return ids.pop()


def _list(arguments: argparse.Namespace, desk: ApprovalDesk, now: float) -> int:
    rows = sorted(desk.rows(), key=lambda row: row.id)
    for row in rows:
        row.approvers = approvers_at(row, now)
        row.state = state_at(row, now)
    if arguments.json:
        print_json(rows)
        return SUCCEEDED
    print_text("".join(f"{list_line(row, now, columns())}\n" for row in rows))
    print_text(
        "`mission approvals show ID` shows exactly what would run.\n"
        if rows
        else "Nothing waits for a person.\n"
    )
    return SUCCEEDED


def _show(arguments: argparse.Namespace, desk: ApprovalDesk, now: float) -> int:
    approval = desk.read(find_approval(desk, arguments.approval))
    diffs = desk.diffs(approval)
    if arguments.json:
        print_json({**view(approval, now), "diffs": diffs})
    else:
        print_text("".join(f"{line}\n" for line in sheet(approval, now, columns(), diffs)))
    return SUCCEEDED


def _decide(
    arguments: argparse.Namespace,
    desk: ApprovalDesk,
    environment: Mapping[str, str],
    now: float,
) -> int:
    refuse_programs(environment)
    who = identity(arguments.name, environment)
    approval = desk.read(find_approval(desk, arguments.approval))
    spoken = Spoken(
        arguments.approvals,
        approval.id,
        who.actor,
        arguments.reason,
        _digest(arguments, approval),
        inputs=_inputs(arguments, approval) if arguments.approvals == "request-changes" else {},
        until=until_of(arguments.until, now) if arguments.approvals == "defer" else 0.0,
        to=arguments.to if arguments.approvals == "delegate" else "",
        typed=arguments.digest if arguments.approvals == "approve" else "",
    )
    desk.deliver(spoken)
    after = desk.read(approval.id)
    if arguments.json:
        print_json(view(after, now))
    else:
        print_text(visible(_outcome(arguments.approvals, after)) + "\n")
        if after.is_final and desk.is_left(after.run):
            print_text(visible(f"`mission runs resume {after.run}` resumes its run.\n"))
    return SUCCEEDED


def _digest(arguments: argparse.Namespace, approval: Approval) -> str:
    """Return the digest of what the person saw, as far as they gave it."""
    seen: str = arguments.digest.lower()
    if not seen:
        if arguments.approvals == "approve" and any(suspicious_in(approval.subject)):
            raise Rejected(
                "approval.look_first",
                f"What {approval.id!r} would run holds characters that hide, imitate or "
                "reorder text.",
                hint=f"`mission approvals show {approval.id}` marks them; "
                "then give --digest as it says there.",
            )
        return approval.digest
    if len(seen) < DIGEST_LETTERS_MIN:
        raise Rejected(
            "approval.short_digest",
            f"--digest is {seen!r}; at least {DIGEST_LETTERS_MIN} letters tell digests apart.",
            hint=f"`mission approvals show {approval.id}` shows it.",
        )
    return approval.digest if approval.digest.startswith(seen) else seen


def until_of(text: str, now: float) -> float:
    """Return the time that `text` means: so long from `now`, or a date with its offset.

    Raises:
        Rejected: `approval.bad_time`.
    """
    seconds = seconds_of(text)
    if isinstance(seconds, float):
        return now + seconds
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Rejected(
            "approval.bad_time",
            f"--until is {text[:60]!r}.",
            hint="Write 30m, 2h or 3d, or a time with its offset: 2026-01-31T09:00+01:00.",
        )
    return moment.timestamp()


def _inputs(arguments: argparse.Namespace, approval: Approval) -> dict[str, Any]:
    """Return the inputs as they shall be: a file's, or those shown with some of them replaced."""
    shown = approval.subject.get("inputs")
    inputs: dict[str, Any] = dict(shown) if isinstance(shown, dict) else {}
    if arguments.inputs is not None:
        inputs = _read_inputs(arguments.inputs)
    for text in arguments.input:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Rejected(
                "approval.bad_inputs",
                f"--input is {text[:60]!r}.",
                hint="Write the name of an input, `=`, and its new value.",
            )
        inputs[name] = _value(value)
    return inputs


def _value(text: str) -> Any:
    """Read JSON; what is none is text as it stands."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value


def _read_inputs(name: str) -> dict[str, Any]:
    try:
        if name == "-":
            content = sys.stdin.buffer.read(SUBJECT_BYTES_MAX + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(SUBJECT_BYTES_MAX + 1)
    except OSError as error:
        raise Rejected(
            "approval.bad_inputs",
            f"{name!r} (--inputs) can't be read: {error.strerror}.",
            hint="Name a file with JSON.",
        ) from None
    try:
        if len(content) > SUBJECT_BYTES_MAX:
            raise ValueError(f"it is longer than {SUBJECT_BYTES_MAX:,} bytes")
        return msgspec.json.decode(content, type=dict[str, Any])
    except (ValueError, RecursionError) as error:  # msgspec's own errors among them.
        raise Rejected(
            "approval.bad_inputs",
            f"{name!r} (--inputs) holds no JSON object: {error}.",
            hint='Write the inputs as {"name": value}.',
        ) from None


def _outcome(verb: str, after: Approval) -> str:
    given, count = len(after.agreed), after.rule.count
    match verb:
        case "approve" if after.is_final:
            return f"{after.id} is approved: {given} of {count} agreed."
        case "approve":
            return f"You agreed; {given} of {count} have, so {after.id} still waits."
        case "reject":
            return f"{after.id} is rejected."
        case "request-changes":
            return f"{after.id} is closed: other inputs were asked for. They need approval too."
        case "defer":
            return f"{after.id} is put off."
        case "delegate":
            return f"Your say about {after.id} is given away."
    return f"{after.id} is withdrawn."
