"""What agents changed in the code of a mission: the files, the proof of them, and the diff."""

from typing import Any, Literal

import msgspec

from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.building import DOUBTS, NOTHING_CHANGED, PATCH, proves

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
    """All that was changed, by the last task that succeeded; it has the changes before it too."""

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
        """The tasks for whose sake it is not proven, each with why; not done has no words."""
        everything = (*self.tasks, *self.proofs)
        undone = tuple((one, "") for one in everything if one.state != "succeeded")
        return undone or tuple((one, why) for one in self.proofs for why in doubts(one))

    @property
    def is_proven(self) -> bool:
        """Whether all changes were made, and tests were run on the outcome and show no harm."""
        return bool(self.proofs) and not self.unproven


def doubts(one: TaskRecord) -> tuple[str, ...]:
    """Return why a task that was to prove a change has not; nothing where it has."""
    return tuple(each.title for each in one.work.findings if each.rule in DOUBTS)


def is_unproven(one: TaskRecord) -> bool:
    """Whether a task was to prove a change, and could not."""
    return bool(doubts(one))


def is_unchanged(one: TaskRecord) -> bool:
    """Whether a task was to prove a change, and there was none."""
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
    """Return what was changed, or None where no agent was to change anything, or none has."""
    tasks = tuple(one for one in record.tasks if one.task.is_change and one.task.agent)
    done = [one for one in tasks if one.state == "succeeded"]
    if not done:
        return None
    waited_for = {need for one in done for need in one.task.needs}
    last = next((one for one in done if one.task.key not in waited_for), done[-1])
    output = last.work.output if isinstance(last.work.output, dict) else {}
    files = changed_files(last)
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
    """Return the files that a task says it changed; none where it changes nothing."""
    if not one.task.is_change or not isinstance(one.work.output, dict):
        return []
    told = one.work.output.get("files", ())
    files = told if isinstance(told, list | tuple) else ()
    return [_file(each) for each in files if isinstance(each, dict)]


def diff(of: Changes, read_artifact: ReadArtifact) -> Diff:
    """Return the diff as it can be shown."""
    if of.exhibit is None:
        return Diff()
    content, fault = readable(of.exhibit.artifact, read_artifact)
    # A form feed or the like stands within a line, and would begin one that nobody wrote.
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


def _file(told: dict[str, Any]) -> ChangedFile:
    """Return a file as its agent's step tells it; what is missing counts as nothing."""
    try:
        return msgspec.convert(told, ChangedFile)
    except msgspec.ValidationError:
        return ChangedFile(str(told.get("path", "?")), "changed")
