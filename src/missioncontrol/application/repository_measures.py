"""Reads the record of a repository, its runs and its history, and measures how work goes."""

from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec

from missioncontrol.application.journal import READ_AT_ONCE
from missioncontrol.documents.task_measures.measures import Measure, measures
from missioncontrol.documents.task_measures.rework import doubled, fix_ups
from missioncontrol.documents.task_measures.task_lines import Carried, carried, fold_history
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository.events import RepositoryEvent
from missioncontrol.domain.run.events import RunEvent
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.task_history import TaskHistory


class RepositoryMeasures(msgspec.Struct, frozen=True):
    """How work on a repository goes."""

    repository: str
    since: float  # seconds since the epoch
    tasks: int
    runs: int
    measures: tuple[Measure, ...]


async def measure_repository(
    store: EventStore, repository: str, history: TaskHistory, *, now: float, since: float
) -> RepositoryMeasures:
    """Return every measure; `since` is the beginning of the period.

    Raises:
        Unavailable: `guard.unreadable`.
    """
    events = [(cast(RepositoryEvent, event), at) async for event, at in _read(store, repository)]
    record = fold_history(events)
    runs = [await _carried(store, run) for run in record.runs]
    found = measures(
        record.stories,
        runs,
        await fix_ups(runs, history, now=now, since=since),
        await doubled(runs, history, since=since),
        since=since,
    )
    return RepositoryMeasures(repository, since, len(record.stories), len(runs), tuple(found))


async def _carried(store: EventStore, run: str) -> Carried:
    return carried(run, [(cast(RunEvent, event), at) async for event, at in _read(store, run)])


async def _read(store: EventStore, stream: str) -> AsyncIterator[tuple[Any, float]]:
    """Yield the events of a stream, each with its moment."""
    version = 0
    while rows := await store.read_stream(stream, after=version, limit=READ_AT_ONCE):
        for row in rows:
            yield decode(row.type, row.schema, row.body), row.time / 1_000_000
        version = rows[-1].version
