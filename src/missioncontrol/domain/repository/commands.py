"""What can be asked of a repository."""

import msgspec

from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Ground, Outline, Part, SessionAtWork, Who
from missioncontrol.domain.repository.process import Process, Role
from missioncontrol.domain.repository.scopes import Overlap


class AdoptRepository(msgspec.Struct, frozen=True):
    """Keep its tasks here, by this process; a process that differs takes the old one's place."""

    repository: str
    path: str
    process: Process


class Version(msgspec.Struct, frozen=True):
    """A text that is stored, and what it has."""

    kind: TaskDocument
    digest: str
    characters: int
    outline: Outline


class AddTask(msgspec.Struct, frozen=True):
    """Add a task with its documents as they begin."""

    title: str
    brief: str
    documents: tuple[Version, ...]
    by: Who
    acceptance: tuple[str, ...] = ()


class EditTask(msgspec.Struct, frozen=True):
    """Change what is wanted of a task; None stays as it is."""

    task: int
    by: Who
    title: str | None = None
    brief: str | None = None
    acceptance: tuple[str, ...] | None = None


class TakeDocument(msgspec.Struct, frozen=True):
    """Import a document that a person wrote."""

    task: int
    version: Version
    author: Who
    base: str = ""  # digest of the version that was edited
    given: str = ""  # digest of what was written, where that was merged with another version
    conflicts: int = 0


class SignDocument(msgspec.Struct, frozen=True):
    """Agree to a text in a role."""

    task: int
    kind: TaskDocument
    role: Role
    digest: str  # of what was read
    by: Who
    reason: str = ""


class StartTask(msgspec.Struct, frozen=True):
    """Begin the implementation."""

    task: int
    by: Who


class FinishTask(msgspec.Struct, frozen=True):
    """Take what was implemented as done."""

    task: int
    by: Who
    reason: str = ""


class DropTask(msgspec.Struct, frozen=True):
    """Don't do it."""

    task: int
    by: Who
    reason: str


class ScopeTask(msgspec.Struct, frozen=True):
    """Say which files a task is expected to change."""

    task: int
    scope: tuple[str, ...]
    by: Who
    ground: Ground = "person"
    reason: str = ""


class LookedUp(msgspec.Struct, frozen=True):
    """Files that a task is expected to change by its spec, or by a ranking, not by a person."""

    task: int
    scope: tuple[str, ...]
    ground: Ground


class RunTasks(msgspec.Struct, frozen=True):
    """Have agents carry tasks out; those that are not started yet are started.

    What was looked up becomes the scope of a task in the same decision: a run that is refused
    leaves nothing behind that no person stated.
    """

    run: str
    tasks: tuple[int, ...]
    agents: dict[Part, str]
    by: Who
    into: str = ""
    overlap: Overlap = "wait"
    at_work: frozenset[str] = frozenset()  # runs that have not ended
    looked_up: tuple[LookedUp, ...] = ()
    session: SessionAtWork | None = None


RepositoryCommand = (
    AdoptRepository
    | AddTask
    | EditTask
    | TakeDocument
    | SignDocument
    | StartTask
    | FinishTask
    | DropTask
    | ScopeTask
    | RunTasks
)
