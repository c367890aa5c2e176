"""The form in which a person says which files a task is expected to change."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from missioncontrol.application.checkout import absent
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import Task
from missioncontrol.domain.scope import FILES_MAX, PATH_MAX, REASON_MAX, TaskScope, shown_of

SUGGESTED_MAX = 20
"""Likely files that the form offers besides those that the task has."""

TYPED_MAX = FILES_MAX * (PATH_MAX + 2)


class Typed(NamedTuple):
    """The values of the form: files the user ticked, others that they wrote, and why."""

    task: str
    ticked: tuple[str, ...]
    others: str  # a path a line
    reason: str
    shown: str  # which files the form was made with

    @property
    def files(self) -> list[str]:
        """All files, those that were ticked first."""
        return [*self.ticked, *(line for line in self.others.splitlines() if line.strip())]


class Choice(NamedTuple):
    """A file that the form offers, and why."""

    path: str
    is_ticked: bool
    why: str


class ScopeForm(NamedTuple):
    """What the form shows."""

    task: str
    choices: tuple[Choice, ...]
    others: str
    reason: str
    shown: str
    fault: str


def typed_in(form: Any) -> Typed:
    """Return what a form says; it is checked where it is decided."""
    ticked = tuple(str(each) for each in form.getall("file", []))[: FILES_MAX + 1]
    others = str(form.get("others", ""))[:TYPED_MAX]
    reason = str(form.get("reason", "")).strip()[: REASON_MAX + 1]
    return Typed(str(form.get("task", "")), ticked, others, reason, str(form.get("shown", "")))


def form(
    story: RunReport, key: str, typed: Typed | None = None, fault: str = ""
) -> ScopeForm | None:
    """Return the form for a task; None where the plan has none of that key, or is an older one."""
    plan = story.reading.plan
    task = next((each for each in plan.tasks() if each.key == key), None)
    if task is None or not is_newest(story):
        return None
    ticked = task.scope if typed is None else typed.ticked
    choices = tuple(_choices(story, task, ticked))
    # After another user's change the form shows the new scope, and typed values stay.
    shown = shown_of(task.scope)
    if typed is None:
        return ScopeForm(key, choices, "", "", shown, fault)
    return ScopeForm(key, choices, typed.others, typed.reason, shown, fault)


def is_newest(story: RunReport) -> bool:
    """Whether what people say of tasks is about the run that is shown."""
    return story.state.id == story.mission.runs[-1]


def latest_scopes(story: RunReport) -> dict[str, TaskScope]:
    """Return the newest scopes that people set, by the keys of the tasks."""
    return {each.task: each for each in story.reading.record.scopes}


def absent_of(story: RunReport) -> frozenset[str]:
    """Return the files that people named and that do not lie in the repository."""
    record = story.reading.record
    named = {path for each in record.scopes for path in each.files}
    return frozenset(absent(record.repository, named))


def _choices(story: RunReport, task: Task, ticked: tuple[str, ...]) -> Iterator[Choice]:
    likely = _likely(story, task)
    for path in dict.fromkeys((*task.scope, *ticked)):
        why = "named now" if path in task.scope else ""
        yield Choice(path, path in ticked, _reason(likely.pop(path, None)) or why)
    for path, each in list(likely.items())[:SUGGESTED_MAX]:
        yield Choice(path, is_ticked=False, why=_reason(each))


def _likely(story: RunReport, task: Task) -> dict[str, LikelyFile]:
    """Return where the work for the task's requirements will be, the likeliest file first."""
    files = [
        each
        for one in story.reading.plan.likely
        if one.requirement in task.requirements
        for each in one.files
    ]
    found: dict[str, LikelyFile] = {}
    for each in sorted(files, key=lambda each: -each.share):
        found.setdefault(each.path, each)
    return found


def _reason(file: LikelyFile | None) -> str:
    return "; ".join(file.reasons[:2]) if file else ""
