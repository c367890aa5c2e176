"""The way in for repositories: adopting them, and their tasks from the first brief to the end."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.journal import Journal
from missioncontrol.documents.merge import Conflict, Merged, merged
from missioncontrol.documents.sections import beginning, outline_of
from missioncontrol.domain.errors import Conflict as Stale
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.repository.commands import (
    AddTask,
    AdoptRepository,
    DropTask,
    EditTask,
    FinishTask,
    RepositoryCommand,
    ScopeTask,
    SignDocument,
    StartTask,
    TakeDocument,
    Version,
)
from missioncontrol.domain.repository.decide import CHARACTERS_MAX, decide, unknown
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import (
    Ground,
    RepositoryEvent,
    RepositoryTaskAdded,
    Who,
)
from missioncontrol.domain.repository.evolve import evolve
from missioncontrol.domain.repository.process import Process, Role
from missioncontrol.domain.repository.states import DocumentState, Repository, Started
from missioncontrol.domain.repository.task_holds import refuse_at_work
from missioncontrol.domain.run.states import SettledState
from missioncontrol.ports.artifact_store import ArtifactStore

TRIES_MAX = 3
"""Times that an edit is merged again because the document changed meanwhile."""

REPOSITORY: Concept[Repository, RepositoryCommand, RepositoryEvent] = Concept(
    decide, evolve, unknown
)


class RepositoryAsked(msgspec.Struct, frozen=True):
    """A request to store the tasks of a repository here, by this process."""

    repository: str
    path: str
    process: Process


class RepositoryTaskAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to change a task of a repository."""

    verb: Literal["add", "edit", "take", "start", "done", "drop", "scope"]
    repository: str
    task: int = 0  # not where one is added
    title: str = ""  # where one is added or edited
    brief: str = ""  # likewise
    acceptance: tuple[str, ...] = ()  # likewise
    changed: tuple[Literal["title", "brief", "acceptance"], ...] = ()  # where one is edited
    documents: dict[TaskDocument, str] = {}  # likewise: those that are written already
    kind: TaskDocument = "prd"  # where a document is imported
    text: str = ""  # likewise: all of it
    base: str = ""  # likewise: digest of the version that was edited; "" where that is unknown
    reason: str = ""
    scope: tuple[str, ...] = ()  # patterns of the files that a task is to change
    ground: Ground = "person"


class SignOffAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user signs a document off in a role."""

    repository: str
    task: int
    kind: TaskDocument
    role: Role
    digest: str  # of what they read
    reason: str = ""


class RepositoryDesk:
    """Changes what the record says of repositories."""

    def __init__(self, journal: Journal, os_user: str) -> None:
        """`artifacts` is set where files can be stored; `scrub` removes secrets from a text."""
        self._journal = journal
        self._os_user = os_user
        self.artifacts: ArtifactStore | None = None
        self.scrub: Callable[[str], str] = lambda text: text

    async def adopt(self, ask: RepositoryAsked, *, actor: str) -> dict[str, Any]:
        """Take a repository or its changed process in.

        Raises:
            Rejected: `repository.bad_input`, `repository.bad_process`.
        """
        await self._journal.find(REPOSITORY, ask.repository)
        command = AdoptRepository(ask.repository, ask.path, ask.process)
        made = self._journal.tell(REPOSITORY, ask.repository, command, actor=actor)
        return {"repository": ask.repository, "is_new": bool(made)}

    async def take(self, ask: RepositoryTaskAsked, *, actor: str) -> dict[str, Any]:
        """Do what is asked of a task, and return its number; of a document also what it became.

        Raises:
            NotFound, Rejected: see `domain.repository.decide`; `repository.secret`.
            Conflict: `repository.busy`, `repository.at_work`.
            Unavailable: `repository.closed`.
        """
        state = await self._journal.load(REPOSITORY, ask.repository)
        who = self._who(actor)
        match ask.verb:
            case "add":
                return await self._add(ask, state, who)
            case "take":
                return await self._take(ask, state, who)
            case "edit":
                given: dict[str, Any] = {name: getattr(ask, name) for name in ask.changed}
                command: RepositoryCommand = EditTask(ask.task, who, **given)
            case "start":
                command = StartTask(ask.task, who)
            case "done":
                await self._refuse_at_work(ask.task, state)
                command = FinishTask(ask.task, who, ask.reason)
            case "drop":
                await self._refuse_at_work(ask.task, state)
                command = DropTask(ask.task, who, ask.reason)
            case "scope":
                command = ScopeTask(ask.task, ask.scope, who, ask.ground, ask.reason)
        made = self._journal.tell(REPOSITORY, ask.repository, command, actor=actor)
        return {"task": ask.task, "is_new": bool(made)}

    async def sign(self, ask: SignOffAsked, *, actor: str) -> dict[str, Any]:
        """Sign a document.

        Raises:
            NotFound, Rejected: see `domain.repository.decide`.
        """
        await self._journal.load(REPOSITORY, ask.repository)
        command = SignDocument(
            ask.task, ask.kind, ask.role, ask.digest, self._who(actor), ask.reason
        )
        made = self._journal.tell(REPOSITORY, ask.repository, command, actor=actor)
        return {"task": ask.task, "kind": ask.kind, "role": ask.role, "is_new": bool(made)}

    async def _refuse_at_work(self, number: int, state: Repository) -> None:
        """Refuse to end a task that agents carry out: its files would be free while they work.

        Where others of the run are still at work, one that is merged may be done.
        """
        task = state.tasks.get(number)
        if task is None or task.hold is None or not isinstance(task.stage, Started):
            return
        run = await self._journal.load_run(task.hold.run)
        if run.is_settled:
            self._journal.forget(run.id)
        elif not isinstance(run.states[f"task-{number}"], SettledState):
            refuse_at_work(task, frozenset({run.id}))

    def _who(self, actor: str) -> Who:
        return Who(actor, "" if current_request() else self._os_user)

    async def _add(self, ask: RepositoryTaskAsked, state: Repository, who: Who) -> dict[str, Any]:
        process = state.process
        texts = {
            kind: ask.documents.get(kind)
            or beginning(kind, ask.title, ask.brief, process.rule(kind))
            for kind in process.documents
        }
        stored = [
            await asyncio.to_thread(self._store_document, kind, text)
            for kind, text in texts.items()
        ]
        command = AddTask(ask.title, ask.brief, tuple(stored), who, ask.acceptance)
        added = self._journal.tell(REPOSITORY, state.id, command, actor=who.name)[0]
        assert isinstance(added, RepositoryTaskAdded)
        return {"task": added.task, "slug": added.slug, "is_new": True}

    async def _take(self, ask: RepositoryTaskAsked, state: Repository, who: Who) -> dict[str, Any]:
        """Take an edit in; where the record has gone on since, bring both together.

        Texts are compared on a thread, and what the record says may change meanwhile.
        """
        for _ in range(TRIES_MAX):
            newest = _newest(ask, state)
            command, conflicts = await asyncio.to_thread(self._brought_in, ask, state, newest, who)
            if _newest(ask, state) == newest:
                return self._accept_document(ask, state, command, conflicts)
        raise Stale(
            "repository.busy",
            f"The {ask.kind} of task {ask.task} is being changed by others all the time.",
            hint="Try again.",
        )

    def _accept_document(
        self,
        ask: RepositoryTaskAsked,
        state: Repository,
        command: TakeDocument | None,
        conflicts: tuple[Conflict, ...],
    ) -> dict[str, Any]:
        made = (
            self._journal.tell(REPOSITORY, state.id, command, actor=command.author.name)
            if command
            else []
        )
        now = _newest(ask, state)
        assert now is not None, "it was recorded, or was there already"
        return {
            "task": ask.task,
            "kind": ask.kind,
            "version": now.version,
            "digest": now.digest,
            "is_new": bool(made),
            "conflicts": [msgspec.to_builtins(each) for each in conflicts],
        }

    def _brought_in(
        self, ask: RepositoryTaskAsked, state: Repository, newest: DocumentState | None, who: Who
    ) -> tuple[TakeDocument | None, tuple[Conflict, ...]]:
        """Return what takes an edit in; None where a killed command has done so already."""
        given = digest_of(ask.text)
        if newest is not None and (newest.given, newest.base) == (given, ask.base):
            return None, ()
        version = self._store_document(ask.kind, ask.text)
        if newest is None or newest.digest in (ask.base, given):
            return TakeDocument(ask.task, version, who, ask.base), ()
        found = self._merged(ask, state, newest)
        version = self._store_document(ask.kind, found.text)
        was_merged = given if version.digest != given else ""
        count = len(found.conflicts)
        return TakeDocument(ask.task, version, who, ask.base, was_merged, count), found.conflicts

    def _merged(self, ask: RepositoryTaskAsked, state: Repository, newest: DocumentState) -> Merged:
        known = state.versions.get((ask.task, ask.kind), ())
        # Where the edit's base is unknown, an old version that stands there is no edit.
        unedited = ask.text if digest_of(ask.text) in known else ""
        base = self._text(ask.base) if ask.base in known else unedited
        return merged(base, ask.text, self._text(newest.digest))

    def _text(self, digest: str) -> str:
        return self._files().get(digest).decode("utf-8")

    def _store_document(self, kind: TaskDocument, text: str) -> Version:
        if len(text) > CHARACTERS_MAX:
            raise Rejected(
                "repository.bad_input",
                f"The {kind} has {len(text):,} characters; at most {CHARACTERS_MAX:,} fit.",
            )
        if self.scrub(text) != text:
            raise Rejected(
                "repository.secret",
                f"The {kind} holds the value of a secret, and stored text is permanent.",
                hint="Take the secret out of the file.",
            )
        digest = self._files().put(text.encode())
        return Version(kind, digest, len(text), outline_of(text))

    def _files(self) -> ArtifactStore:
        if self.artifacts is None:
            raise Unavailable("repository.closed", "This engine keeps no files.")
        return self.artifacts


def _newest(ask: RepositoryTaskAsked, state: Repository) -> DocumentState | None:
    task = state.tasks.get(ask.task)
    return task.documents.get(ask.kind) if task else None


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, by which it is stored."""
    return hashlib.sha256(text.encode()).hexdigest()
