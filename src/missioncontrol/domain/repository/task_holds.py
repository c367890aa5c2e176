"""Tasks that agents carry out: which files they may change, and which of them at once."""

from collections.abc import Iterable, Sequence

import msgspec

from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.repository.commands import RunTasks, ScopeTask
from missioncontrol.domain.repository.events import RepositoryTaskScoped, RepositoryTasksRun
from missioncontrol.domain.repository.process import branch_fault
from missioncontrol.domain.repository.scopes import PATTERNS_MAX, excluded, pattern_fault
from missioncontrol.domain.repository.states import Hold, Repository, RepositoryTask, Scope

replace = msgspec.structs.replace

TASKS_AT_ONCE_MAX = 64
SHOWN_MAX = 5


def scoped(command: ScopeTask, task: RepositoryTask, repository: str) -> list[RepositoryTaskScoped]:
    """Answer a person's choice of the files of a task; nothing where it is so already.

    Raises:
        Rejected: `repository.bad_scope`.
    """
    patterns = tuple(dict.fromkeys(command.scope))
    if not patterns or len(patterns) > PATTERNS_MAX:
        raise _bad_scope(f"It has {len(patterns)} patterns; 1 to {PATTERNS_MAX} fit.")
    for pattern in patterns:
        if fault := pattern_fault(pattern):
            raise _bad_scope(f"{pattern[:80]!r} {fault}.")
    before = task.scope
    if before and (before.patterns, before.ground) == (patterns, command.ground):
        return []
    event = RepositoryTaskScoped(
        repository, task.number, patterns, command.by, command.ground, command.reason
    )
    return [event]


def looked_up(
    command: RunTasks, tasks: Iterable[RepositoryTask], repository: str
) -> list[RepositoryTaskScoped]:
    """Return the events for scopes that no person stated; one stated meanwhile stays.

    Raises:
        Rejected: `repository.bad_scope`.
    """
    by_number = {task.number: task for task in tasks}
    return [
        event
        for found in command.looked_up
        if (task := by_number.get(found.task)) and not _is_declared(task)
        for event in scoped(
            ScopeTask(found.task, found.scope, command.by, found.ground), task, repository
        )
    ]


def _is_declared(task: RepositoryTask) -> bool:
    return task.scope is not None and task.scope.ground == "person"


def with_scopes(
    tasks: Iterable[RepositoryTask], scopings: Iterable[RepositoryTaskScoped]
) -> list[RepositoryTask]:
    """Return tasks as they are once `scopings` hold; the time is that of no event yet."""
    scopes = {each.task: Scope(each.scope, each.by, 0.0, each.ground) for each in scopings}
    return [replace(each, scope=scopes.get(each.number, each.scope)) for each in tasks]


def refuse_numbers(numbers: Sequence[int]) -> None:
    """Refuse too many tasks for one run, and one that is named twice.

    Raises:
        Rejected: `repository.bad_input`.
    """
    if not numbers or len(numbers) > TASKS_AT_ONCE_MAX:
        reason = f"{len(numbers)} tasks were named; a run takes 1 to {TASKS_AT_ONCE_MAX}."
        raise Rejected("repository.bad_input", reason)
    if len(set(numbers)) < len(numbers):
        raise Rejected("repository.bad_input", "A task was named twice.")


def refuse_run(command: RunTasks, tasks: Sequence[RepositoryTask], state: Repository) -> None:
    """Refuse tasks that can't be carried out now.

    Raises:
        Rejected: `repository.bad_input`, `repository.no_scope`.
        Conflict: `repository.at_work`, `repository.scope_taken`.
    """
    refuse_numbers([task.number for task in tasks])
    if command.into and (fault := branch_fault(command.into)):
        raise Rejected("repository.bad_input", f"Nothing is merged there: {fault}.")
    for task in tasks:
        refuse_at_work(task, command.at_work)
        if task.scope is None:
            raise Rejected(
                "repository.no_scope",
                f"The files that task {task.number} will change are not declared yet.",
                hint=f"`mission task scope {task.number} --suggest` looks for them.",
            )
    held = [
        (other, other.hold)
        for other in state.tasks.values()
        if other.hold and other.hold.run in command.at_work
    ]
    for task in tasks:
        _refuse_overlap(task, held, command, state)


def tasks_run(
    command: RunTasks, tasks: Iterable[RepositoryTask], repository: str
) -> RepositoryTasksRun:
    """Return what becomes true of tasks that may be carried out."""
    scopes = {task.number: task.scope.patterns for task in tasks if task.scope}
    return RepositoryTasksRun(
        repository,
        command.run,
        command.tasks,
        scopes,
        command.agents,
        command.into,
        command.by,
        command.overlap,
        command.session,
    )


def refuse_at_work(task: RepositoryTask, at_work: frozenset[str]) -> None:
    """Refuse what can't be while a run of `at_work` carries the task out.

    Raises:
        Conflict: `repository.at_work`.
    """
    if task.hold and task.hold.run in at_work:
        raise Conflict(
            "repository.at_work",
            f"Task {task.number} is being carried out by {task.hold.run}.",
            hint=f"`mission show {task.hold.run}` shows it at work; `mission runs cancel` ends it.",
        )


def _refuse_overlap(
    task: RepositoryTask,
    held: Iterable[tuple[RepositoryTask, Hold]],
    command: RunTasks,
    state: Repository,
) -> None:
    assert task.scope is not None
    for other, hold in held:
        both = excluded(
            task.scope.patterns, hold.scope, state.process.merge.shared, command.overlap
        )
        if not both:
            continue
        named = ", ".join(both[:SHOWN_MAX])
        more = f" and {len(both) - SHOWN_MAX} more" if len(both) > SHOWN_MAX else ""
        raise Conflict(
            "repository.scope_taken",
            f"Task {task.number} is to change {named}{more}, which task {other.number} holds "
            f"until {hold.run} has ended.",
            hint="Wait for it, or have the merge queue combine both with --overlap merge; "
            "what the repository calls shared waits in any case.",
        )


def _bad_scope(reason: str) -> Rejected:
    return Rejected(
        "repository.bad_scope",
        reason,
        hint="Name files as seen from the top, such as src/app.py or src/**/*.py.",
    )
