"""The log behind a report: its head, the links that can be followed, and which events to show."""

import msgspec

from missioncontrol.documents.record import EventRecord, MissionRecord

SHOWN_AT_START = 40
SHOWN_AT_END = 40
SHOWN_BETWEEN = 1_200
"""Events that something in the report links to; those after are named by position only."""
DATA_MAX = 240
"""Characters of an event's data that the table shows."""


class Chain(msgspec.Struct, frozen=True):
    """The links between the events of a record."""

    events: int
    head: EventRecord | None  # the last event
    joined: int  # neighbours in the log where one names the other's hash
    apart: int  # neighbours in the record with events of other runs between them
    broken: tuple[int, ...]  # positions that name another hash than their predecessor has


class Shown(msgspec.Struct, frozen=True):
    """One line of the events table: an event, or how many are left out here."""

    event: EventRecord | None
    left_out: int = 0
    first: int = 0  # positions of those left out
    last: int = 0
    data: str = ""
    data_left_out: int = 0  # characters


def chain(record: MissionRecord) -> Chain:
    """Follow each event to its predecessor where the record holds both."""
    joined = apart = 0
    broken: list[int] = []
    for before, after in zip(record.events, record.events[1:], strict=False):
        if after.position != before.position + 1:
            apart += 1
        elif after.previous == before.hash:
            joined += 1
        else:
            broken.append(after.position)
    head = record.events[-1] if record.events else None
    return Chain(len(record.events), head, joined, apart, tuple(broken))


def shown_positions(record: MissionRecord) -> frozenset[int]:
    """Return the positions of the events to show: the first, the last, and linked ones."""
    ends = (*record.events[:SHOWN_AT_START], *record.events[-SHOWN_AT_END:])
    return _linked_positions(record) | {event.position for event in ends}


def shown_events(record: MissionRecord) -> tuple[Shown, ...]:
    """Return the lines of the table: shown events, and counts of those left out between."""
    positions = shown_positions(record)
    lines: list[Shown] = []
    gap: list[EventRecord] = []
    for event in record.events:
        if event.position not in positions:
            gap.append(event)
            continue
        lines += [*_gap(gap), _line(event)]
        gap = []
    return (*lines, *_gap(gap))


def _linked_positions(record: MissionRecord) -> frozenset[int]:
    """Return the positions of the events that a report cites, bounded by `SHOWN_BETWEEN`."""
    positions = {attempt.position for attempt in record.plan_attempts}
    for task in record.tasks:
        for attempt in task.attempts:
            positions |= {attempt.position, attempt.settled_position}
    times = {record.created, record.started, record.ended}
    for event in record.events:
        if event.time in times:
            positions.add(event.position)
            times.discard(event.time)
    held = positions & {event.position for event in record.events}
    return frozenset(sorted(held)[:SHOWN_BETWEEN])


def _gap(events: list[EventRecord]) -> list[Shown]:
    if not events:
        return []
    return [Shown(None, len(events), events[0].position, events[-1].position)]


def _line(event: EventRecord) -> Shown:
    data = msgspec.json.encode(event.data, order="deterministic").decode()
    return Shown(event, data=data[:DATA_MAX], data_left_out=max(len(data) - DATA_MAX, 0))
