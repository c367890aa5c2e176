"""How the tasks of a repository stand: their phase, what holds them up, and who can help."""

import hashlib
from collections.abc import Mapping

import msgspec

from missioncontrol.documents.sections import outline_of
from missioncontrol.documents.task_index import Entry, TaskIndex
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.gates import Reason, gate, held_up, phase_of
from missioncontrol.domain.repository.process import Phase, Process, Role
from missioncontrol.domain.repository.states import Done, RepositoryTask, Started


class Held(msgspec.Struct, frozen=True):
    """Something that holds a task up."""

    reason: str
    who: str  # can help


class Standing(msgspec.Struct, frozen=True):
    """How one task stands."""

    task: int
    title: str
    folder: str
    phase: Phase | None  # None where it is over
    words: str  # the phase, or how it ended
    held: tuple[Held, ...]
    next: str  # the next action of a person; "" where it is blocked or over


def standing_of(task: RepositoryTask, process: Process) -> Standing:
    """Say how a task stands."""
    phase = phase_of(task, process)
    held = tuple(Held(each.words, _who(each, task, process)) for each in held_up(task, process))
    return Standing(
        task.number,
        task.title,
        task.folder,
        phase,
        phase or ("done" if isinstance(task.stage, Done) else "dropped"),
        held,
        "" if held or phase is None else _next(task, process),
    )


def faults_of(process: Process, index: TaskIndex, texts: Mapping[str, str | None]) -> list[str]:
    """Say what is wrong with files and index, as far as they tell by themselves.

    Args:
        process: as `.mission/sop.toml` says it.
        index: of the tasks, as it stands.
        texts: of all documents of the index by their places; None for what is not there.
    """
    return [fault for entry in index.tasks for fault in _faults(process, entry, texts)]


def _faults(process: Process, entry: Entry, texts: Mapping[str, str | None]) -> list[str]:
    task, found = entry.task, []
    for kind, document in task.documents.items():
        place = task.place(kind)
        text = texts.get(place)
        if text is None:
            found.append(f"{place} is not there; `mission repo sync` writes it again")
        elif hashlib.sha256(text.encode()).hexdigest() != document.digest:
            found.append(f"{place} was changed and is not imported: run `mission repo sync`")
        elif outline_of(text) != document.outline:
            found.append(f"{place} has other headings or open places than the index says")
    if entry.phase != phase_of(task, process):
        found.append(f"the phase of task {task.number} is another one by .mission/sop.toml")
    if isinstance(task.stage, Started):
        reasons = gate(task, "implementation", process)
        found += [f"task {task.number} is at work, and {each.words}" for each in reasons]
    return found


def _next(task: RepositoryTask, process: Process) -> str:
    if not isinstance(task.stage, Started):
        return f"mission task start {task.number}"
    other = "" if process.own else f", by someone other than {task.stage.by.name}"
    return f"mission task done {task.number}{other}"


def _who(reason: Reason, task: RepositoryTask, process: Process) -> str:
    if reason.role is not None:
        who = _signers(reason.role, process)
        is_own = reason.lack == "own" and reason.document is not None
        return f"{who}, but for {_author(task, reason.document)}" if is_own else who
    if reason.document is not None:
        return f"an editor of {task.place(reason.document)}"
    return "another person who may approve"


def _author(task: RepositoryTask, kind: TaskDocument | None) -> str:
    return task.documents[kind].author.name if kind in task.documents else ""


def _signers(role: Role, process: Process) -> str:
    named = process.roles.get(role, ())
    return f"{role}: {', '.join(named) if named else 'anyone who may approve'}"
