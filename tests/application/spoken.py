"""A short log of two runs, an approval and a schedule, as the engine writes such."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.ports.event_store import Append, NewEvent

BEGUN = 1_790_000_000_000_000  # 2026-09-21 14:13:20 UTC
SECOND = 1_000_000

Line = tuple[str, str, str, dict[str, Any]]  # stream, type, actor, data

RUNS: list[Line] = [
    (
        "run-1",
        "run_created",
        "alice",
        {
            "run": "run-1",
            "workflow": "release-check",
            "steps": [{"key": "survey", "agent": "surveyor"}, {"key": "push", "agent": "command"}],
            "concurrency": 4,
        },
    ),
    (
        "run-1",
        "step_started",
        "engine",
        {"step": "survey", "attempt": 1, "fence": 1, "agent": "surveyor"},
    ),
    (
        "run-1",
        "step_succeeded",
        "engine",
        {"step": "survey", "fence": 1, "work": {"summary": "Größe ist 12."}},
    ),
    ("run-1", "run_settled", "engine", {"outcome": "succeeded"}),
    (
        "run-2",
        "run_created",
        "carol",
        {
            "run": "run-2",
            "workflow": "audit",
            "steps": [{"key": "read", "agent": "auditor"}],
            "concurrency": 4,
        },
    ),
    (
        "run-2",
        "step_failed",
        "engine",
        {
            "step": "read",
            "fence": 1,
            "failure": {"code": "disk.full", "reason": "磁盘已满 the disk is full"},
        },
    ),
    ("run-2", "run_settled", "engine", {"outcome": "failed"}),
]

APPROVAL: list[Line] = [
    (
        "approval-1",
        "approval_requested",
        "engine",
        {"approval": "approval-1", "run": "run-1", "step": "push"},
    ),
    ("approval-1", "approval_given", "bob", {"by": "bob", "reason": "The tag is right."}),
]
SCHEDULE: list[Line] = [
    ("schedule-nightly", "schedule_added", "carol", {"schedule": "nightly", "workflow": "audit"})
]
TALK: list[Line] = [*RUNS[:3], *APPROVAL, RUNS[3], *SCHEDULE, *RUNS[4:]]


def append(log: Path, lines: Sequence[Line], *, time: int = BEGUN) -> None:
    """Add events to the log at `log`, a second apart, beginning at `time`."""
    store = SqliteEventStore(log, writable=True)
    try:
        asyncio.run(_append(store, lines, time))
    finally:
        store.close()


async def _append(store: SqliteEventStore, lines: Sequence[Line], time: int) -> None:
    for number, (stream, kind, actor, data) in enumerate(lines):
        rows = await store.read_stream(stream, limit=100_000)
        body = msgspec.json.encode(data)
        event = NewEvent(kind, 1, body, time + number * SECOND, actor, "", 0, stream)
        await store.append([Append(stream, len(rows), [event])])
