"""How a schedule looks: what it starts and when, how runs went, what became of its slots."""

from typing import Any, assert_never

from missioncontrol.application.journal import ENGINE
from missioncontrol.application.queries.schedules import local_time, next_slots
from missioncontrol.cli.formatters import cut, wrapped
from missioncontrol.cli.text import moment
from missioncontrol.documents.schedule_words import DAYLIGHT, describe_event
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.register import decode
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.schedule.slots import GRACE_SECONDS
from missioncontrol.ports.calendar import Calendar, Moment
from missioncontrol.projections.schedules import (
    ScheduleRow,
    recent_success_rate,
    success_rate,
)


def view(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> dict[str, Any]:
    """Return a schedule as JSON: its row, its rates from 0 to 1, and its next slots."""
    return {
        **in_full(row),
        "success_rate": success_rate(row),
        "recent_success_rate": recent_success_rate(row),
        "next": [
            {
                "at": slot.at,
                "local": local_time(slot).isoformat(),
                "offset_seconds": slot.offset_seconds,
                "daylight": slot.daylight,
            }
            for slot in next_slots(row, calendar, now, count)
        ],
    }


def next_lines(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> list[str]:
    """Return a line for each of the next slots, with its offset from UTC."""
    found = next_slots(row, calendar, now, count)
    lines = ["Next:"] if found else ["It has no slot in the next fifty years."]
    for slot in found:
        note = DAYLIGHT[slot.daylight]
        lines.append(f"  {_written(slot)}{f'  ({note})' if note else ''}")
    if row.policy.jitter_seconds:
        lines.append(f"  Each waits up to {duration_in_words(row.policy.jitter_seconds)} longer.")
    return lines


def list_lines(row: ScheduleRow, calendar: Calendar, now: float, width: int) -> list[str]:
    """Return the two lines of a list that stand for a schedule."""
    head = f"{row.id} · {row.status} · {_workflow(row)} · {row.cron} · {row.zone}"
    parts = []
    if found := next_slots(row, calendar, now, 1):
        parts.append(f"next {_written(found[0])}")
    parts.extend([_last(row), _rates(row)])
    return [cut(head, width), *wrapped(" · ".join(filter(None, parts)), width, "    ", "    ")]


def sheet(row: ScheduleRow, calendar: Calendar, now: float, width: int) -> list[str]:
    """Return the lines that tell how a schedule stands."""
    reason = f" ({row.reason})" if row.reason else ""
    facts = {
        "state": f"{row.status} since {moment(row.since)}{reason}",
        "starts": _workflow(row),
        "when": f"{row.cron}, {row.zone}: {calendar.in_words(row.cron)}",
        "inputs": ", ".join(f"{name}={value}" for name, value in row.inputs.items()),
        "missed": _misfire(row.policy),
        "overlap": _overlap(row.policy),
        "for": row.author,
        "last": _last(row).removeprefix("last "),
        "went well": _rates(row),
        "at work": ", ".join(row.active),
        "waiting": f"{row.waiting} of its slots" if row.waiting else "",
        "skipped": f"{row.skipped:,} slots" if row.skipped else "",
        "alert": f"{row.alert}, {moment(row.alerted)}" if row.alert else "",
        "clock": _clock(row, now),
    }
    lines = [cut(row.id, width)]
    for name, text in facts.items():
        if text:
            lines.extend(wrapped(text, width, f"  {name:<9} ", " " * 12))
    return lines


def past_lines(event: Recorded, width: int) -> list[str]:
    """Return the lines that tell an event of a schedule."""
    sentence = describe_event(decode(event.type, event.schema, event.body))  # type: ignore[arg-type]
    by = "" if event.actor == ENGINE else f" ({event.actor})"
    begin = f"{moment(event.time / 1_000_000)[:19]}  "
    return wrapped(sentence + by, width, begin, " " * len(begin))


def _written(slot: Moment) -> str:
    return local_time(slot).strftime("%a %Y-%m-%d %H:%M %Z")


def _workflow(row: ScheduleRow) -> str:
    return row.workflow if row.version is None else f"{row.workflow}@{row.version}"


def _last(row: ScheduleRow) -> str:
    if not row.last_run:
        return "no run yet"
    at = moment(row.last_ended or row.last_began)[:16]
    return f"last {row.last_status}, {at} UTC, {row.last_run}"


def _rates(row: ScheduleRow) -> str:
    overall, recent = success_rate(row), recent_success_rate(row)
    if overall is None or recent is None:
        return ""
    parts = [f"{overall:.0%} of {row.succeeded + row.failed:,}"]
    if row.succeeded + row.failed > len(row.recent):
        parts.append(f"{recent:.0%} of the last {len(row.recent)}")
    if row.failures_in_a_row:
        parts.append(f"{row.failures_in_a_row} failed in a row")
    return ", ".join(parts)


def _misfire(policy: Policy) -> str:
    window = duration_in_words(policy.window_seconds) if policy.window_seconds else ""
    within = f", if no older than {window}" if window else ""
    match policy.misfire:
        case "skip":
            return f"slots that are later than {GRACE_SECONDS:.0f} s never run"
        case "latest":
            return f"the newest runs after all{within}"
        case "all":
            return f"the newest {policy.catch_up} run after all, one by one{within}"
        case _:
            assert_never(policy.misfire)


def _overlap(policy: Policy) -> str:
    return {
        "skip": "a slot is skipped while a run has not ended",
        "queue": "one slot waits until the run before has ended",
        "cancel": "the run before is cancelled, and the slot waits until it has ended",
        "allow": "runs may overlap",
    }[policy.overlap]


def _clock(row: ScheduleRow, now: float) -> str:
    """Say so where the clock stood ahead once: nothing fires before it is there again."""
    if row.status != "active" or row.answered <= now + GRACE_SECONDS:
        return ""
    return (
        f"slots up to {moment(row.answered)} were answered when the clock stood there; none fires "
        "again. Remove the schedule and add it again to start over."
    )
