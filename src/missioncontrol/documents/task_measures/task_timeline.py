"""What happened to each task of a repository, and when: from the events of its record."""

from collections.abc import Iterable

import msgspec

from missioncontrol.domain.repository.events import (
    RepositoryEvent,
    RepositoryTaskAdded,
    RepositoryTasksRun,
    RepositoryTaskStarted,
)
from missioncontrol.domain.repository.evolve import evolve
from missioncontrol.domain.repository.gates import lacks
from missioncontrol.domain.repository.states import Dropped, Repository, RepositoryTask


class TaskTimeline(msgspec.Struct):
    """The moments of a task, in seconds since the epoch; None for what has not happened."""

    task: int
    added_at: float
    planned_at: float | None = None  # its plan held for the first time
    begun_at: float | None = None  # its implementation began
    documents: int = 0  # that the process required at that moment
    lacked: tuple[str, ...] = ()  # what they lacked then
    is_dropped: bool = False


class RepositoryHistory(msgspec.Struct, frozen=True):
    """All of a record."""

    stories: tuple[TaskTimeline, ...]
    runs: tuple[str, ...]  # in which tasks were carried out, each once, the first one first


def fold_history(events: Iterable[tuple[RepositoryEvent, float]]) -> RepositoryHistory:
    """Fold the events of a repository, each with its moment."""
    state: Repository | None = None
    stories: dict[int, TaskTimeline] = {}
    runs: dict[str, None] = {}
    for event, at in events:
        if isinstance(event, RepositoryTaskAdded):
            stories[event.task] = TaskTimeline(event.task, at)
        if state is not None and isinstance(event, RepositoryTaskStarted):
            _begin(stories[event.task], state, at)
        if state is not None and isinstance(event, RepositoryTasksRun):
            runs[event.run] = None
            for number in event.tasks:
                _begin(stories[number], state, at)
        state = evolve(state, event, at)
        about = getattr(event, "task", None)
        for story in (stories[about],) if about in stories else stories.values():
            _look(story, state, at)
    return RepositoryHistory(tuple(stories.values()), tuple(runs))


def _begin(story: TaskTimeline, state: Repository, at: float) -> None:
    if story.begun_at is not None:
        return
    story.begun_at = at
    task, process = state.tasks[story.task], state.process
    story.documents = len(process.documents)
    story.lacked = tuple(
        reason.words for kind in process.documents for reason in lacks(task, kind, process)
    )


def _look(story: TaskTimeline, state: Repository, at: float) -> None:
    """See what an event, or a changed process, made true of a task."""
    task = state.tasks[story.task]
    story.is_dropped = isinstance(task.stage, Dropped)
    if story.planned_at is None and _is_planned(task, state):
        story.planned_at = at


def _is_planned(task: RepositoryTask, state: Repository) -> bool:
    is_asked = "plan" in state.process.documents and "plan" in task.documents
    return is_asked and not lacks(task, "plan", state.process)
