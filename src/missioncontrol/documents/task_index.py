"""The tasks of a repository for readers of the checkout: `tasks/index.json`, `docs/tasks.md`."""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository import events as e
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.gates import phase_of
from missioncontrol.domain.repository.process import Phase
from missioncontrol.domain.repository.states import Repository, RepositoryTask
from missioncontrol.domain.visible import visible

PLACE = "tasks/index.json"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
FORM = 1
HISTORY_PLACE = "docs/tasks.md"
HISTORY_HEAD = """\
# Tasks

Written by `mission repo sync` from the record; sections are added and never change.
What is to be done stands in `tasks/`, and that is the place to edit.
"""
_MARK = re.compile(r"^<!-- section (\d+) of ([\w-]+): ([0-9a-f]{64}) -->\n", re.MULTILINE)


class Entry(msgspec.Struct, frozen=True):
    """A task, where its documents are, and the phase that it is in; null where it is over."""

    folder: str
    phase: Phase | None
    task: RepositoryTask


class TaskIndex(msgspec.Struct, frozen=True):
    """All tasks of a repository."""

    form: int  # of this file
    source: str  # the stream of the record that this was written from
    version: int  # of that stream
    tasks: tuple[Entry, ...]
    digest: str  # SHA-256 of everything above, as JSON with sorted keys and without blanks

    def base(self, number: int, kind: TaskDocument) -> str:
        """Return the digest of a document that this checkout was given last; "" without one."""
        for entry in self.tasks:
            if entry.task.number == number and kind in entry.task.documents:
                return entry.task.documents[kind].digest
        return ""


def index_of(state: Repository | None, source: str, version: int) -> TaskIndex:
    """Return the index of a repository."""
    tasks = [state.tasks[number] for number in sorted(state.tasks)] if state else []
    process = state.process if state else None
    entries = tuple(
        Entry(task.folder, phase_of(task, process) if process else None, task) for task in tasks
    )
    index = TaskIndex(FORM, source, version, entries, "")
    return msgspec.structs.replace(index, digest=_digest(msgspec.to_builtins(index)))


def index_text(index: TaskIndex) -> str:
    """Return the file."""
    return json.dumps(msgspec.to_builtins(index), indent=2, ensure_ascii=False) + "\n"


def read_index(text: str) -> TaskIndex:
    """Read the file.

    Raises:
        Rejected: `repository.generated`, where it is not as it was written.
    """
    try:
        content = json.loads(text)
        index = msgspec.convert(content, TaskIndex)
    except (ValueError, RecursionError) as error:
        raise edited(PLACE, f"it can't be read: {error}") from None
    if index.form != FORM:
        raise edited(PLACE, f"it has the form {index.form}, and this release writes {FORM}")
    if index.digest != _digest(content):
        raise edited(PLACE, "its digest is not that of what it says")
    return index


def edited(place: str, why: str) -> Rejected:
    """Say that a generated file was changed by hand, and where to change something instead."""
    return Rejected(
        "repository.generated",
        f"{place} was changed by hand: {why}. It is written from the record.",
        hint="Edit the documents in `tasks/NNNN-…/`, or ask `mission task`; "
        "`mission repo sync --regenerate` writes the generated files again and drops such edits.",
    )


def index_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    found = msgspec.json.schema(TaskIndex)
    return {"$schema": SCHEMA, "title": "Tasks of a repository", **found}


def _digest(content: dict[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "digest"}
    plain = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


class _Entry(msgspec.Struct, frozen=True):
    """What a section says."""

    task: int
    what: str
    source: str  # where it stands, from the top of the repository
    digest: str = ""
    more: str = ""


def history_text(source: str, recorded: Iterable[Recorded]) -> str:
    """Return the file; "" before there is a task."""
    parts: list[str] = []
    folders: dict[int, str] = {}
    chain = ""
    for row in recorded:
        event = decode(row.type, row.schema, row.body)
        if isinstance(event, e.RepositoryTaskAdded):
            folders[event.task] = f"tasks/{event.task:04}-{event.slug}"
        at = datetime.fromtimestamp(row.time / 1_000_000, UTC)
        for entry in _entries(event, folders):
            body = _section(entry, at, row.actor, source, row.version)
            chain = _chained(chain, body)
            parts.append(f"{body}<!-- section {len(parts) + 1} of {source}: {chain} -->\n")
    return HISTORY_HEAD + "".join(parts) if parts else ""


def refuse_edited(text: str) -> None:
    """Refuse a file that is not as it was written, as far as it says so itself.

    Raises:
        Rejected: `repository.generated`.
    """
    if not text.startswith(HISTORY_HEAD):
        raise edited(HISTORY_PLACE, "it begins otherwise")
    at, chain = len(HISTORY_HEAD), ""
    for number, mark in enumerate(_MARK.finditer(text), 1):
        chain = _chained(chain, text[at : mark.start()])
        if int(mark[1]) != number or mark[3] != chain:
            raise edited(HISTORY_PLACE, f"its section {number} is another one")
        at = mark.end()
    if at != len(text):
        raise edited(HISTORY_PLACE, "something stands after its last section")


def _section(entry: _Entry, at: datetime, actor: str, source: str, version: int) -> str:
    place = f"[{entry.source}](../{entry.source})"
    digest = f", SHA-256 `{entry.digest}`" if entry.digest else ""
    more = f"{visible(entry.more)}\n\n" if entry.more else ""
    return (
        f"\n## {at:%Y-%m-%d %H:%M:%S} UTC: task {entry.task} {entry.what}\n\n{more}"
        f"By {visible(actor)}. Source: {place}{digest}; event {version} of `{source}`.\n"
    )


def _entries(event: object, folders: dict[int, str]) -> list[_Entry]:
    match event:
        case e.RepositoryTaskAdded(task=task, title=title):
            return [_Entry(task, "is added", folders[task], more=f"{title}.")]
        case e.RepositoryTaskEdited(task=task, title=title):
            return [_Entry(task, "is edited", folders[task], more=f"{title}." if title else "")]
        case e.TaskDocumentTaken(task=task, kind=kind):
            place = f"{folders[task]}/{kind}.md"
            return [_Entry(task, f"has version {event.version} of {kind}", place, event.digest)]
        case e.TaskDocumentSigned(task=task, kind=kind):
            place = f"{folders[task]}/{kind}.md"
            what = f"has {kind} signed for {event.role}"
            return [_Entry(task, what, place, event.digest, event.reason)]
        case e.RepositoryTaskStarted(task=task):
            return [_Entry(task, "is started", folders[task])]
        case e.RepositoryTaskScoped(task=task, scope=scope):
            files = ", ".join(f"`{each}`" for each in scope)
            return [_Entry(task, "has its files named", folders[task], more=f"{files}.")]
        case e.RepositoryTaskDone(task=task):
            return [_Entry(task, "is done", folders[task], more=event.reason)]
        case e.RepositoryTaskDropped(task=task):
            return [_Entry(task, "is dropped", folders[task], more=event.reason)]
        case e.RepositoryTasksRun(tasks=tasks, run=run):
            return [_Entry(task, f"is carried out in `{run}`", folders[task]) for task in tasks]
    return []


def _chained(before: str, body: str) -> str:
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()
