"""Which files a task is expected to change, as people say it in place of the planner."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from missioncontrol.domain.canonical import digest
from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from missioncontrol.domain.person import person
from missioncontrol.domain.plan import Component, Phase, Plan, Task

FILES_MAX = 200
PATH_MAX = 500
REASON_MAX = 2_000
_BEGIN = re.compile(r"Begin (?:at|in|with) `(?P<path>[^`:]+)(?::\d+)?`(?:[^`]|`[^`]*`)*?\.(?=\s|$)")
"""The sentence with which the planner says where a task begins; dots in backticks end none."""


class ScopeChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person stated which files a task is expected to change."""

    task: str  # its key
    digest: str  # of the task: in another plan its key may be another one's
    files: tuple[str, ...]  # all of them, in the repository
    by: str
    reason: str = ""


class ChangeScope(msgspec.Struct, frozen=True):
    """Say which files a task is expected to change; none is an answer too."""

    task: str
    files: tuple[str, ...]
    by: str
    reason: str = ""
    shown: str = ""  # `shown_of` the files that were looked at, where that is known


class TaskScope(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last change of the scope of a task."""

    task: str
    digest: str
    files: tuple[str, ...]
    by: str
    at: float  # seconds since the epoch
    reason: str = ""


class Rescoped(msgspec.Struct, frozen=True):
    """A plan with people's changes to the files of its tasks."""

    goal: str
    plan: Plan  # its tasks have the files that people named
    scopes: tuple[TaskScope, ...]  # their changes to them
    planned: Mapping[str, tuple[str, ...]]  # the planner's files, by the keys of those tasks


def decide(
    command: ChangeScope, plan: Plan | None, scopes: Sequence[TaskScope]
) -> list[ScopeChanged]:
    """Answer `command` with the event it makes true, or with none where it is so already.

    Raises:
        NotFound: `task.unknown`.
        Rejected: `mission.no_plan`, `task.bad_scope`.
        Conflict: `task.scope_changed`.
    """
    task = _task(command.task, with_scopes(_known(plan), scopes))
    files = tuple(dict.fromkeys(map(_path, command.files)))
    if len(files) > FILES_MAX:
        raise _bad(f"It has {len(files):,} files; at most {FILES_MAX} fit.", "Split the task.")
    reason = " ".join(command.reason.split())
    if len(reason) > REASON_MAX:
        raise _bad(
            f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.", "Shorten it."
        )
    if command.shown not in ("", shown_of(task.scope)):
        raise Conflict(
            "task.scope_changed",
            f"The files of task {task.key!r} were changed meanwhile.",
            hint=f"They are now: {', '.join(task.scope)[:1_000] or 'none'}.",
        )
    if files == task.scope:
        return []
    return [ScopeChanged(task.key, identity(task), files, command.by, reason)]


def shown_of(files: Sequence[str]) -> str:
    """Return the digest that identifies the files that a person looked at."""
    return digest({"files": list(files)})


def evolve(scopes: Sequence[TaskScope], event: ScopeChanged, at: float) -> tuple[TaskScope, ...]:
    """Return what holds after `event`; of each task the last word."""
    named = event.task, event.digest
    others = (each for each in scopes if (each.task, each.digest) != named)
    now = TaskScope(event.task, event.digest, event.files, event.by, at, event.reason)
    return (*others, now)


def with_scopes(plan: Plan, scopes: Iterable[TaskScope]) -> Plan:
    """Return the plan with people's changes to its tasks in place of the planner's scopes.

    Where a task begins follows its files, and so do the parts that the plan calls changed.
    """
    by_task = {(each.task, each.digest): each for each in scopes}
    if not by_task:
        return plan

    def edited(task: Task) -> Task:
        one = by_task.get((task.key, identity(task)))
        if one is None:
            return task
        return msgspec.structs.replace(
            task, scope=one.files, detail=replace_start_file(task.detail, one)
        )

    phases = tuple(
        msgspec.structs.replace(each, tasks=tuple(map(edited, each.tasks))) for each in plan.phases
    )
    before, after = _scoped(plan.phases), _scoped(phases)
    parts = tuple(_marked(each, before, after) for each in plan.architecture.components)
    architecture = msgspec.structs.replace(plan.architecture, components=parts)
    return msgspec.structs.replace(plan, phases=phases, architecture=architecture)


def replace_start_file(text: str, scope: TaskScope) -> str:
    """Return a task's words with the file to begin at that people named, where it is another."""
    match = _BEGIN.search(text)
    if match is None or match["path"] in scope.files:
        return text
    who = person(scope.by) or scope.by
    planned = f"the plan began at `{match['path']}`."
    if not scope.files:
        now = f"{who} declared that no file is to change; {planned}"
    else:
        now = f"Begin at `{_first(scope.files)}`, as {who} declared; {planned}"
    return f"{text[: match.start()]}{now}{text[match.end() :]}"


def _first(files: Sequence[str]) -> str:
    """Return the file that work begins at: a test is written for something else."""
    return next((path for path in files if "test" not in path.rpartition("/")[2].lower()), files[0])


def _scoped(phases: Iterable[Phase]) -> frozenset[str]:
    return frozenset(path for each in phases for task in each.tasks for path in task.scope)


def _marked(part: Component, before: frozenset[str], after: frozenset[str]) -> Component:
    """Return a part of the plan, marked as changed where a task changes its file now."""
    if part.change == "changed" and part.path in before - after:
        return msgspec.structs.replace(part, change="unchanged")
    if part.change == "unchanged" and part.path in after - before:
        return msgspec.structs.replace(part, change="changed")
    return part


def scopes_of(plan: Plan, scopes: Iterable[TaskScope]) -> tuple[TaskScope, ...]:
    """Return the changed scopes of the tasks of this plan."""
    tasks = {(task.key, identity(task)) for task in plan.tasks()}
    return tuple(each for each in scopes if (each.task, each.digest) in tasks)


def rescoped(goal: str, plan: Plan, scopes: Iterable[TaskScope]) -> Rescoped:
    """Return the planner's plan with people's changes to its tasks."""
    stated = scopes_of(plan, scopes)
    edited = {each.task for each in stated}
    planned = {task.key: task.scope for task in plan.tasks() if task.key in edited}
    return Rescoped(goal, with_scopes(plan, stated), stated, planned)


def identity(task: Task) -> str:
    """Return the digest that tells a task from another one with its key."""
    return digest({"task": task.key, "title": task.title})


def _known(plan: Plan | None) -> Plan:
    if plan is None:
        raise Rejected(
            "mission.no_plan",
            "The mission has no plan, so there is no task yet.",
            hint="`mission runs retry RUN` plans again.",
        )
    return plan


def _task(key: str, plan: Plan) -> Task:
    found = next((task for task in plan.tasks() if task.key == key), None)
    if found is None:
        raise NotFound(
            "task.unknown",
            f"The plan has no task {key[:100]!r}; it has "
            f"{', '.join(task.key for task in plan.tasks())[:1_000]}.",
            hint="`mission runs trace show RUN` tells what each is for.",
        )
    return found


def _path(text: str) -> str:
    """Return a path of the repository as it is written everywhere."""
    hint = "Write it as seen from the top of the repository, such as src/app.py."
    if len(text) > PATH_MAX:
        raise _bad(f"A path has {len(text):,} characters; at most {PATH_MAX} fit.", hint)
    parts = [part for part in text.strip().split("/") if part not in ("", ".")]
    is_outside = text.lstrip().startswith("/") or ".." in parts
    if is_outside or not parts or not text.isprintable():
        raise _bad(f"{text[:80]!r} is no file of the repository.", hint)
    return "/".join(parts)


def _bad(reason: str, hint: str) -> Rejected:
    return Rejected("task.bad_scope", reason, hint=hint)
