"""Folds events into what is true of a repository."""

from typing import assert_never

import msgspec

from missioncontrol.domain.repository.events import (
    ProcessChanged,
    RepositoryAdopted,
    RepositoryEvent,
    RepositoryTaskAdded,
    RepositoryTaskDone,
    RepositoryTaskDropped,
    RepositoryTaskEdited,
    RepositoryTaskScoped,
    RepositoryTasksRun,
    RepositoryTaskStarted,
    TaskDocumentSigned,
    TaskDocumentTaken,
)
from missioncontrol.domain.repository.states import (
    DocumentState,
    Done,
    Dropped,
    Hold,
    Preparing,
    Repository,
    RepositoryTask,
    Scope,
    Signature,
    Stage,
    Started,
)

replace = msgspec.structs.replace


def evolve(state: Repository | None, event: RepositoryEvent, at: float) -> Repository:
    """Apply `event`."""
    if isinstance(event, RepositoryAdopted):
        return Repository(event.repository, event.path, event.process, {}, {})
    assert state is not None, "nothing happens to a repository before it is adopted"
    match event:
        case ProcessChanged():
            return replace(state, process=event.process)
        case RepositoryTaskAdded():
            state.tasks[event.task] = RepositoryTask(
                event.task,
                event.slug,
                event.title,
                event.brief,
                event.by,
                at,
                {},
                Preparing(),
                acceptance=event.acceptance,
            )
        case RepositoryTaskEdited():
            stated = {name: getattr(event, name) for name in ("title", "brief", "acceptance")}
            changed = {name: value for name, value in stated.items() if value is not None}
            state.tasks[event.task] = replace(state.tasks[event.task], **changed)
        case TaskDocumentTaken():
            key = event.task, event.kind
            state.versions[key] = (*state.versions.get(key, ()), event.digest)
            _add_document(state, event, at)
        case TaskDocumentSigned():
            _signed(state, event, at)
        case RepositoryTaskStarted():
            _enter(state, event.task, Started(event.by, at))
        case RepositoryTaskDone():
            _enter(state, event.task, Done(event.by, at))
        case RepositoryTaskDropped():
            _enter(state, event.task, Dropped(event.by, at, event.reason))
        case RepositoryTaskScoped():
            scope = Scope(event.scope, event.by, at, event.ground)
            state.tasks[event.task] = replace(state.tasks[event.task], scope=scope)
        case RepositoryTasksRun():
            for number in event.tasks:
                hold = Hold(event.run, event.scopes[number])
                state.tasks[number] = replace(state.tasks[number], hold=hold)
        case _:
            assert_never(event)
    return state


def _add_document(state: Repository, event: TaskDocumentTaken, at: float) -> None:
    task = state.tasks[event.task]
    before = task.documents.get(event.kind)
    document = DocumentState(
        event.version,
        event.digest,
        event.outline,
        event.author,
        at,
        event.base,
        event.given,
        event.conflicts,
        before.signatures if before else {},
    )
    documents = {**task.documents, event.kind: document}
    state.tasks[event.task] = replace(task, documents=documents)


def _signed(state: Repository, event: TaskDocumentSigned, at: float) -> None:
    task = state.tasks[event.task]
    document = task.documents[event.kind]
    signature = Signature(event.digest, event.rests_on, event.by, at)
    document = replace(document, signatures={**document.signatures, event.role: signature})
    documents = {**task.documents, event.kind: document}
    state.tasks[event.task] = replace(task, documents=documents)


def _enter(state: Repository, task: int, stage: Stage) -> None:
    state.tasks[task] = replace(state.tasks[task], stage=stage)
