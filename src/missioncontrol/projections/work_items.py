"""Folds the log into work items: tasks of missions and repositories, questions and alerts.

An item is never written by itself: what it says follows from the events of its mission, its run,
its repository, its product, and from what people state about it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain import alert as a
from missioncontrol.domain import mission as m
from missioncontrol.domain import question as q
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
from missioncontrol.domain.run import events as r
from missioncontrol.domain.work_item import changes as w
from missioncontrol.domain.work_item.stages import STARTABLE
from missioncontrol.ports.read_tables import ListedRow, RunRow
from missioncontrol.projections import work_runs
from missioncontrol.projections.work_rows import (
    EpicRow,
    Numbers,
    WorkRow,
    is_over,
    mark,
    move,
    rest,
)

ITEM, EPIC, NUMBERS = "work_item", "work_epic", "work_numbers"
SHAPES: dict[str, type[msgspec.Struct]] = {ITEM: WorkRow, EPIC: EpicRow, NUMBERS: Numbers}
DECODERS = {kind: msgspec.json.Decoder(shape) for kind, shape in SHAPES.items()}
_ENCODER = msgspec.json.Encoder()
_NUMBERS = "all"
TITLE_MAX = 300
PREFIX_MAX = 4

T = TypeVar("T", bound=msgspec.Struct)
Read = Callable[[str, str], ListedRow | None]  # kind, id


class WorkItems:
    """Rows that changed since they were last saved, over those that are stored."""

    def __init__(self, read: Read, run: Callable[[str], RunRow | None]) -> None:
        """`read` returns a stored row, `run` the row of a run as of now."""
        self._read = read
        self._run = run
        self.items: dict[str, WorkRow] = {}
        self.epics: dict[str, EpicRow] = {}
        self._numbers: Numbers | None = None
        self._owners = work_runs.Owners(run)

    def clear(self) -> None:
        """Forget what was changed: it is stored."""
        self.items.clear()
        self.epics.clear()
        self._numbers = None

    def restart(self) -> None:
        """Forget everything, before the log is folded from its beginning."""
        self.clear()
        self._owners = work_runs.Owners(self._run)

    def changed(self) -> Iterator[ListedRow]:
        """Yield what is to be stored."""
        for item in self.items.values():
            yield ListedRow(ITEM, item.id, not is_over(item), _ENCODER.encode(item))
        for epic in self.epics.values():
            yield ListedRow(EPIC, epic.id, True, _ENCODER.encode(epic))
        if self._numbers is not None:
            yield ListedRow(NUMBERS, _NUMBERS, False, _ENCODER.encode(self._numbers))

    def item(self, id_: str) -> WorkRow | None:
        """Return an item, to be read or changed."""
        found = self.items.get(id_) or self._stored(ITEM, id_, WorkRow)
        if found is not None:
            self.items[id_] = found
        return found

    def epic(self, id_: str) -> EpicRow | None:
        """Return what items belong to, to be read or changed."""
        found = self.epics.get(id_) or self._stored(EPIC, id_, EpicRow)
        if found is not None:
            self.epics[id_] = found
        return found

    @property
    def numbers(self) -> Numbers:
        """What keys are made of, to be changed."""
        if self._numbers is None:
            self._numbers = self._stored(NUMBERS, _NUMBERS, Numbers) or Numbers()
        return self._numbers

    def _stored(self, kind: str, id_: str, shape: type[T]) -> T | None:
        found = self._read(kind, id_)
        if found is None:
            return None
        row = DECODERS[kind].decode(found.body)
        assert isinstance(row, shape)
        return row

    def apply(self, stream: str, event: Any, at: float) -> None:
        """Fold one event in; those that change no item cost a look at a table."""
        if isinstance(event, r.Event):
            owner = self._owners.of(stream, event)
            if owner is not None:
                work_runs.apply(self, owner, stream, event, at)
            return
        handle = _HANDLERS.get(type(event))
        if handle is not None:
            handle(self, stream, event, at)

    def item_of_step(self, run: str, step: str) -> WorkRow | None:
        """Return the item that a step carries out; None for a run that is not its newest."""
        owner = self._owners.of(run, None)
        row = self.item(owner.item(step)) if owner is not None else None
        return row if row is not None and row.run == run else None

    def look(self, row: WorkRow, at: float) -> None:
        """Put an item that has not begun where its needs and its documents allow it to be."""
        if row.word not in STARTABLE and not self._waits_to_begin(row):
            return
        if not self._may_begin(row):
            move(row, "planned", "planned", at)
        elif row.assignee.startswith("user:") and row.kind != "task":
            move(row, "waiting", "waiting", at)
        else:
            move(row, "ready_to_build", "ready_to_build", at)

    def _waits_to_begin(self, row: WorkRow) -> bool:
        return row.word == "waiting" and not row.asks and not row.started_by and not row.is_halted

    def _may_begin(self, row: WorkRow) -> bool:
        if any(not self._is_over(each) for each in row.on) or row.gates:
            return False
        if row.kind == "alert":
            return bool(row.started_by)
        if row.kind == "task":
            epic = self.epic(row.epic)
            if epic is None or not epic.is_planned or not row.run:
                return False
        return all(self._allows(each, row) for each in row.needs)

    def _is_over(self, id_: str) -> bool:
        found = self.item(id_)
        return found is None or is_over(found)

    def _allows(self, need: str, row: WorkRow) -> bool:
        found = self.item(need)
        if found is None:
            return True
        if row.sees_failures:
            return is_over(found) or found.word == "failed" or bool(found.failed_need)
        return found.word == "done" or found.reason.startswith(work_runs.SKIPPED)

    def look_at_dependants(self, row: WorkRow, at: float) -> None:
        """Put those that need an item which has ended where they may be now."""
        for each in row.feeds:
            found = self.item(each)
            if found is not None:
                self.look(found, at)

    def end(self, row: WorkRow, at: float, reason: str = "") -> None:
        """Take an item as done."""
        move(row, "done", "done", at, reason)
        rest(row, at)
        row.asks, row.is_halted, row.failed_need = (), False, ""
        self.look_at_dependants(row, at)

    def drop(self, row: WorkRow, at: float, reason: str) -> None:
        """Take an item as not to be done."""
        mark(row, "cancelled", at, reason)
        self.look_at_dependants(row, at)

    def add(self, row: WorkRow) -> WorkRow:
        """Take a new item in."""
        self.items[row.id] = row
        return row

    # Missions.

    def create_mission(self, stream: str, event: m.MissionCreated, at: float) -> None:
        self.numbers.missions += 1
        key = f"M-{self.numbers.missions}"
        title = event.title[:TITLE_MAX]
        self.epics[stream] = EpicRow(
            stream, key, "mission", title, at, event.repository, path=event.repository
        )

    def accept_plan(self, stream: str, event: m.PlanAccepted, at: float) -> None:
        epic = self.epic(stream)
        assert epic is not None, f"mission {stream} is planned before it is created"
        tasks = {f"{stream}/{task.key}": task for task in event.plan.tasks()}
        for id_ in epic.children:
            row = self.item(id_)
            if row is not None and id_ not in tasks and not row.is_gone:
                row.is_gone = True
                mark(row, "cancelled", at, "A newer plan has it no more.")
        for id_, task in tasks.items():
            self._plan_task(epic, id_, task, at)
        for id_ in tasks:
            self._link(id_)
        _estimate(self, stream, event.plan)
        for id_ in tasks:
            self.look(self._known(id_), at)

    def _known(self, id_: str) -> WorkRow:
        row = self.item(id_)
        assert row is not None, f"{id_} was just taken in"
        return row

    def _plan_task(self, epic: EpicRow, id_: str, task: Task, at: float) -> None:
        row = self.item(id_)
        kind: w.Kind = "person_task" if task.is_handover else "task"
        if row is None or row.is_gone:
            key = row.key if row is not None else f"{epic.key}.{epic.next}"
            epic.next += row is None
            row = self.add(WorkRow(id_, key, kind, task.title, at, epic=epic.id))
            move(row, "planned", "planned", at)
        if id_ not in epic.children:
            epic.children = [*epic.children, id_]
        row.kind, row.title, row.repository = kind, task.title[:TITLE_MAX], epic.repository
        row.agent = "" if task.is_handover else task.agent or task.role
        if task.key in epic.steps and not row.run:
            row.run, row.step, row.agent = epic.run, task.key, epic.steps[task.key]
        row.needs = tuple(f"{epic.id}/{need}" for need in task.needs)
        row.feeds, row.sees_failures = (), task.role in SEES_FAILURES

    def _link(self, id_: str) -> None:
        for need in self._known(id_).needs:
            found = self.item(need)
            if found is not None and id_ not in found.feeds:
                found.feeds = (*found.feeds, id_)

    def start_mission(self, stream: str, event: m.MissionStarted, _: float) -> None:
        epic = self.epic(stream)
        if epic is not None:
            epic.run = event.run

    # Repositories.

    def adopt(self, stream: str, event: p.RepositoryAdopted, at: float) -> None:
        name = event.path.rstrip("/").rpartition("/")[2] or "Repository"
        key = self._prefix(stream, name)
        self.epics[stream] = EpicRow(
            stream, key, "repository", name, at, event.path, path=event.path, process=event.process
        )

    def _prefix(self, id_: str, name: str) -> str:
        """Return the letters before the numbers of a repository's tasks; no other has the same."""
        letters = re.sub(r"[^A-Z0-9]", "", name.upper())[:PREFIX_MAX] or "REPO"
        taken, found, number = self.numbers.prefixes, letters, 2
        while taken.get(found, id_) != id_ or found in ("M", "Q", "A"):
            found, number = f"{letters}{number}", number + 1
        self.numbers.prefixes = {**taken, found: id_}
        return found

    def change_process(self, stream: str, event: p.ProcessChanged, at: float) -> None:
        epic = self.epic(stream)
        if epic is None:
            return
        epic.process = event.process
        for id_ in epic.children:
            row = self.item(id_)
            if row is not None and not is_over(row):
                self._stand(epic, row, at)

    def change_task(self, stream: str, event: Any, at: float) -> None:
        """Fold an event of one task of a repository in, by the rules of that noun."""
        epic = self.epic(stream)
        if epic is None or epic.process is None:
            return
        number = event.task
        id_ = f"{stream}/{number}"
        row = self.item(id_)
        if row is None:
            if not isinstance(event, p.RepositoryTaskAdded):
                return
            epic.children = [*epic.children, id_]
            key = f"{epic.key}-{number}"
            row = WorkRow(id_, key, "repository_task", event.title[:TITLE_MAX], at, epic=stream)
            row.repository = epic.title
            self.add(row)
        row.task = _after(row.task, epic, event, at)
        row.title, row.updated = row.task.title[:TITLE_MAX], at
        self._stand(epic, row, at)

    def _stand(self, epic: EpicRow, row: WorkRow, at: float) -> None:
        """Put a task of a repository where its documents and its stage say."""
        assert row.task is not None
        assert epic.process is not None
        stage = row.task.stage
        match stage:
            case Done():
                self.end(row, at)
            case Dropped():
                self.drop(row, at, stage.reason)
            case Started():
                row.gates = ()
                if not row.started_by:
                    row.started_by = stage.by.name
                    row.assignee = row.assignee or _as_user(stage.by.name)
                    move(row, "building", "building", at)
            case Preparing():
                reasons = gate(row.task, "implementation", epic.process)
                row.gates = tuple(each.words for each in reasons[:3])
                self.look(row, at)

    def run_tasks(self, stream: str, event: p.RepositoryTasksRun, at: float) -> None:
        epic = self.epic(stream)
        if epic is None:
            return
        for number in event.tasks:
            row = self.item(f"{stream}/{number}")
            if row is None or row.task is None:
                continue
            row.task = _after(row.task, epic, event, at)
            row.run, row.step, row.failed_need = event.run, f"task-{number}", ""
            row.agent = event.agents.get("builder", "")
            row.reviewer = event.agents.get("reviewer", "local").replace("local", "")
            row.assignee = f"agent:{row.agent}" if row.agent else row.assignee
            row.asks, row.is_halted = (), False
            move(row, "ready_to_build", "ready_to_build", at)

    # Questions.

    def ask(self, stream: str, event: q.QuestionAsked, at: float) -> None:
        row = self.item_of_step(event.run, event.step)
        if row is None:
            self.numbers.questions += 1
            key = f"Q-{self.numbers.questions}"
            row = self.add(WorkRow(stream, key, "question", event.title[:TITLE_MAX], at))
            row.run, row.step = event.run, event.step
        else:
            self.numbers.asks = {**self.numbers.asks, stream: row.id}
        row.asks = (*row.asks, stream)
        move(row, "waiting", "waiting", at)

    def answer(self, stream: str, event: Any, at: float) -> None:
        row = self.item(self.numbers.asks.get(stream, stream))
        if row is None:
            return
        self.numbers.asks = {k: v for k, v in self.numbers.asks.items() if k != stream}
        row.asks = tuple(each for each in row.asks if each != stream)
        if row.kind != "question":
            if not row.asks and row.word == "waiting":
                work_runs.work_on(row, at)
        elif isinstance(event, q.QuestionAnswered):
            row.assignee = _as_user(event.by)
            self.end(row, at)
        else:
            self.drop(row, at, event.reason)

    # Alerts.

    def change_alert(self, _: str, event: a.AlertEvent, at: float) -> None:
        id_ = f"{event.product}/{event.alert}"
        row = self.item(id_)
        if isinstance(event, a.AlertOpened):
            if row is None:
                self.numbers.alerts += 1
                row = WorkRow(id_, f"A-{self.numbers.alerts}", "alert", "", at, epic=event.product)
                self.add(row)
                self._product(event.product, id_, at)
            row.started_by = ""
            move(row, "planned", "planned", at)
        if row is None:
            return
        match event:
            case a.AlertOpened() | a.AlertChanged():
                row.title = event.reading.title[:TITLE_MAX]
                row.labels = (event.reading.severity,)
                row.updated = at
            case a.AlertAcknowledged():
                row.started_by = "acknowledged"
                if row.word == "planned":
                    self.look(row, at)
            case a.AlertMissionBegun():
                row.run = event.run
                move(row, "building", "building", at, f"Mission {event.mission} sees to it.")
            case a.AlertResolved():
                self.end(row, at, event.note)

    def _product(self, product: str, child: str, at: float) -> None:
        epic = self.epic(product) or EpicRow(product, product, "product", product, at)
        epic.children = [*epic.children, child]
        self.epics[product] = epic

    # What people say.

    def change_item(self, _: str, event: w.WorkItemEvent, at: float) -> None:
        if isinstance(event, w.StageLimited):
            return  # It is about the board, and no item changes.
        row = self.item(event.item)
        if row is None:
            return
        row.updated = at
        match event:
            case w.WorkItemAssigned():
                row.assignee = event.to
                self.look(row, at)
            case w.WorkItemEdited():
                _edit(row, event)
            case w.WorkItemBlocked():
                self._block(row, event.on, at)
            case w.WorkItemUnblocked():
                self._unblock(row, event.on, at)
            case w.WorkItemStarted() | w.WorkItemStopped():
                self._work(row, event, at)
            case w.WorkItemFinished():
                self.end(row, at, event.reason)
            case w.WorkItemDropped():
                self.drop(row, at, event.reason)

    def _work(self, row: WorkRow, event: w.WorkItemStarted | w.WorkItemStopped, at: float) -> None:
        """Note that a person begins to work on an item, or no longer does."""
        if isinstance(event, w.WorkItemStopped):
            row.started_by = ""
            move(row, "ready_to_build", "ready_to_build", at)
            self.look(row, at)
            return
        row.started_by = event.by
        row.assignee = row.assignee or _as_user(event.by)
        move(row, "building", "building", at)

    def _block(self, row: WorkRow, on: str, at: float) -> None:
        row.on = (*row.on, on)
        other = self.item(on)
        if other is not None and row.id not in other.feeds:
            other.feeds = (*other.feeds, row.id)
        self.look(row, at)

    def _unblock(self, row: WorkRow, on: str, at: float) -> None:
        row.on = tuple(each for each in row.on if each != on)
        other = self.item(on)
        if other is not None and on not in row.needs:
            other.feeds = tuple(each for each in other.feeds if each != row.id)
        self.look(row, at)


def _after(task: RepositoryTask | None, epic: EpicRow, event: Any, at: float) -> RepositoryTask:
    """Return a task of a repository after an event of it, by the fold of repositories."""
    assert epic.process is not None
    tasks = {task.number: task} if task is not None else {}
    number = task.number if task is not None else event.task
    if isinstance(event, p.RepositoryTasksRun):
        event = msgspec.structs.replace(event, tasks=(number,))
    state = evolve(Repository(epic.id, epic.path, epic.process, tasks, {}), event, at)
    return state.tasks[number]


def _as_user(name: str) -> str:
    return name if ":" in name or not name else f"user:{name}"


def _edit(row: WorkRow, event: w.WorkItemEdited) -> None:
    for name in ("priority", "labels", "due", "hours", "parent"):
        value = getattr(event, name)
        if value is not None:
            setattr(row, name, value)


def _estimate(items: WorkItems, mission: str, plan: Plan) -> None:
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


_HANDLERS: dict[type, Callable[[WorkItems, str, Any, float], None]] = {
    m.MissionCreated: WorkItems.create_mission,
    m.PlanAccepted: WorkItems.accept_plan,
    m.MissionStarted: WorkItems.start_mission,
    p.RepositoryAdopted: WorkItems.adopt,
    p.ProcessChanged: WorkItems.change_process,
    p.RepositoryTaskAdded: WorkItems.change_task,
    p.RepositoryTaskEdited: WorkItems.change_task,
    p.TaskDocumentTaken: WorkItems.change_task,
    p.TaskDocumentSigned: WorkItems.change_task,
    p.RepositoryTaskStarted: WorkItems.change_task,
    p.RepositoryTaskDone: WorkItems.change_task,
    p.RepositoryTaskDropped: WorkItems.change_task,
    p.RepositoryTaskScoped: WorkItems.change_task,
    p.RepositoryTasksRun: WorkItems.run_tasks,
    q.QuestionAsked: WorkItems.ask,
    q.QuestionAnswered: WorkItems.answer,
    q.QuestionWithdrawn: WorkItems.answer,
    **dict.fromkeys(a.EVENTS, WorkItems.change_alert),
    **dict.fromkeys(w.EVENTS, WorkItems.change_item),
}
"""By type of event: what it changes. Events of runs go to `work_runs`."""
