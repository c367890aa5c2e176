"""A line for each repository whose tasks are stored here, folded from its events."""

import msgspec

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.repository.events import (
    Part,
    RepositoryAdopted,
    RepositoryEvent,
    RepositoryTaskAdded,
    RepositoryTaskDone,
    RepositoryTaskDropped,
    RepositoryTasksRun,
    RepositoryTaskStarted,
)

RUNS_MAX = 100
"""Of a repository, that its row names: the newest."""


class RunOfTasks(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in which agents carry tasks out."""

    run: str
    tasks: tuple[int, ...]
    agents: dict[Part, str]
    into: str  # the branch; "" for that of what was checked out
    by: str
    at: float  # seconds since the epoch


class RepositoryRow(msgspec.Struct):
    """A repository in a list."""

    id: str
    path: str  # of the checkout in which tasks were begun
    adopted: float  # seconds since the epoch
    updated: float
    preparing: int = 0  # tasks whose documents are being written and signed
    started: list[int] = []  # numbers of those being implemented
    done: int = 0
    dropped: int = 0
    runs: list[RunOfTasks] = []  # the oldest first


def apply(row: RepositoryRow | None, event: RepositoryEvent, at: float) -> RepositoryRow:
    """Fold `event`, which became true at `at`, into the row of its repository; None begins one.

    Raises:
        Corrupt: `repository.no_beginning`.
    """
    if isinstance(event, RepositoryAdopted) and row is None:
        return RepositoryRow(event.repository, event.path, at, at)
    if row is None:
        raise Corrupt(
            "repository.no_beginning",
            f"A repository's log begins with {type(event).__name__}, not RepositoryAdopted.",
        )
    row.updated = at
    match event:
        case RepositoryTaskAdded():
            row.preparing += 1
        case RepositoryTaskStarted():
            row.preparing -= 1
            row.started.append(event.task)
        case RepositoryTaskDone():
            _leave(row, event.task)
            row.done += 1
        case RepositoryTaskDropped():
            _leave(row, event.task)
            row.dropped += 1
        case RepositoryTasksRun():
            fields = event.run, event.tasks, event.agents, event.into, event.by.name, at
            row.runs = [*row.runs, RunOfTasks(*fields)][-RUNS_MAX:]
        case _:
            pass  # Documents, signatures, scopes and the process change no number here.
    return row


def _leave(row: RepositoryRow, task: int) -> None:
    if task in row.started:
        row.started.remove(task)
    else:
        row.preparing -= 1


def is_open(row: RepositoryRow) -> bool:
    """Whether any of its tasks is not over."""
    return bool(row.preparing or row.started)
