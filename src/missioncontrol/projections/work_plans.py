"""Folds the events of missions and repositories into the work items of plans and tasks."""

import re
from typing import Any

import msgspec

from missioncontrol.domain import mission as m
from missioncontrol.domain.execution import SEES_FAILURES
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.repository import events as p
from missioncontrol.domain.repository.evolve import evolve
from missioncontrol.domain.repository.gates import gate
from missioncontrol.domain.repository.states import (
    Done,
    Dropped,
    Preparing,
    Repository,
    RepositoryTask,
    Started,
)
from missioncontrol.domain.work_item import events as w
from missioncontrol.projections.work_rows import (
    TITLE_MAX,
    EpicRow,
    Items,
    WorkRow,
    as_user,
    is_over,
    mark,
    move,
)

PREFIX_MAX = 4


def adopt(items: Items, stream: str, event: p.RepositoryAdopted, at: float) -> None:
    name = event.path.rstrip("/").rpartition("/")[2] or "Repository"
    key = _prefix(items, stream, name)
    items.epics[stream] = EpicRow(
        stream, key, "repository", name, at, event.path, path=event.path, process=event.process
    )


def _prefix(items: Items, id_: str, name: str) -> str:
    """Return the letters before the numbers of a repository's tasks; no other has the same."""
    letters = re.sub(r"[^A-Z0-9]", "", name.upper())[:PREFIX_MAX] or "REPO"
    taken, found, number = items.numbers.prefixes, letters, 2
    while taken.get(found, id_) != id_ or found in ("M", "Q", "A"):
        found, number = f"{letters}{number}", number + 1
    items.numbers.prefixes = {**taken, found: id_}
    return found


def change_process(items: Items, stream: str, event: p.ProcessChanged, at: float) -> None:
    epic = items.epic(stream)
    if epic is None:
        return
    epic.process = event.process
    for id_ in epic.children:
        row = items.item(id_)
        if row is not None and not is_over(row):
            _stand(items, epic, row, at)


def change_task(items: Items, stream: str, event: Any, at: float) -> None:
    """Fold an event of one task of a repository in, by the rules of that noun."""
    epic = items.epic(stream)
    if epic is None or epic.process is None:
        return
    number = event.task
    id_ = f"{stream}/{number}"
    row = items.item(id_)
    if row is None:
        if not isinstance(event, p.RepositoryTaskAdded):
            return
        epic.children = [*epic.children, id_]
        key = f"{epic.key}-{number}"
        row = WorkRow(id_, key, "repository_task", event.title[:TITLE_MAX], at, epic=stream)
        row.repository = epic.title
        items.add(row)
    row.task = _after(row.task, epic, event, at)
    row.title, row.updated = row.task.title[:TITLE_MAX], at
    _stand(items, epic, row, at)


def _stand(items: Items, epic: EpicRow, row: WorkRow, at: float) -> None:
    """Put a task of a repository where its documents and its stage say."""
    assert row.task is not None
    assert epic.process is not None
    stage = row.task.stage
    match stage:
        case Done():
            items.end(row, at)
        case Dropped():
            items.drop(row, at, stage.reason)
        case Started():
            row.gates = ()
            if not row.started_by:
                row.started_by = stage.by.name
                row.assignee = row.assignee or as_user(stage.by.name)
                move(row, "building", "building", at)
        case Preparing():
            reasons = gate(row.task, "implementation", epic.process)
            row.gates = tuple(each.words for each in reasons[:3])
            items.look(row, at)


def run_tasks(items: Items, stream: str, event: p.RepositoryTasksRun, at: float) -> None:
    epic = items.epic(stream)
    if epic is None:
        return
    for number in event.tasks:
        row = items.item(f"{stream}/{number}")
        if row is None or row.task is None:
            continue
        row.task = _after(row.task, epic, event, at)
        row.run, row.step, row.failed_need = event.run, f"task-{number}", ""
        row.agent = event.agents.get("builder", "")
        row.reviewer = event.agents.get("reviewer", "local").replace("local", "")
        row.assignee = f"agent:{row.agent}" if row.agent else row.assignee
        row.asks, row.is_halted = (), False
        _give_to_session(items, row, event.session)
        move(row, "ready_to_build", "ready_to_build", at)


def _give_to_session(items: Items, row: WorkRow, session: p.SessionAtWork | None) -> None:
    items.leave_session(row)
    row.session, row.session_of, row.session_waits = "", "", ""
    if session is None:
        return
    row.assignee = f"session:{session.name}"
    row.session, row.session_of, row.session_waits = session.id, session.person, session.waits
    if session.follows:
        items.numbers.sessions = {**items.numbers.sessions, session.id: row.id}


def _after(task: RepositoryTask | None, epic: EpicRow, event: Any, at: float) -> RepositoryTask:
    """Return a task of a repository after an event of it, by the fold of repositories."""
    assert epic.process is not None
    tasks = {task.number: task} if task is not None else {}
    number = task.number if task is not None else event.task
    if isinstance(event, p.RepositoryTasksRun):
        event = msgspec.structs.replace(event, tasks=(number,))
    state = evolve(Repository(epic.id, epic.path, epic.process, tasks, {}), event, at)
    return state.tasks[number]


def create_mission(items: Items, stream: str, event: m.MissionCreated, at: float) -> None:
    items.numbers.missions += 1
    key = f"M-{items.numbers.missions}"
    title = event.title[:TITLE_MAX]
    items.epics[stream] = EpicRow(
        stream, key, "mission", title, at, event.repository, path=event.repository
    )


def accept_plan(items: Items, stream: str, event: m.PlanAccepted, at: float) -> None:
    epic = items.epic(stream)
    assert epic is not None, f"mission {stream} is planned before it is created"
    tasks = {f"{stream}/{task.key}": task for task in event.plan.tasks()}
    for id_ in epic.children:
        row = items.item(id_)
        if row is not None and id_ not in tasks and not row.is_gone:
            row.is_gone = True
            mark(row, "cancelled", at, "A newer plan has it no more.")
    for id_, task in tasks.items():
        _plan_task(items, epic, id_, task, at)
    for id_ in tasks:
        _link(items, id_)
    _estimate(items, stream, event.plan)
    for id_ in tasks:
        items.look(_known(items, id_), at)


def _known(items: Items, id_: str) -> WorkRow:
    row = items.item(id_)
    assert row is not None, f"{id_} was just taken in"
    return row


def _plan_task(items: Items, epic: EpicRow, id_: str, task: Task, at: float) -> None:
    row = items.item(id_)
    kind: w.Kind = "person_task" if task.is_handover else "task"
    if row is None or row.is_gone:
        key = row.key if row is not None else f"{epic.key}.{epic.next}"
        epic.next += row is None
        row = items.add(WorkRow(id_, key, kind, task.title, at, epic=epic.id))
        move(row, "planned", "planned", at)
    if id_ not in epic.children:
        epic.children = [*epic.children, id_]
    row.kind, row.title, row.repository = kind, task.title[:TITLE_MAX], epic.repository
    row.agent = "" if task.is_handover else task.agent or task.role
    if task.key in epic.steps and not row.run:
        row.run, row.step, row.agent = epic.run, task.key, epic.steps[task.key]
    row.needs = tuple(f"{epic.id}/{need}" for need in task.needs)
    row.feeds, row.sees_failures = (), task.role in SEES_FAILURES


def _link(items: Items, id_: str) -> None:
    for need in _known(items, id_).needs:
        found = items.item(need)
        if found is not None and id_ not in found.feeds:
            found.feeds = (*found.feeds, id_)


def start_mission(items: Items, stream: str, event: m.MissionStarted, _: float) -> None:
    epic = items.epic(stream)
    if epic is not None:
        epic.run = event.run


def _estimate(items: Items, mission: str, plan: Plan) -> None:
    """Note what the plan expects each task to take."""
    for each in plan.estimates:
        row = items.item(f"{mission}/{each.task}") if each.task else None
        if row is None:
            continue
        match each.measure:
            case "seconds":
                row.estimated_seconds = each.likely
            case "cost":
                row.estimated_cost = round(each.likely)
            case "hours":
                row.hours = row.hours or each.likely
            case _:
                pass
