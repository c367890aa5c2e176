"""Repositories for tests: a process, texts that are complete, and commands in a row."""

import hashlib

from missioncontrol.domain.repository.commands import (
    AddTask,
    AdoptRepository,
    RepositoryCommand,
    SignDocument,
    TakeDocument,
    Version,
)
from missioncontrol.domain.repository.decide import decide
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Outline, RepositoryEvent, Who
from missioncontrol.domain.repository.evolve import evolve
from missioncontrol.domain.repository.process import USUAL, Process, Role
from missioncontrol.domain.repository.states import Repository

ID = "repository-0123456789abcd"
ADA, BOB, EVE = Who("user:ada"), Who("user:bob"), Who("user:eve")
PROCESS = Process(dict(USUAL))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def whole(kind: TaskDocument, text: str) -> Version:
    """Return a version that has everything the usual process asks for."""
    headings = tuple(heading.lower() for heading in USUAL[kind].headings)
    return Version(kind, digest(text), len(text), Outline(headings))


def told(
    *commands: RepositoryCommand, process: Process = PROCESS, state: Repository | None = None
) -> tuple[Repository, list[RepositoryEvent]]:
    """Tell commands in a row; return what is true then, and the events of the last one."""
    events: list[RepositoryEvent] = []
    first = () if state else (AdoptRepository(ID, "/repo", process),)
    for at, command in enumerate((*first, *commands)):
        events = decide(command, state, float(at))
        for event in events:
            state = evolve(state, event, float(at))
    assert state is not None
    return state, events


def written(process: Process = PROCESS, author: Who = ADA) -> Repository:
    """Return a repository with one task, whose documents are complete and not signed."""
    documents = tuple(whole(kind, kind) for kind in process.documents)
    return told(AddTask("Log in", "With a code.", documents, author), process=process)[0]


def sign(
    state: Repository, kind: TaskDocument, role: Role, by: Who = BOB, task: int = 1
) -> Repository:
    """Sign the newest version."""
    newest = state.tasks[task].documents[kind].digest
    return told(SignDocument(task, kind, role, newest, by), state=state)[0]


def signed(state: Repository, by: Who = BOB) -> Repository:
    """Sign everything that is asked for."""
    for kind in state.process.documents:
        for role in state.process.rule(kind).signed_by:
            state = sign(state, kind, role, by)
    return state


def edited(state: Repository, kind: TaskDocument, text: str, by: Who = ADA) -> Repository:
    """Take in another text."""
    return told(TakeDocument(1, whole(kind, text), by), state=state)[0]
