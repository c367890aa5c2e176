"""Schedules as lines of text for people."""

import textwrap
from datetime import datetime
from typing import assert_never

from missioncontrol.application.journal import ENGINE
from missioncontrol.application.queries.schedules import (
    NextSlot,
    PastEvent,
    ScheduleDetail,
    ScheduleView,
)
from missioncontrol.documents.figures import moment
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.schedule.slots import GRACE_SECONDS

NEXT = 5
"""Slots that a command shows."""


def list_lines(found: ScheduleView, width: int) -> list[str]:
    """Return the two lines of a list that stand for a schedule."""
    head = f"{found.id} · {found.status} · {_workflow(found)} · {found.cron} · {found.zone}"
    following = [f"next {_written(slot)}" for slot in found.next[:1]]
    rest = " · ".join(filter(None, (*following, _last(found), _rates(found))))
    return [_cut(head, width), *_wrapped(rest, width, "    ", "    ")]


def detail_lines(found: ScheduleDetail, width: int) -> list[str]:
    """Return the lines that tell how a schedule stands, its next slots and its past."""
    schedule = found.schedule
    lines = _facts(schedule, width)
    lines += next_lines(schedule) if schedule.status == "active" else []
    lines.append("")
    for event in reversed(found.past):
        lines += _past_lines(event, width)
    return lines


def next_lines(found: ScheduleView, count: int = NEXT) -> list[str]:
    """Return a line for each of the next slots, with its offset from UTC."""
    slots = found.next[:count]
    lines = ["Next:"] if slots else ["It has no slot in the next fifty years."]
    lines += [f"  {_written(slot)}{f'  ({slot.note})' if slot.note else ''}" for slot in slots]
    if found.policy.jitter_seconds:
        lines.append(f"  Each waits up to {duration_in_words(found.policy.jitter_seconds)} longer.")
    return lines


def _facts(found: ScheduleView, width: int) -> list[str]:
    reason = f" ({found.reason})" if found.reason else ""
    facts = {
        "state": f"{found.status} since {moment(found.since)}{reason}",
        "starts": _workflow(found),
        "when": f"{found.cron}, {found.zone}: {found.words}",
        "inputs": ", ".join(f"{name}={value}" for name, value in found.inputs.items()),
        "missed": _misfire(found.policy),
        "overlap": OVERLAPS[found.policy.overlap],
        "for": found.author,
        "last": _last(found).removeprefix("last "),
        "went well": _rates(found),
        "at work": ", ".join(found.active),
        "waiting": f"{found.waiting} of its slots" if found.waiting else "",
        "skipped": f"{found.skipped:,} slots" if found.skipped else "",
        "alert": f"{found.alert}, {moment(found.alerted)}" if found.alert else "",
        "clock": _clock(found),
    }
    lines = [_cut(found.id, width)]
    for name, text in facts.items():
        if text:
            lines += _wrapped(text, width, f"  {name:<9} ", " " * 12)
    return lines


def _past_lines(event: PastEvent, width: int) -> list[str]:
    by = "" if event.actor == ENGINE else f" ({event.actor})"
    begin = f"{moment(event.time)[:19]}  "
    return _wrapped(event.words + by, width, begin, " " * len(begin))


def _written(slot: NextSlot) -> str:
    return datetime.fromisoformat(slot.local).strftime("%a %Y-%m-%d %H:%M %Z")


def _workflow(found: ScheduleView) -> str:
    return found.workflow if found.version is None else f"{found.workflow}@{found.version}"


def _last(found: ScheduleView) -> str:
    if not found.last_run:
        return "no run yet"
    at = moment(found.last_ended or found.last_began)[:16]
    return f"last {found.last_status}, {at} UTC, {found.last_run}"


def _rates(found: ScheduleView) -> str:
    overall, recent = found.success_rate, found.recent_success_rate
    if overall is None or recent is None:
        return ""
    ended = found.succeeded + found.failed
    parts = [f"{overall:.0%} of {ended:,}"]
    if ended > len(found.recent):
        parts.append(f"{recent:.0%} of the last {len(found.recent)}")
    if found.failures_in_a_row:
        parts.append(f"{found.failures_in_a_row} failed in a row")
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


OVERLAPS = {
    "skip": "a slot is skipped while a run has not ended",
    "queue": "one slot waits until the run before has ended",
    "cancel": "the run before is cancelled, and the slot waits until it has ended",
    "allow": "runs may overlap",
}


def _clock(found: ScheduleView) -> str:
    """Say so where the clock stood ahead once: nothing fires before it is there again."""
    if not found.is_ahead:
        return ""
    return (
        f"slots up to {moment(found.answered)} were answered when the clock stood there; none "
        "fires again. Remove the schedule and add it again to start over."
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
