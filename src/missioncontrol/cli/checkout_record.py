"""A checkout and its record: edits are imported, and generated files are written."""

import asyncio
from pathlib import Path

import msgspec

from missioncontrol.adapters.changes import ignored, top_of
from missioncontrol.adapters.repositories import locate
from missioncontrol.adapters.repository_files import RepositoryFiles
from missioncontrol.adapters.sop_file import PLACE as SOP_PLACE
from missioncontrol.adapters.sop_file import Sop, read_sop
from missioncontrol.application.journal import READ_AT_ONCE, fold
from missioncontrol.application.repositories import (
    REPOSITORY,
    RepositoryAsked,
    RepositoryTaskAsked,
    digest_of,
)
from missioncontrol.cli.desk import Desk
from missioncontrol.documents import task_index
from missioncontrol.documents.task_index import TaskIndex, edited, index_of, index_text, read_index
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.repository.decide import unknown
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.states import Repository, RepositoryTask

SIGN = '"source": "'
"""Text in every index, also after an edit by hand or with a git conflict in it."""


class Edit(msgspec.Struct, frozen=True):
    """A canonical file that is not what this checkout was given."""

    task: int
    kind: TaskDocument
    place: str
    text: str
    base: str  # digest of the version that was given to this checkout; "" where that is unknown


class AcceptedEdit(msgspec.Struct, frozen=True):
    """What became of an edit."""

    place: str
    version: int
    is_new: bool
    conflicts: tuple[dict[str, str], ...] = ()  # as `documents.merge.Conflict`


class Synced(msgspec.Struct, frozen=True):
    """What a sync did."""

    taken: tuple[AcceptedEdit, ...]
    written: tuple[str, ...]
    is_process_new: bool = False


class Checkout:
    """The files of one checkout that have to do with tasks."""

    def __init__(self, where: str) -> None:
        """Begin at the top of the checkout that `where` is in.

        Raises:
            Rejected: see `locate`; `guard.no_repository`.
        """
        self.root: Path = asyncio.run(top_of(locate(where)))
        self.files = RepositoryFiles(self.root)

    def sop(self) -> Sop:
        """Return what `.mission/sop.toml` says; raises as `read_sop`."""
        return read_sop(self.files.read(SOP_PLACE))

    def index(self) -> TaskIndex | None:
        """Return the index as it stands; None where there is none.

        Raises:
            Rejected: `repository.generated`; `repository.not_ours`, where it is a user's own.
        """
        text = self.files.read(task_index.PLACE)
        if text is not None and SIGN not in text:
            raise _foreign(task_index.PLACE)
        return read_index(text) if text is not None else None

    def history(self) -> str:
        """Return the history as it stands; "" where there is none.

        Raises:
            Rejected: `repository.generated`; `repository.not_ours`, where it is a user's own.
        """
        text = self.files.read(task_index.HISTORY_PLACE)
        if text is not None and "<!-- section " not in text:
            raise _foreign(task_index.HISTORY_PLACE)
        if text is not None:
            task_index.refuse_edited(text)
        return text or ""

    def ignored(self) -> list[str]:
        """Return the places that others do not get because git ignores them."""
        return asyncio.run(ignored(self.root, SOP_PLACE, task_index.PLACE))

    def edits(self, tasks: list[RepositoryTask], index: TaskIndex | None) -> list[Edit]:
        """Return the files that were written by hand, unlike those this checkout received."""
        found = []
        for task in tasks:
            for kind in task.documents:
                text = self.files.read(task.place(kind))
                base = index.base(task.number, kind) if index else ""
                known = base or task.documents[kind].digest
                if text is not None and digest_of(text) != known:
                    found.append(Edit(task.number, kind, task.place(kind), text, base))
        return found


class Record:
    """What a home says of the repository of a checkout."""

    def __init__(self, desk: Desk, checkout: Checkout) -> None:
        """Nothing is read before it is asked for."""
        self.desk = desk
        self.checkout = checkout
        self.sop = checkout.sop()

    def state(self) -> tuple[Repository, int]:
        """Return what is true, and the version of the stream.

        Raises:
            NotFound: `repository.unknown`.
        """
        found, version = asyncio.run(fold(self.desk.store, REPOSITORY, self.sop.id))
        if found is None:
            raise unknown(self.sop.id)
        return found, version

    def task(self, reference: str) -> RepositoryTask:
        """Return the task that a user names by its number or its folder.

        Raises:
            NotFound: `repository.unknown`, `repository.unknown_task`.
        """
        name = reference.rstrip("/").removeprefix("tasks/")
        number = name.partition("-")[0]
        tasks = self.state()[0].tasks
        found = tasks.get(int(number)) if number.isascii() and number.isdigit() else None
        if found is None or ("-" in name and not found.folder.endswith(f"/{name}")):
            raise NotFound(
                "repository.unknown_task",
                f"There is no task {reference[:80]!r} in this repository.",
                hint="`mission task list --all` names them.",
            )
        return found

    def is_kept(self) -> bool:
        """Whether this home keeps the tasks of the repository."""
        try:
            self.state()
        except NotFound as error:
            if error.code not in ("repository.unknown", "home.empty"):
                raise
            return False
        return True

    def adopt(self) -> bool:
        """Keep the tasks here by the process of the checkout; tell whether that is new.

        Raises:
            Rejected: `repository.other_record`, where the checkout tells of tasks already.
        """
        index = None if self.is_kept() else self.checkout.index()
        if index is not None and index.tasks:
            raise _wrong_home(str(index.tasks[0].task.number))
        ask = RepositoryAsked(self.sop.id, str(self.checkout.root), self.sop.process)
        return bool(self.desk.deliver(ask)["is_new"])

    def sync(self, *, regenerate: bool = False) -> Synced:
        """Take in what people wrote, and write what is generated; the same again does nothing.

        Args:
            regenerate: generated files are written again, despite any edits.

        Raises:
            Rejected: `repository.generated`, `repository.other_record`.
        """
        with self.checkout.files.locked():
            state, version = self.state()
            if regenerate:
                self._refuse_foreign()
            index = self._index(regenerate=regenerate)
            self._refuse_strange(index, state)
            is_process_new = state.process != self.sop.process and self.adopt()
            self._refuse_other_history(version, regenerate=regenerate)
            edits = self.checkout.edits(list(state.tasks.values()), index)
            accepted = tuple(self._take(each) for each in edits)
            written = self._write(index, {each.place: digest_of(each.text) for each in edits})
            return Synced(accepted, tuple(written), is_process_new)

    def project(self) -> tuple[str, ...] | None:
        """Write what is generated after something was asked for; nothing that was edited.

        Returns what was written; None where a file was edited on the ground of an older version
        than the record's. Nothing is written then: the index says on which ground, and `sync`
        needs it.

        Raises:
            Rejected: `repository.generated`, `repository.other_record`.
        """
        with self.checkout.files.locked():
            state, version = self.state()
            index = self._index(regenerate=False)
            self._refuse_strange(index, state)
            self._refuse_other_history(version, regenerate=False)
            for each in self.checkout.edits(list(state.tasks.values()), index):
                if each.base != state.tasks[each.task].documents[each.kind].digest:
                    return None
            return tuple(self._write(index, {}))

    def waiting(self) -> list[str]:
        """Return the documents that were edited and are not imported."""
        tasks = list(self.state()[0].tasks.values())
        return [each.place for each in self.checkout.edits(tasks, self.checkout.index())]

    def is_index_old(self) -> bool:
        """Whether the index is not what the record says now."""
        state, version = self.state()
        return self.checkout.files.read(task_index.PLACE) != self._index_text(state, version)

    def unlike(self) -> list[str]:
        """Say where generated files are not what the record says now."""
        found = []
        if self.is_index_old():
            found.append(f"{task_index.PLACE} is not what the record says by now")
        if self.checkout.history() != self._history(self.state()[1]):
            found.append(f"{task_index.HISTORY_PLACE} is not what the record says by now")
        return found

    def _index(self, *, regenerate: bool) -> TaskIndex | None:
        try:
            return self.checkout.index()
        except Rejected as error:
            if not regenerate or error.code != "repository.generated":
                raise
            return None

    def _refuse_strange(self, index: TaskIndex | None, state: Repository) -> None:
        """Refuse to write over an index that tells of what this home knows nothing of."""
        if index is None:
            return
        strange = [e.task.number for e in index.tasks if e.task.number not in state.tasks]
        if index.source != self.sop.id or strange:
            raise _wrong_home(str(strange[0]) if strange else index.source)

    def _refuse_foreign(self) -> None:
        """Refuse to write over files that were never generated here: they belong to a user."""
        for place, sign in (
            (task_index.PLACE, f'{SIGN}{self.sop.id}"'),
            (task_index.HISTORY_PLACE, task_index.HISTORY_HEAD),
        ):
            text = self.checkout.files.read(place)
            if text is not None and sign not in text:
                raise _foreign(place)

    def _refuse_other_history(self, version: int, *, regenerate: bool) -> None:
        """Refuse a history that the record does not begin with: it was edited by hand."""
        if regenerate:
            return
        if not self._history(version).startswith(self.checkout.history()):
            raise edited(task_index.HISTORY_PLACE, "the record does not say that")

    def _take(self, edit: Edit) -> AcceptedEdit:
        ask = RepositoryTaskAsked(
            "take", self.sop.id, edit.task, kind=edit.kind, text=edit.text, base=edit.base
        )
        answer = self.desk.deliver(ask)
        return AcceptedEdit(
            edit.place, answer["version"], answer["is_new"], tuple(answer.get("conflicts", ()))
        )

    def _write(self, index: TaskIndex | None, accepted: dict[str, str]) -> list[str]:
        """Write what differs: documents first, so that an end in between leaves them to be seen.

        `accepted` are digests of files that were imported, and may be written over.
        """
        state, version = self.state()
        written = []
        for task in state.tasks.values():
            for kind, document in task.documents.items():
                place = task.place(kind)
                text = self.checkout.files.read(place)
                here = digest_of(text) if text is not None else ""
                base = index.base(task.number, kind) if index else ""
                if here != document.digest and here in ("", base, accepted.get(place)):
                    stored = self.desk.reading.artifacts.get(document.digest)
                    self.checkout.files.write(place, stored.decode("utf-8"))
                    written.append(place)
        for place, text in (
            (task_index.HISTORY_PLACE, self._history(version)),
            (task_index.PLACE, self._index_text(state, version)),
        ):
            if text and self.checkout.files.read(place) != text:
                self.checkout.files.write(place, text)
                written.append(place)
        return written

    def _index_text(self, state: Repository, version: int) -> str:
        return index_text(index_of(state, self.sop.id, version))

    def _history(self, version: int) -> str:
        return task_index.history_text(self.sop.id, asyncio.run(self._recorded(version)))

    async def _recorded(self, until: int) -> list[Recorded]:
        """Return the events of the repository up to a version of its stream."""
        found: list[Recorded] = []
        while rows := await self.desk.store.read_stream(
            self.sop.id, after=len(found), limit=READ_AT_ONCE
        ):
            found += rows
        return found[:until]


def _foreign(place: str) -> Rejected:
    return Rejected(
        "repository.not_ours",
        f"{place} was not written from this record, so it is not written over.",
        hint="Move it elsewhere.",
    )


def _wrong_home(such_as: str) -> Rejected:
    return Rejected(
        "repository.other_record",
        f"{task_index.PLACE} tells of tasks that this home has no record of, such as {such_as}: "
        "the record is elsewhere.",
        hint="Name the home that keeps it with --home, or its server with --server.",
    )
