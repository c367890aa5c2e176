"""The report as JSON: the whole record, and beside it everything that was computed from it."""

from typing import Any

import msgspec

from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.attention import Concern
from missioncontrol.documents.cockpit.cockpit import Cockpit
from missioncontrol.documents.cockpit.comparison import Compared
from missioncontrol.documents.coverage import Coverage
from missioncontrol.documents.exhibits import Exhibit
from missioncontrol.documents.outcome import standing
from missioncontrol.documents.page import overall
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.documents.traceability.report import CheckSummary, summarize_check
from missioncontrol.domain.work import Usage

SCHEMA = "missioncontrol.report/1"


class Report(msgspec.Struct, frozen=True):
    """The document, in the order in which it is written."""

    schema: str
    outcome: dict[str, Any]
    needs_a_person: list[dict[str, Any]]
    requirements: list[dict[str, Any]]
    trace: CheckSummary
    findings: dict[str, Any]
    timeline: dict[str, Any] | None
    changes: dict[str, Any] | None
    next_steps: dict[str, Any]
    execution_path: list[dict[str, Any]]
    not_done: list[dict[str, Any]]
    estimates: dict[str, Any]
    evidence: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]
    usage: dict[str, int | None]
    chain: dict[str, Any]
    methods: list[dict[str, Any]]
    record: MissionRecord


def machine_form(reading: Reading) -> bytes:
    """Return UTF-8 JSON, keys of free-form data sorted, ending in a line feed."""
    report = Report(
        schema=SCHEMA,
        outcome=_outcome(reading),
        needs_a_person=[_concern(one) for one in reading.concerns],
        requirements=[_requirement(one) for one in reading.coverage],
        trace=summarize_check(reading.record, reading.trace),
        findings={"by_severity": dict(reading.severities)},
        timeline=_timeline(reading),
        changes=_changes(reading),
        next_steps=_next_steps(reading),
        **cockpit_form(reading.cockpit),
        artifacts=[_artifact(one) for one in reading.exhibits],
        usage=_usage(reading.spending.total),
        chain=_chain(reading),
        methods=[{"part": one.part, "how": one.how} for one in reading.methods],
        record=reading.record,
    )
    encoded = msgspec.json.encode(report, order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def cockpit_form(pit: Cockpit) -> dict[str, Any]:
    """Return the cockpit as plain values: what the report's JSON and the API tell of it."""
    hits, known = pit.hits
    return {
        "execution_path": [
            {"text": step.text, "why": step.why, "commands": list(step.commands)}
            for step in pit.path
        ],
        "not_done": [{"what": one.what, "how": one.how, "why": one.why} for one in pit.undone],
        "estimates": {
            "compared": [_compared(one) for one in pit.compared],
            "held": hits,
            "judged": known,
            "unestimated": list(pit.unestimated),
        },
        "evidence": [
            {
                "task": one.task,
                "state": one.state,
                "is_checked": one.is_checked,
                "checks": {"held": one.held, "made": one.checks},
                "shown_by": [plain_text(part) for part in one.evidence],
                "artifacts": {each.artifact.name: each.artifact.digest for each in one.exhibits},
            }
            for one in pit.proofs
        ],
    }


def _compared(one: Compared) -> dict[str, Any]:
    return {
        "task": one.task,
        "measure": one.measure,
        "low": one.low,
        "likely": one.expected,
        "high": one.high,
        **({"label": one.label} if one.label else {}),
        "actual": one.actual,
        "is_inside": one.is_inside,
        "comparables": one.comparables,
        "basis": list(one.basis),
        "such_ranges_held": one.held,
    }


def _outcome(reading: Reading) -> dict[str, Any]:
    held, checks = reading.checks
    return {
        "sentence": plain_text(reading.verdict),
        "status": reading.record.status,
        "mission_status": standing(reading.record).word,
        "standing": overall(reading),
        "tasks": reading.tally,
        "checks": {"held": held, "made": checks},
    }


def _concern(one: Concern) -> dict[str, Any]:
    items = [plain_text(item) for item in one.items]
    return {
        "tone": one.tone,
        "title": plain_text(one.title),
        "items": items,
        "left_out": one.left_out,
        "hint": one.hint,
        "command": one.command,
    }


def _requirement(one: Coverage) -> dict[str, Any]:
    return {
        "id": one.requirement.id,
        "standing": one.standing,
        "tasks": [task.task.key for task in one.tasks],
        "succeeded": one.succeeded,
    }


def _timeline(reading: Reading) -> dict[str, Any] | None:
    line = reading.timeline
    if line is None:
        return None
    waited = {row.task.task.key: round(row.waited, 3) for row in line.rows}
    return {
        "start": line.start,
        "seconds": round(line.seconds, 3),
        "busy_seconds": round(line.busy, 3),
        "waited_seconds": waited,
    }


def _changes(reading: Reading) -> dict[str, Any] | None:
    found = reading.changes
    if found is None:
        return None
    return {
        "task": found.last.task.key,
        "agent": found.last.task.agent,
        "base": found.base,
        "files": found.files,
        "files_left_out": found.files_left_out,
        "patch": found.exhibit.artifact if found.exhibit else None,
        "proofs": [one.task.key for one in found.proofs],
        "is_proven": found.is_proven,
    }


def _next_steps(reading: Reading) -> dict[str, Any]:
    steps = reading.next_steps
    return {
        "advised": steps.advised,
        "advised_left_out": steps.advised_left_out,
        "handed_over": [one.task.key for one in steps.handed_over],
        "execution_pack": steps.pack,
    }


def _artifact(one: Exhibit) -> dict[str, Any]:
    return {"task": one.task, "path": one.path, **msgspec.to_builtins(one.artifact)}


def _usage(usage: Usage) -> dict[str, int | None]:
    return {name: getattr(usage, name) for name in Usage.__struct_fields__}


def _chain(reading: Reading) -> dict[str, Any]:
    found = reading.chain
    return {
        "events": found.events,
        "head_position": found.head.position if found.head else None,
        "head": found.head.hash if found.head else None,
        "joined": found.joined,
        "apart": found.apart,
        "broken": found.broken,
    }
