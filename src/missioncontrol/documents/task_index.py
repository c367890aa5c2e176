"""`tasks/index.json`: the tasks of a repository, for readers without a data directory.

It is a projection of the event log: edits of it are refused.
"""

import hashlib
import json
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.gates import phase_of
from missioncontrol.domain.repository.process import Phase
from missioncontrol.domain.repository.states import Repository, RepositoryTask

PLACE = "tasks/index.json"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
FORM = 1


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
