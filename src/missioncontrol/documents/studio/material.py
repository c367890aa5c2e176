"""What a document may say: the record, what specialists handed in as data, and their sources."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import msgspec

from missioncontrol.documents.drawing.material import Material as Drawable
from missioncontrol.documents.excerpts import ReadSource
from missioncontrol.documents.exhibits import ReadArtifact, readable
from missioncontrol.documents.markup import plain, shortened, spans
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.documents.studio.model import SOURCES_MAX, Row, Source, Statement
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.passages import ITEM, without_code
from missioncontrol.domain.person import person
from missioncontrol.domain.plan import Decision, Requirement, Risk, Task
from missioncontrol.domain.work import ArtifactRef

DATA_BYTES_MAX = 8_000_000
"""An artifact that is larger is not read as data."""

WORDS_MAX = 200
"""Characters of what a source says that its line repeats."""

SUBJECT_MAX = 80
"""Characters of a name that sentences can carry."""

EMPTY = "\u2013"
"""What stands in a cell of a table that says nothing."""

_PLACE = re.compile(r"([\w.@+-]+(?:/[\w.@+-]+)*\.?[\w-]+):(\d+)(?:-\d+)?")


class Material:
    """One record, read with the artifacts that it names."""

    def __init__(
        self,
        record: MissionRecord,
        read: ReadArtifact,
        logged: Mapping[str, LoggedDecision] | None = None,
        source: ReadSource | None = None,
    ) -> None:
        """Nothing is read before a document needs it; the same record gives the same document.

        `logged` is what the log of decisions says by now, by their ids there. `source` reads the
        repository; only files that people gave a task since it was packed need that.
        """
        self.source = source
        self.logged = logged or {}
        self.record = record
        self.plan = record.plan
        self.reading = Reading(record)
        self._read = read

    # What there is.

    @cached_property
    def subject(self) -> str:
        """What the code is called: as its manifest says, else as its directory."""
        name = self.part("survey.json", "stack", "name")
        if isinstance(name, str) and 0 < len(name.strip()) <= SUBJECT_MAX:
            return name.strip()
        return PurePosixPath(self.record.repository).name or "the code"

    @cached_property
    def artifacts(self) -> dict[str, tuple[TaskRecord, ArtifactRef]]:
        """By name, each of the last task that handed it in."""
        return {
            artifact.name: (one, artifact)
            for one in self.record.tasks
            for artifact in one.work.artifacts
        }

    def data(self, name: str) -> Any:
        """Return what a JSON artifact says; None where there is none, or it can't be read."""
        return self._data.get(name)

    @cached_property
    def _data(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, (_, artifact) in self.artifacts.items():
            if name.endswith(".json") and artifact.size <= DATA_BYTES_MAX:
                content, fault = readable(artifact, self._read)
                try:
                    found[name] = None if fault else msgspec.json.decode(content)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    found[name] = None
        return found

    def text(self, name: str) -> str:
        """Return the text of an artifact, "" where it can't be read."""
        if name not in self.artifacts or self.artifacts[name][1].size > DATA_BYTES_MAX:
            return ""
        content, fault = readable(self.artifacts[name][1], self._read)
        return "" if fault else content.decode("utf-8", "replace")

    def part(self, name: str, *path: str | int) -> Any:
        """Return a part of a JSON artifact; None where it is not there."""
        value = self.data(name)
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def rows(self, name: str, *path: str | int) -> list[dict[str, Any]]:
        """Return the objects of a list in a JSON artifact; none where it is not there."""
        found = self.part(name, *path)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @cached_property
    def changes(self) -> tuple[TaskRecord, ...]:
        """The tasks that change code, by agents or by people."""
        return tuple(one for one in self.record.tasks if one.task.is_change)

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """Files that the plan changes or expects to change, in its order."""
        parts = [
            part.path
            for part in self.plan.architecture.components
            if part.path and part.change != "unchanged"
        ]
        scopes = [path for one in self.changes for path in one.task.scope]
        return tuple(dict.fromkeys((*parts, *scopes)))

    def serving(self, wanted: Requirement) -> tuple[TaskRecord, ...]:
        """Return the tasks that change code for a requirement, or else all that serve it.

        A constraint that has tasks of its own is shown to hold by them.
        """
        all_ = tuple(one for one in self.record.tasks if wanted.id in one.task.requirements)
        changing = tuple(one for one in all_ if one.task.is_change)
        own = tuple(one for one in changing if one.task.requirements == (wanted.id,))
        return (own if wanted.kind == "constraint" else ()) or changing or all_

    def criteria(self, wanted: Requirement) -> tuple[tuple[TaskRecord, str], ...]:
        """Return what has to hold for a requirement, each with the task that says so.

        Of a task that serves several, what quotes another one of them belongs to that.
        """
        others = [each.text for each in self.plan.requirements if each.id != wanted.id]
        listed = [(one, text) for one in self.serving(wanted) for text in one.task.acceptance]
        own = [each for each in listed if wanted.text in each[1]]
        if any(len(one.task.requirements) > 1 for one, _ in own):
            return tuple(own)
        fit = [each for each in listed if not any(other in each[1] for other in others)]
        return tuple(fit or listed)

    @cached_property
    def drawable(self) -> Drawable:
        """What diagrams are drawn from."""
        return Drawable(self.record, self._read)

    @cached_property
    def asked(self) -> str:
        """The goal without its blocks of code; all of it where it is nothing else."""
        return listed_in_prose(without_code(self.record.goal).strip() or self.record.goal)

    @cached_property
    def shown(self) -> str:
        """What a sentence adds about the blocks of code that the goal holds."""
        return (
            ""
            if without_code(self.record.goal) == self.record.goal
            else ", with the output that it quotes"
        )

    # Sources.

    @cached_property
    def goal(self) -> Source:
        """The goal, in its own words."""
        return Source("goal", "goal", f"The goal: “{short(self.asked)}”")

    @cached_property
    def context(self) -> Source:
        """The context given with the goal."""
        return Source("context", "context", f"Given with the goal: “{short(self.record.context)}”")

    @cached_property
    def whole_plan(self) -> Source:
        """The plan as it was accepted."""
        position = next(
            (each.position for each in self.record.events if each.type == "plan_accepted"), 0
        )
        how = f", made {self.plan.obtained}" if self.plan.obtained else ""
        at = f", accepted in event {position}" if position else ""
        return Source("plan", "plan", f"The plan{at}{how}", position=position)

    @cached_property
    def standing(self) -> Source:
        """How the run stands: the newest event that says so."""
        settled = [each for each in self.record.events if each.type == "run_settled"]
        if settled:
            return self.event(settled[-1].position, f"the run ended: {self.record.status}")
        newest = self.record.events[-1].position if self.record.events else 0
        return self.event(newest, "the newest event that this was written from")

    def event(self, position: int, words: str) -> Source:
        """Return an event of the log as a source."""
        return Source(f"event:{position}", "event", f"Event {position}: {words}", position=position)

    def constraint(self, number: int) -> Source:
        """Return a constraint by its place, from 1."""
        text = self.record.constraints[number - 1]
        return Source(f"constraint:{number}", "constraint", f"Constraint {number}: “{short(text)}”")

    def requirement(self, each: Requirement) -> Source:
        """Return a requirement as a source."""
        origin = f", from {short(each.source)}" if each.source else ""
        return Source(each.id, "requirement", f"Requirement {each.id}: {short(each.text)}{origin}")

    def decision(self, each: Decision) -> Source:
        """Return a decision as a source."""
        return Source(each.id, "decision", f"Decision {each.id}: {short(each.title)}")

    def risk(self, each: Risk) -> Source:
        """Return a risk as a source."""
        return Source(each.id, "risk", f"Risk {each.id}: {short(each.title)}")

    def task(self, task: Task) -> Source:
        """Return a task of the plan as a source."""
        return Source(f"task:{task.key}", "task", f"Task `{task.key}` of the plan: {task.title}")

    def scope(self, task: Task) -> Source:
        """The source of the files that a task is to change: a person, or else the plan."""
        scope = next((each for each in self.record.scopes if each.task == task.key), None)
        if scope is None:
            return self.task(task)
        who = person(scope.by) or scope.by
        why = f": “{short(scope.reason)}”" if scope.reason else ""
        words = f"{who}, on the files of task `{task.key}`{why}"
        return Source(f"scope:{task.key}", "person", words)

    def question(self, number: int) -> Source:
        """Return an open question of the plan by its place, from 1."""
        return Source(f"question:{number}", "question", f"Question {number} of the plan")

    def code(self, path: str, line: int) -> Source:
        """Return a line of the repository as a source."""
        commit = self.record.commit
        at = f" at commit {commit[:12]}" if commit else ""
        return Source(
            f"{path}:{line}",
            "code",
            f"`{path}` line {line}{at}",
            path=path,
            line=line,
            commit=commit,
        )

    def result(self, one: TaskRecord) -> Source:
        """Return the event that brought a task's result, or the task where none did."""
        for attempt in reversed(one.attempts):
            if attempt.settled_position:
                words = f"task `{one.task.key}` {one.state.replace('_', ' ')}"
                return self.event(attempt.settled_position, words)
        return self.task(one.task)

    def held(self, name: str, *path: str | int) -> Source:
        """Return a place in an artifact as a source; its task where there is no such artifact."""
        if name not in self.artifacts:
            return self.whole_plan
        one, artifact = self.artifacts[name]
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
        text = f"`{name}`{f' {pointer}' if pointer else ''} of task `{one.task.key}`"
        return Source(
            f"{name}{pointer}",
            "artifact",
            f"{text}, SHA-256 {artifact.digest[:12]}…",
            digest=artifact.digest,
            pointer=pointer,
        )

    def tested(self, one: TaskRecord) -> Source:
        """Return what tells how the tests of a task ended."""
        name = next((a.name for a in one.work.artifacts if a.name == "tests.json"), "")
        if not name:
            return self.result(one)
        artifact = next(a for a in one.work.artifacts if a.name == name)
        return Source(
            f"tests:{one.task.key}",
            "tests",
            f"`{name}` of task `{one.task.key}`, SHA-256 {artifact.digest[:12]}…",
            digest=artifact.digest,
        )

    # Saying something.

    def say(self, text: str, *sources: Source) -> Statement:
        """Return a statement; lines of the repository that it names are sources of it too."""
        return Statement(plain(text), self._with_places(text, sources))

    def row(self, cells: Iterable[str], *sources: Source) -> Row:
        """Return a row of a table, as `say` returns a statement."""
        texts = tuple(cells)
        return Row(tuple(map(cell, texts)), self._with_places(" ".join(texts), sources))

    def _with_places(self, text: str, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        found = {each.key: each for each in sources}
        for path, line in places_in(text):
            found.setdefault(f"{path}:{line}", self.code(path, line))
        return tuple(found.values())[:SOURCES_MAX]


def places_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that a text names as code."""
    for piece, is_code in spans(text):
        match = _PLACE.fullmatch(piece) if is_code else None
        if match:
            yield match[1], int(match[2])


def cell(text: str) -> str:
    """Return text for a cell of a table; an empty one shows a dash."""
    return plain(text) if text.strip() else EMPTY


def listed_in_prose(text: str) -> str:
    """Return a text whose list items are sentences: on one line their dashes would be joints."""
    lines: list[str] = []
    for line in text.split("\n"):
        item = ITEM.match(line)
        if item and lines and lines[-1].strip() and lines[-1].rstrip()[-1] not in ".!?:;,…":
            lines[-1] = f"{lines[-1].rstrip()};"
        lines.append(item["text"] if item else line)
    return "\n".join(lines)


def short(text: str, most: int = WORDS_MAX) -> str:
    """Return the beginning of a text on one line."""
    return shortened(" ".join(text.split()), most)


def code(text: str) -> str:
    """Return a name as code."""
    return f"`{text.replace('`', '')}`" if text.strip() else ""


def named(names: Iterable[str], *, most: int = 6) -> str:
    """Return names as code in a sentence: `a`, `b` and 3 more."""
    listed = [code(name) for name in names]
    shown, left = listed[:most], len(listed) - most
    if left > 0:
        return f"{', '.join(shown)} and {left} more"
    return together(shown)


def together(parts: list[str]) -> str:
    """Return parts of a sentence with commas and an and: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def ended(text: str) -> str:
    """Return a text as a sentence with its full stop."""
    bare = text.strip()
    is_ended = bare.rstrip('”\u2019")').endswith((".", "!", "?", "…"))
    return bare if is_ended or not bare else f"{bare}."
