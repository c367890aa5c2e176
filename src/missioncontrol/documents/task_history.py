"""`docs/tasks.md`: what became true of the tasks of a repository, a dated section each."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from missioncontrol.documents.task_index import edited
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository import events as e
from missioncontrol.domain.visible import visible

PLACE = "docs/tasks.md"
HEAD = """\
# Tasks

Written by `mission repo sync` from the record; sections are added and never change.
What is to be done stands in `tasks/`, and that is the place to edit.
"""
_MARK = re.compile(r"^<!-- section (\d+) of ([\w-]+): ([0-9a-f]{64}) -->\n", re.MULTILINE)


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
    return HEAD + "".join(parts) if parts else ""


def refuse_edited(text: str) -> None:
    """Refuse a file that is not as it was written, as far as it says so itself.

    Raises:
        Rejected: `repository.generated`.
    """
    if not text.startswith(HEAD):
        raise edited(PLACE, "it begins otherwise")
    at, chain = len(HEAD), ""
    for number, mark in enumerate(_MARK.finditer(text), 1):
        chain = _chained(chain, text[at : mark.start()])
        if int(mark[1]) != number or mark[3] != chain:
            raise edited(PLACE, f"its section {number} is another one")
        at = mark.end()
    if at != len(text):
        raise edited(PLACE, "something stands after its last section")


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
