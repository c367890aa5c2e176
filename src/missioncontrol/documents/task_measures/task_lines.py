"""What happened to tasks: by the events of their repository, and by those of their runs."""

import re
from collections.abc import Iterable
from typing import Any

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
from missioncontrol.domain.run.events import (
    RunEvent,
    RunSettled,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.work import NO_BILL, Bill

_STEP = re.compile(r"(task-(\d+)(?:#\d+)?)/(build|inspect|review|merge)")
"""Steps of the workflow of a task; later rounds have their number behind a #."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


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


class Built(msgspec.Struct, frozen=True):
    """What a builder made of a commit."""

    base: str
    commit: str


class Merge(msgspec.Struct, frozen=True):
    """A change that went in."""

    run: str
    task: int
    commit: str  # that the branch became
    onto: str  # that the branch was
    at: float  # seconds since the epoch
    first: Built | None  # of the first round of this task in the run


class Review(msgspec.Struct, frozen=True):
    """A round in which rules or an agent reviewed a change."""

    task: int
    at: float


class Carried(msgspec.Struct):
    """A run of tasks."""

    run: str
    is_kept: bool = False  # whether the record holds anything of it
    settled_at: float | None = None
    bill: Bill = NO_BILL
    merges: tuple[Merge, ...] = ()
    reviews: tuple[Review, ...] = ()


def carried(run: str, events: Iterable[tuple[RunEvent, float]]) -> Carried:
    """Fold the events of a run, each with its moment."""
    found = Carried(run)
    first: dict[int, Built] = {}
    reviewed: dict[str, Review] = {}
    for event, at in events:
        found.is_kept = True
        match event:
            case RunSettled():
                found.settled_at = at
            case UsageReported(usage=usage):
                found.bill += usage
            case StepSucceeded(step=step, work=work) if named := _STEP.fullmatch(step):
                task, output = int(named[2]), work.output
                if named[3] in ("inspect", "review"):
                    reviewed.setdefault(named[1], Review(task, at))
                elif named[3] == "build" and (made := _built(output)):
                    first.setdefault(task, made)
                elif named[3] == "merge" and (went := _went_in(output)):
                    merge = Merge(run, task, *went, at, first.get(task))
                    found.merges = (*found.merges, merge)
    found.reviews = tuple(reviewed.values())
    return found


def _built(output: Any) -> Built | None:
    commits = _commits(output, "base", "commit")
    return Built(*commits) if commits else None


def _went_in(output: Any) -> tuple[str, str] | None:
    """Return what the branch became and was; None where nothing went in."""
    if not isinstance(output, dict) or output.get("state") != "merged":
        return None
    commits = _commits(output, "commit", "onto")
    return commits if commits and commits[0] != commits[1] else None


def _commits(output: Any, one: str, other: str) -> tuple[str, str] | None:
    if not isinstance(output, dict):
        return None
    found = [each for name in (one, other) if isinstance(each := output.get(name), str)]
    if len(found) < 2 or not all(_COMMIT.fullmatch(each) for each in found):
        return None  # An agent wrote them: check their form before they reach git as arguments.
    return found[0], found[1]


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
