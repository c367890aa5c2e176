"""What is true of a repository and its tasks."""

from typing import TypeAlias

import msgspec

from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Digests, Ground, Outline, Who
from missioncontrol.domain.repository.process import Process, Role


class Signature(msgspec.Struct, frozen=True):
    """Who agreed to which text, and what stood before it then."""

    digest: str
    rests_on: Digests
    by: Who
    at: float  # seconds since the epoch


class DocumentState(msgspec.Struct, frozen=True):
    """The newest version of a document, and the last signature in each role."""

    version: int
    digest: str
    outline: Outline
    author: Who
    at: float
    base: str = ""  # digest of the version that was edited
    given: str = ""  # digest of what was written, before it was merged
    conflicts: int = 0
    signatures: dict[Role, Signature] = {}


class Preparing(msgspec.Struct, frozen=True, tag="preparing"):
    """Its documents are being written and signed."""


class Started(msgspec.Struct, frozen=True, tag="started"):
    """A person is implementing it."""

    by: Who
    at: float


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It is over, and was looked at."""

    by: Who
    at: float


class Dropped(msgspec.Struct, frozen=True, tag="dropped"):
    """It is over, and was not done."""

    by: Who
    at: float
    reason: str = ""


Stage: TypeAlias = Preparing | Started | Done | Dropped


class Scope(msgspec.Struct, frozen=True):
    """The files that a task is expected to change."""

    patterns: tuple[str, ...]
    by: Who
    at: float
    ground: Ground


class Hold(msgspec.Struct, frozen=True):
    """The last run that carries a task out; it holds the scope until that run has ended."""

    run: str
    scope: tuple[str, ...]


class RepositoryTask(msgspec.Struct, frozen=True):
    """Something to be done in a repository."""

    number: int
    slug: str
    title: str
    brief: str
    by: Who
    at: float
    documents: dict[TaskDocument, DocumentState]
    stage: Stage
    scope: Scope | None = None
    hold: Hold | None = None
    acceptance: tuple[str, ...] = ()  # what has to hold, besides what its documents say

    @property
    def folder(self) -> str:
        """Where its documents are, from the top of the repository."""
        return f"tasks/{self.number:04}-{self.slug}"

    def place(self, kind: TaskDocument) -> str:
        """Where one of its documents is."""
        return f"{self.folder}/{kind}.md"


class Repository(msgspec.Struct, frozen=True):
    """A repository, its process and its tasks by number."""

    id: str
    path: str
    process: Process
    tasks: dict[int, RepositoryTask]
    versions: dict[tuple[int, TaskDocument], tuple[str, ...]]  # digests, the oldest first
