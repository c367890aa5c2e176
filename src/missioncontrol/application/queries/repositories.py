"""Repositories and their tasks: the phase of each, what holds it up, who signed what, its runs."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from missioncontrol.application.journal import unknown_run
from missioncontrol.application.queries.rows import newest_rows, row_of
from missioncontrol.application.read_model import READ_AT_ONCE, Present
from missioncontrol.application.red_branches import RedBranch, red_branches
from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.documents.task_status import standing_of
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.register import NAMES, decode
from missioncontrol.domain.repository.decide import unknown
from missioncontrol.domain.repository.events import RepositoryTasksRun
from missioncontrol.domain.repository.gates import Lack, held_up
from missioncontrol.domain.repository.process import Phase, Process
from missioncontrol.domain.repository.states import Done as TaskDone
from missioncontrol.domain.repository.states import Dropped as TaskDropped
from missioncontrol.domain.repository.states import Repository, RepositoryTask
from missioncontrol.domain.repository.states import Started as TaskStarted
from missioncontrol.domain.status import ENDED
from missioncontrol.projections.repositories import RepositoryRow, RunOfTasks

PREFIX = "repository-"
REPOSITORIES_MAX = 1_000
RUN_STARTED = NAMES[RepositoryTasksRun][0]
Which = Literal["open", "over", "all"]


class HeldBy(msgspec.Struct, frozen=True):
    """Something that holds a task up."""

    lack: Lack
    words: str
    who: str  # can help


class TaskItem(msgspec.Struct, frozen=True):
    """A task in a list. Times are seconds since the epoch."""

    task: int
    title: str
    folder: str
    phase: Phase | None  # None where it is over
    words: str  # the phase, or how it ended
    owner: str  # who added it, or implements it since it was started
    since: float  # it is so
    unsigned: list[str]  # signatures that its phase lacks: `prd for product`
    stale: list[str]  # signatures that no longer hold, in words
    held: list[HeldBy]
    next: str  # the next action; "" where something holds it up, or it is over
    run: str  # in which agents last carried it out; "" where none did
    holds: tuple[str, ...]  # files that the run keeps from others while it is at work


class HoldView(msgspec.Struct, frozen=True):
    """Files that a run at work keeps from other tasks."""

    task: int
    title: str
    run: str
    files: tuple[str, ...]


class RunSummary(msgspec.Struct, frozen=True):
    """A run that carried tasks out."""

    run: str
    status: str  # unknown where its row is gone
    tasks: tuple[int, ...]
    agents: dict[str, str]  # by their part
    into: str
    by: str
    at: float


class RepositoryView(msgspec.Struct, frozen=True):
    """A repository, and what is in hand there."""

    row: RepositoryRow
    process: Process
    holds: list[HoldView]
    runs: list[RunSummary]  # the newest first, as far as the row names them
    red: list[RedBranch]  # branches on which nothing is merged until they are mended


def repositories(present: Present, *, before: str = "", limit: int) -> list[RepositoryRow]:
    """Return repositories, the last that came first, older than the one `before`."""
    return newest_rows(present, "repository", before=before, limit=limit)


async def state_of(present: Present, repository: str) -> Repository:
    """Return what is true of a repository now.

    Raises:
        NotFound: `repository.unknown`.
    """
    if not repository.startswith(PREFIX):
        raise unknown(repository)  # Another stream is none, even if requested as one.
    return await present.load(REPOSITORY, repository)


async def repository_view(present: Present, repository: str) -> RepositoryView:
    """Return a repository.

    Raises:
        NotFound: `repository.unknown`.
    """
    state = await state_of(present, repository)
    row = row_in(present, state)
    at_work = [state.tasks[number] for number in row.started if number in state.tasks]
    holds = [
        HoldView(task.number, task.title, task.hold.run, task.hold.scope)
        for task in at_work
        if task.hold is not None and not _is_over(present, task.hold.run)
    ]
    runs = run_summaries(present, row.runs)
    red = await red_branches(((each.run, each.into) for each in runs), present.run)
    return RepositoryView(row, state.process, holds, runs, red)


def tasks(present: Present, state: Repository, which: Which, *, after: int) -> Iterator[TaskItem]:
    """Yield tasks whose numbers come after `after`, in order."""
    for number in sorted(each for each in state.tasks if each > after):
        task = state.tasks[number]
        is_over = isinstance(task.stage, TaskDone | TaskDropped)
        if which == "all" or is_over is (which == "over"):
            yield item_of(present, task, state.process)


def page_of_tasks(
    present: Present, state: Repository, which: Which, *, after: int, limit: int
) -> list[TaskItem]:
    """Return at most `limit` tasks after the one with the number `after`."""
    return list(islice(tasks(present, state, which, after=after), limit))


def item_of(present: Present, task: RepositoryTask, process: Process) -> TaskItem:
    """Return a task as lists show it."""
    standing, reasons = standing_of(task, process), held_up(task, process)
    by, since = _owner(task)
    hold = task.hold if isinstance(task.stage, TaskStarted) else None
    is_held = hold is not None and not _is_over(present, hold.run)
    return TaskItem(
        task=task.number,
        title=task.title,
        folder=task.folder,
        phase=standing.phase,
        words=standing.words,
        owner=by,
        since=since,
        unsigned=[f"{r.document} for {r.role}" for r in reasons if r.lack == "unsigned"],
        stale=[r.words for r in reasons if r.lack == "stale"],
        held=[
            HeldBy(reason.lack, held.reason, held.who)
            for reason, held in zip(reasons, standing.held, strict=True)
        ],
        next=standing.next,
        run=task.hold.run if task.hold else "",
        holds=hold.scope if hold is not None and is_held else (),
    )


async def find_run_start(present: Present, repository: str, run: str) -> RepositoryTasksRun:
    """Return how a run of tasks of a repository was begun.

    Raises:
        NotFound: `repository.unknown`, `run.unknown`.
    """
    state, version = await state_of(present, repository), 0
    while rows := await present.store.read_stream(state.id, after=version, limit=READ_AT_ONCE):
        for row in rows:
            if row.type != RUN_STARTED:
                continue  # Most of a long stream is none, and is not decoded.
            event = decode(row.type, row.schema, row.body)
            if isinstance(event, RepositoryTasksRun) and event.run == run:
                return event
        version = rows[-1].version
    raise unknown_run(run)


def task_of(state: Repository, number: int) -> RepositoryTask:
    """Return a task.

    Raises:
        NotFound: `repository.unknown_task`.
    """
    if number not in state.tasks:
        raise NotFound("repository.unknown_task", f"There is no task {number} in {state.id}.")
    return state.tasks[number]


def row_in(present: Present, state: Repository) -> RepositoryRow:
    """Return the row of a repository."""
    row: RepositoryRow | None = row_of(present, "repository", state.id)
    # The row may be a moment behind the stream, of which it then is the first event.
    return row or RepositoryRow(state.id, state.path, 0.0, 0.0)


def _owner(task: RepositoryTask) -> tuple[str, float]:
    match task.stage:
        case TaskStarted(by=by, at=at) | TaskDone(by=by, at=at) | TaskDropped(by=by, at=at):
            return by.name, at
    return task.by.name, task.at


def _is_over(present: Present, run: str) -> bool:
    row = present.board.run(run)
    return row is None or row.status in ENDED


def run_summaries(present: Present, runs: list[RunOfTasks]) -> list[RunSummary]:
    """Return runs as they are now, the newest first."""
    found = []
    for each in reversed(runs):
        row = present.board.run(each.run)
        agents = {str(part): name for part, name in each.agents.items()}
        status = present.statuses.of(row).word if row is not None else "unknown"
        found.append(RunSummary(each.run, status, each.tasks, agents, each.into, each.by, each.at))
    return found
