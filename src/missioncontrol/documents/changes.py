"""The code changes of a mission: the files, their proof, and the diff."""

from typing import Any, Literal

import msgspec

from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.building import DOUBTS, NOTHING_CHANGED, PATCH, proves
from missioncontrol.domain.scaffolding import commits

FILES_MAX = 200
"""Changed files that a report lists."""

LINES_MAX = 2_000
LINE_MAX = 400
"""Lines of a diff that a report shows, and characters of one of them."""

LineKind = Literal["file", "place", "added", "deleted", "same"]


class ChangedFile(msgspec.Struct, frozen=True):
    """One file that is not what it was."""

    path: str
    change: str  # added, changed, deleted, renamed, mode
    was: str = ""  # the name of a renamed file before
    added: int = 0  # lines
    deleted: int = 0


class Changes(msgspec.Struct, frozen=True):
    """The changes of the last task that succeeded, which include those of the tasks before it."""

    last: TaskRecord
    tasks: tuple[TaskRecord, ...]  # those that change code, done or not
    base: str  # the commit that it applies to; "" where there was none
    files: tuple[ChangedFile, ...]
    files_left_out: int
    exhibit: Exhibit | None  # the patch; None where nothing was changed
    proofs: tuple[TaskRecord, ...]

    @property
    def added(self) -> int:
        """Lines that are new, in the files listed."""
        return sum(each.added for each in self.files)

    @property
    def deleted(self) -> int:
        """Lines that are gone, in the files listed."""
        return sum(each.deleted for each in self.files)

    @property
    def unproven(self) -> tuple[tuple[TaskRecord, str], ...]:
        """The tasks that leave the changes unproven, with the reason; "" for unfinished ones."""
        everything = (*self.tasks, *self.proofs)
        undone = tuple((one, "") for one in everything if one.state != "succeeded")
        return undone or tuple((one, why) for one in self.proofs for why in doubts(one))

    @property
    def is_proven(self) -> bool:
        """Whether all changes are done, and tests of the outcome show no harm."""
        return bool(self.proofs) and not self.unproven


def doubts(one: TaskRecord) -> tuple[str, ...]:
    """Return why a proof task does not prove its change; empty where it does."""
    return tuple(each.title for each in one.work.findings if each.rule in DOUBTS)


def is_unproven(one: TaskRecord) -> bool:
    """Whether a proof task could not prove its change."""
    return bool(doubts(one))


def is_unchanged(one: TaskRecord) -> bool:
    """Whether a proof task found no change to prove."""
    return any(each.rule == NOTHING_CHANGED for each in one.work.findings)


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a diff, without its line feed."""

    kind: LineKind
    text: str


class Diff(msgspec.Struct, frozen=True):
    """The beginning of a diff, or why it can't be shown."""

    lines: tuple[DiffLine, ...] = ()
    left_out: int = 0
    fault: str = ""


def changes(record: MissionRecord, exhibits: tuple[Exhibit, ...]) -> Changes | None:
    """Return the changes, or None where no agent has changed anything."""
    tasks = tuple(one for one in record.tasks if one.task.is_change and one.task.agent)
    # The commits of a product's repository each hold all changes since its skeleton.
    steps = [one for one in record.tasks if commits(one.task, record.plan)] or tasks
    done = [one for one in steps if one.state == "succeeded"]
    if not done:
        return None
    begun = [one for one in (*tasks, *done) if one.state == "succeeded"]
    waited_for = {need for one in begun for need in one.task.needs}
    last = next((one for one in done if one.task.key not in waited_for), done[-1])
    output = last.work.output if isinstance(last.work.output, dict) else {}
    files = _files(last)
    patches = [e for e in exhibits if e.task == last.task.key and e.artifact.name == PATCH]
    proofs = tuple(one for one in record.tasks if proves(one.task, record.plan))
    return Changes(
        last,
        tasks,
        str(output.get("base", "")),
        tuple(files[:FILES_MAX]),
        max(len(files) - FILES_MAX, 0),
        patches[0] if patches else None,
        proofs,
    )


def changed_files(one: TaskRecord) -> list[ChangedFile]:
    """Return the files that a task reports as changed."""
    return _files(one) if one.task.is_change else []


def _files(one: TaskRecord) -> list[ChangedFile]:
    if not isinstance(one.work.output, dict):
        return []
    listed = one.work.output.get("files", ())
    files = listed if isinstance(listed, list | tuple) else ()
    return [_file(each) for each in files if isinstance(each, dict)]


def diff(of: Changes, read_artifact: ReadArtifact) -> Diff:
    """Return the diff as it can be shown."""
    if of.exhibit is None:
        return Diff()
    content, fault = readable(of.exhibit.artifact, read_artifact)
    # `splitlines` would break a line at a form feed and the like.
    lines = content.decode("utf-8", "replace").removesuffix("\n").split("\n")
    shown = tuple(DiffLine(_kind(line), line[:LINE_MAX]) for line in lines[:LINES_MAX])
    return Diff(shown, max(len(lines) - LINES_MAX, 0), fault)


_HEADS = ("diff ", "index ", "--- ", "+++ ", "new ", "deleted ", "rename ", "similarity ", "old ")


def _kind(line: str) -> LineKind:
    if line.startswith(_HEADS):
        return "file"
    if line.startswith("@@"):
        return "place"
    marks: dict[str, LineKind] = {"+": "added", "-": "deleted"}
    return marks.get(line[:1], "same")


def _file(row: dict[str, Any]) -> ChangedFile:
    """Return a file as its agent's step tells it; what is missing counts as nothing."""
    try:
        return msgspec.convert(row, ChangedFile)
    except msgspec.ValidationError:
        return ChangedFile(str(row.get("path", "?")), "changed")
