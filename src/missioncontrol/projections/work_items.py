"""Folds the log into work items: tasks of missions and repositories, questions and alerts.

An item is never written by itself: what it says follows from the events of its mission, its run,
its repository, its product, and from what people state about it.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain import agent_session as s
from missioncontrol.domain import alert as a
from missioncontrol.domain import mission as m
from missioncontrol.domain import question as q
from missioncontrol.domain.repository import events as p
from missioncontrol.domain.run import events as r
from missioncontrol.domain.work_item import events as w
from missioncontrol.domain.work_item.stages import STARTABLE
from missioncontrol.ports.read_tables import ListedRow, RunRow
from missioncontrol.projections import work_plans, work_runs
from missioncontrol.projections.work_rows import (
    TITLE_MAX,
    EpicRow,
    Numbers,
    WorkRow,
    as_user,
    is_over,
    mark,
    move,
    rest,
)

ITEM, EPIC, NUMBERS = "work_item", "work_epic", "work_numbers"
KINDS = (ITEM, EPIC, NUMBERS)
decode_item = msgspec.json.Decoder(WorkRow).decode
decode_epic = msgspec.json.Decoder(EpicRow).decode
_decode_numbers = msgspec.json.Decoder(Numbers).decode
_ENCODER = msgspec.json.Encoder()
_NUMBERS = "all"

T = TypeVar("T")
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
        found = self.items.get(id_) or self._stored(ITEM, id_, decode_item)
        if found is not None:
            self.items[id_] = found
        return found

    def epic(self, id_: str) -> EpicRow | None:
        """Return what items belong to, to be read or changed."""
        found = self.epics.get(id_) or self._stored(EPIC, id_, decode_epic)
        if found is not None:
            self.epics[id_] = found
        return found

    @property
    def numbers(self) -> Numbers:
        """What keys are made of, to be changed."""
        if self._numbers is None:
            self._numbers = self._stored(NUMBERS, _NUMBERS, _decode_numbers) or Numbers()
        return self._numbers

    def _stored(self, kind: str, id_: str, decode: Callable[[bytes], T]) -> T | None:
        found = self._read(kind, id_)
        return decode(found.body) if found is not None else None

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
            row.assignee = as_user(event.by)
            self.end(row, at)
        else:
            self.drop(row, at, event.reason)

    # Sessions of people.

    def change_session(self, _: str, event: s.SessionEvent, at: float) -> None:
        """Put the item of a session where the session stands; its end is that of its step."""
        row = self.item(self.numbers.sessions.get(event.session, ""))
        if row is None:
            return
        waits = event.wait if isinstance(event, s.AgentSessionWaiting) else None
        about = getattr(event, "text", "")
        row.session_waits = (
            f"It waits for {s.WAITS[waits]}{about and f': {about}'}." if waits else ""
        )
        if row.working:
            work_runs.work_on(row, at)
        if isinstance(event, s.AgentSessionEnded):
            self.leave_session(row)

    def leave_session(self, row: WorkRow) -> None:
        """Take note that no session of a person is at work on an item any more."""
        known = self.numbers.sessions
        if row.session in known:
            self.numbers.sessions = {k: v for k, v in known.items() if k != row.session}

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
        row.assignee = row.assignee or as_user(event.by)
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


def _edit(row: WorkRow, event: w.WorkItemEdited) -> None:
    for name in ("priority", "labels", "due", "hours", "parent"):
        value = getattr(event, name)
        if value is not None:
            setattr(row, name, value)


_HANDLERS: dict[type, Callable[[WorkItems, str, Any, float], None]] = {
    m.MissionCreated: work_plans.create_mission,
    m.PlanAccepted: work_plans.accept_plan,
    m.MissionStarted: work_plans.start_mission,
    p.RepositoryAdopted: work_plans.adopt,
    p.ProcessChanged: work_plans.change_process,
    p.RepositoryTaskAdded: work_plans.change_task,
    p.RepositoryTaskEdited: work_plans.change_task,
    p.TaskDocumentTaken: work_plans.change_task,
    p.TaskDocumentSigned: work_plans.change_task,
    p.RepositoryTaskStarted: work_plans.change_task,
    p.RepositoryTaskDone: work_plans.change_task,
    p.RepositoryTaskDropped: work_plans.change_task,
    p.RepositoryTaskScoped: work_plans.change_task,
    p.RepositoryTasksRun: work_plans.run_tasks,
    q.QuestionAsked: WorkItems.ask,
    q.QuestionAnswered: WorkItems.answer,
    q.QuestionWithdrawn: WorkItems.answer,
    s.AgentSessionWaiting: WorkItems.change_session,
    s.AgentSessionWorking: WorkItems.change_session,
    s.AgentSessionEnded: WorkItems.change_session,
    **dict.fromkeys(a.EVENTS, WorkItems.change_alert),
    **dict.fromkeys(w.EVENTS, WorkItems.change_item),
}
"""By type of event: what it changes. Events of runs go to `work_runs`."""
