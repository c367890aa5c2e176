"""Folds the events of missions into the work items of their plans."""

from missioncontrol.domain import mission as m
from missioncontrol.domain.execution import SEES_FAILURES
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work_item import events as w
from missioncontrol.projections.work_rows import TITLE_MAX, EpicRow, Items, WorkRow, mark, move


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
