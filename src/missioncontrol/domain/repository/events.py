"""What became true of a repository and its tasks."""

from typing import Literal

import msgspec

from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import Process, Role
from missioncontrol.domain.repository.scopes import Overlap

Part = Literal["builder", "tester", "reviewer"]
"""What an agent does in a run of tasks."""

Ground = Literal["person", "spec", "ranking"]
"""The source of the files that a task will change: a person, its spec, or a look at the code
and its past.
"""

Digests = dict[TaskDocument, str]
"""SHA-256 of the text of documents."""


class Outline(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a text has, as far as gates ask: in the event, because an event holds no text."""

    filled: tuple[str, ...] = ()  # headings with text below them, in small letters
    empty: tuple[str, ...] = ()  # headings without
    unsettled: tuple[str, ...] = ()  # places that were left open, each with its line


class Who(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person, and the user of the operating system who gave the name; "" with a sign-in."""

    name: str  # such as user:alice
    os_user: str = ""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class RepositoryAdopted(Event, frozen=True):
    """Tasks of this repository are stored here from now on."""

    repository: str
    path: str  # of the checkout from which the request came
    process: Process


class ProcessChanged(Event, frozen=True):
    """Work goes on by other gates."""

    repository: str
    process: Process


class RepositoryTaskAdded(Event, frozen=True):
    """Something is to be done."""

    repository: str
    task: int
    slug: str
    title: str
    by: Who
    brief: str = ""
    acceptance: tuple[str, ...] = ()  # what has to hold, besides what its documents say


class RepositoryTaskEdited(Event, frozen=True):
    """A person changed what is wanted; None is as it was."""

    repository: str
    task: int
    by: Who
    title: str | None = None
    brief: str | None = None
    acceptance: tuple[str, ...] | None = None


class TaskDocumentTaken(Event, frozen=True):
    """A document of a task has a new version; its text is stored by its digest."""

    repository: str
    task: int
    kind: TaskDocument
    version: int
    digest: str
    characters: int
    outline: Outline
    author: Who
    base: str = ""  # digest of the version that was edited
    given: str = ""  # digest of what was written, where that was merged with another version
    conflicts: int = 0  # places where it and the version that held differed


class TaskDocumentSigned(Event, frozen=True):
    """A person signed exactly this text, in a role."""

    repository: str
    task: int
    kind: TaskDocument
    role: Role
    digest: str
    rests_on: Digests  # what stood before it then
    by: Who
    reason: str = ""


class RepositoryTaskStarted(Event, frozen=True):
    """The gate of implementation held, for these documents."""

    repository: str
    task: int
    documents: Digests
    by: Who


class RepositoryTaskDone(Event, frozen=True):
    """A person looked at what was done, and the gate of review held."""

    repository: str
    task: int
    documents: Digests
    by: Who
    reason: str = ""


class RepositoryTaskDropped(Event, frozen=True):
    """It is not going to be done."""

    repository: str
    task: int
    by: Who
    reason: str = ""


class RepositoryTaskScoped(Event, frozen=True):
    """These files are what a task is expected to change."""

    repository: str
    task: int
    scope: tuple[str, ...]  # patterns of paths, seen from the top
    by: Who
    ground: Ground = "person"
    reason: str = ""


class SessionAtWork(Event, frozen=True, kw_only=True):
    """The session of a person whose work is that of a task."""

    id: str
    name: str  # such as Claude Code of ann
    person: str
    follows: bool = False  # whether the task waits where the session does
    waits: str = ""  # for what it waits now


class RepositoryTasksRun(Event, frozen=True):
    """Agents carry tasks out in a run, which holds these scopes until it has ended."""

    repository: str
    run: str
    tasks: tuple[int, ...]
    scopes: dict[int, tuple[str, ...]]
    agents: dict[Part, str]
    into: str  # the branch that what is approved goes into; "" for that of what is checked out
    by: Who
    overlap: Overlap = "wait"
    session: SessionAtWork | None = None


RepositoryEvent = (
    RepositoryAdopted
    | ProcessChanged
    | RepositoryTaskAdded
    | RepositoryTaskEdited
    | TaskDocumentTaken
    | TaskDocumentSigned
    | RepositoryTaskStarted
    | RepositoryTaskDone
    | RepositoryTaskDropped
    | RepositoryTaskScoped
    | RepositoryTasksRun
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    RepositoryAdopted: ("repository_adopted", 1),
    ProcessChanged: ("repository_process_changed", 1),
    RepositoryTaskAdded: ("repository_task_added", 1),
    RepositoryTaskEdited: ("repository_task_edited", 1),
    TaskDocumentTaken: ("task_document_taken", 1),
    TaskDocumentSigned: ("task_document_signed", 1),
    RepositoryTaskStarted: ("repository_task_started", 1),
    RepositoryTaskDone: ("repository_task_done", 1),
    RepositoryTaskDropped: ("repository_task_dropped", 1),
    RepositoryTaskScoped: ("repository_task_scoped", 1),
    RepositoryTasksRun: ("repository_tasks_run", 1),
}
"""The lasting name and version of every event."""
