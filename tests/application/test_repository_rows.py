"""The row of a repository: tasks counted by how they stand, and the newest runs named."""

import pytest

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.repository.events import (
    RepositoryAdopted,
    RepositoryEvent,
    RepositoryTaskAdded,
    RepositoryTaskDone,
    RepositoryTaskDropped,
    RepositoryTasksRun,
    RepositoryTaskStarted,
)
from missioncontrol.projections.repositories import RUNS_MAX, RepositoryRow, apply, is_open
from tests.domain.repositories import ADA, ID, PROCESS


def row_after(*events: RepositoryEvent) -> RepositoryRow:
    row: RepositoryRow | None = None
    adopted = RepositoryAdopted(ID, "/repo", PROCESS)
    for at, event in enumerate((adopted, *events)):
        row = apply(row, event, float(at))
    assert row is not None
    return row


def added(task: int) -> RepositoryTaskAdded:
    return RepositoryTaskAdded(ID, task, "slug", "Title", ADA)


def test_tasks_are_counted_where_they_stand() -> None:
    row = row_after(
        *map(added, range(1, 6)),
        RepositoryTaskStarted(ID, 1, {}, ADA),
        RepositoryTaskStarted(ID, 2, {}, ADA),
        RepositoryTaskStarted(ID, 3, {}, ADA),
        RepositoryTaskDone(ID, 1, {}, ADA),
        RepositoryTaskDropped(ID, 2, ADA),
        RepositoryTaskDropped(ID, 4, ADA),
    )
    assert (row.preparing, row.started, row.done, row.dropped) == (1, [3], 1, 2)
    assert (row.adopted, row.updated) == (0.0, 11.0)
    assert is_open(row)
    assert not is_open(row_after(added(1), RepositoryTaskDropped(ID, 1, ADA)))


def test_only_the_newest_runs_are_named() -> None:
    runs = [
        RepositoryTasksRun(ID, f"run-{n}", (1,), {}, {"builder": "coder"}, "", ADA)
        for n in range(RUNS_MAX + 5)
    ]
    row = row_after(added(1), *runs)
    assert [each.run for each in row.runs] == [each.run for each in runs[5:]]


def test_a_log_without_a_beginning_is_refused() -> None:
    with pytest.raises(Corrupt, match="RepositoryAdopted"):
        apply(None, added(1), 0.0)
