"""Work items as they stand now: rows of the log, joined with agents, approvals and each other.

Rows are read once and then as they change, so that a list of ten thousand items costs no more
than a look at those that differ.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from urllib.parse import quote

import msgspec

from missioncontrol.application.statuses import Statuses
from missioncontrol.domain.repository.scopes import excluded
from missioncontrol.domain.status import WORDS, Ask, Conditions, Status
from missioncontrol.domain.work_item.events import PRIORITIES, Kind, Priority
from missioncontrol.domain.work_item.stages import (
    STARTABLE,
    URGENCY,
    Stage,
    Standing,
    Word,
    label,
    status_of_item,
)
from missioncontrol.ports.read_tables import ReadTables
from missioncontrol.projections.run_index import Board
from missioncontrol.projections.work_items import EPIC, ITEM, decode_epic, decode_item
from missioncontrol.projections.work_rows import EpicRow, WorkRow, is_over, stage_of
from missioncontrol.projections.work_runs import MERGED

LINKS_MAX = 50
HOUR = 3_600.0
ITEM_WORDS: dict[str, Word] = {word: word for word in URGENCY}
RANKS = {word: place for place, word in enumerate(URGENCY)}
PRIORITY_RANKS = {each: place for place, each in enumerate(PRIORITIES)}


class WorkItem(msgspec.Struct, frozen=True):
    """A work item in a list. Times are seconds since the epoch, money is micro-dollars."""

    id: str  # its key: M-12.3, SHOP-7, A-5, Q-9
    source: str  # MISSION/TASK, REPOSITORY/NUMBER, PRODUCT/ALERT, or the id of a question
    kind: Kind
    title: str
    status: str  # Planned, Ready to build, Building, Waiting on maya, Stuck: coder is stopped …
    word: Word  # the status in a word that programs can compare
    stage: Stage  # the column that it stands in
    reason: str
    action: str  # the command that makes it go on
    on: tuple[str, ...]  # for whom or what it waits
    since: float  # it has that status
    entered: float  # it is in that stage
    created: float
    updated: float
    assignee: str  # user:NAME or agent:NAME; "" for none
    repository: str
    epic: str  # the key of what it belongs to
    epic_source: str
    epic_title: str
    blocked_by: tuple[str, ...]  # keys of what has to be over first
    blocks: tuple[str, ...]  # keys of what waits for it
    priority: Priority
    labels: tuple[str, ...]
    due: str  # YYYY-MM-DD
    parent: str  # the key of the item that it is a part of
    estimated_seconds: float  # 0 where there is no estimate
    estimated_cost: int
    seconds: float  # of attempts that have ended
    working: float  # the attempt at work began then
    cost: int
    is_cost_known: bool
    passed: int  # tests, else checks, of the last result
    failed: int
    attempts: int
    run: str
    step: str
    session: str  # of a person, whose work it is
    rank: int  # its place in a list, by status
    address: str  # of its source in the console

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.word not in ("done", "cancelled")

    @property
    def place(self) -> tuple[int, int, float, str]:
        """Where it stands in a list: by status, then priority, then the longest there first."""
        return (self.rank, PRIORITY_RANKS[self.priority], self.entered, self.id)


class WorkIndex:
    """All work items of a data directory, at one position of its log.

    `open_items` is the first part of the list, and `version` grows with each change of a row.
    """

    def __init__(self) -> None:
        """Nothing is read before it is asked for."""
        self.version = 0
        self._forget()

    def _forget(self) -> None:
        self._floor = self.version = self.version + 1
        self._changed: dict[str, int] = {}
        self.rows: dict[str, WorkRow] = {}
        self.epics: dict[str, EpicRow] = {}
        self.by_key: dict[str, str] = {}
        self._saved = 0
        self._seen: tuple[int, Conditions] | None = None
        self._items: dict[str, WorkItem] = {}
        self._ordered: list[WorkItem] = []
        self.open_items: list[WorkItem] = []
        self._places: list[tuple[tuple[int, int, float, str], str]] = []
        self._holds: dict[str, list[WorkRow]] = {}

    def items(self, board: Board, tables: ReadTables, statuses: Statuses) -> Sequence[WorkItem]:
        """Return all items in the order of a list."""
        around = statuses.around
        now = (board.position, around)
        if self._seen is not None and self._seen[0] == now[0] and self._seen[1] == around:
            return self._ordered
        changed = self._read(board, tables)
        before = self._seen[1] if self._seen is not None else None
        if before != around:
            changed |= self._depending(before, around)
        self._update(changed, around)
        self._seen = now
        return self._ordered

    def changed_since(self, version: int) -> set[str] | None:
        """Return the ids of rows that changed after a version; None where all may have."""
        if version < self._floor:
            return None
        if version == self.version:
            return set()
        return {id_ for id_, at in self._changed.items() if at > version}

    def _depending(self, before: Conditions | None, around: Conditions) -> set[str]:
        """Return the ids of items that the difference of two conditions may concern."""
        open_ones = (row for row in self.rows.values() if not is_over(row))
        if before is None or (before.stage, before.stage_since) != (
            around.stage,
            around.stage_since,
        ):
            return {row.id for row in open_ones}
        runs = _differing(before.asks, around.asks)
        agents = _differing(before.closed, around.closed)
        return {row.id for row in open_ones if row.run in runs or row.agent in agents}

    def item(self, key: str) -> WorkItem | None:
        """Return an item by its key or by its source."""
        return self._items.get(self.by_key.get(key.upper(), key))

    def _read(self, board: Board, tables: ReadTables) -> set[str]:
        """Take in the rows that differ from those at hand; return the ids of the items."""
        saved = tables.position()
        if saved < self._saved:
            self._forget()  # Another log took its place, such as after a restore.
        changed: set[str] = set()
        epics: set[str] = set()
        for row in tables.changed_listed(EPIC, after=self._saved):
            self.epics[row.id] = decode_epic(row.body)
            epics.add(row.id)
        for row in tables.changed_listed(ITEM, after=self._saved):
            self.rows[row.id] = decode_item(row.body)
            changed.add(row.id)
        self._saved = saved
        self.epics.update(board.work.epics)
        self.rows.update(board.work.items)
        changed.update(board.work.items)
        if changed:
            self.version += 1
            self._changed |= dict.fromkeys(changed, self.version)
        return changed

    def _update(self, changed: set[str], around: Conditions) -> None:
        repositories = {self.rows[each].epic for each in changed if self.rows[each].task}
        for each in repositories:
            if self._note_holds(each):
                changed.update(id_ for id_ in self.epics[each].children if id_ in self.rows)
        beside = {
            other
            for each in changed
            for other in (*self.rows[each].feeds, *self.rows[each].needs, *self.rows[each].on)
            if other in self.rows
        }
        touched = changed | beside
        if 4 * len(touched) > len(self._items):
            for id_ in touched:
                self._put(id_, around)
            self._places = sorted((each.place, id_) for id_, each in self._items.items())
        else:
            for id_ in touched:
                self._leave(id_)
                if self._put(id_, around):
                    insort(self._places, (self._items[id_].place, id_))
        if touched:
            self._ordered = [self._items[id_] for _, id_ in self._places]
            over = bisect_left(self._places, ((RANKS["done"], -1, 0.0, ""), ""))
            self.open_items = self._ordered[:over]

    def _put(self, id_: str, around: Conditions) -> bool:
        """Join an item again; return whether it is one still."""
        row = self.rows[id_]
        self.by_key[row.key] = id_
        if row.is_gone:
            self._items.pop(id_, None)
            return False
        self._items[id_] = self._joined(row, around)
        return True

    def _leave(self, id_: str) -> None:
        """Take an item out of the order; a few changes cost less than sorting all again."""
        before = self._items.get(id_)
        if before is not None:
            del self._places[bisect_left(self._places, (before.place, id_))]

    def _note_holds(self, repository: str) -> bool:
        """Take note of which tasks of a repository hold files; return whether that differs."""
        epic = self.epics.get(repository)
        rows = (self.rows.get(each) for each in epic.children) if epic is not None else iter(())
        found = [row for row in rows if row is not None and _holds_files(row)]
        before = self._holds.get(repository, [])
        self._holds[repository] = found
        return [each.id for each in before] != [each.id for each in found]

    def _joined(self, row: WorkRow, around: Conditions) -> WorkItem:
        epic = self.epics.get(row.epic)
        blocked_by = self._blocked_by(row)
        standing = self._standing(row, blocked_by)
        found = status_of_item(standing, _asked(row, around), around)
        word = ITEM_WORDS[found.word]
        return WorkItem(
            id=row.key,
            source=row.id,
            kind=row.kind,
            title=row.title,
            status=label(found, WORDS),
            word=word,
            stage=stage_of(row),
            reason=found.reason,
            action=found.action,
            on=found.on,
            since=found.since or row.since,
            entered=row.stays[-1].since if row.stays else row.created,
            created=row.created,
            updated=row.updated,
            assignee=row.assignee or (f"agent:{row.agent}" if row.agent else ""),
            repository=row.repository.rstrip("/").rpartition("/")[2],
            epic=epic.key if epic is not None else "",
            epic_source=row.epic,
            epic_title=epic.title if epic is not None else "",
            blocked_by=blocked_by,
            blocks=tuple(islice(self._keys(row.feeds), LINKS_MAX)),
            priority=row.priority,
            labels=row.labels,
            due=row.due,
            parent=next(self._keys([row.parent]), "") if row.parent else "",
            estimated_seconds=row.hours * HOUR or row.estimated_seconds,
            estimated_cost=row.estimated_cost,
            seconds=row.worked,
            working=row.working,
            cost=row.cost,
            is_cost_known=not row.is_unpriced,
            passed=row.passed,
            failed=row.failed,
            attempts=row.attempts,
            run=row.run,
            step=row.step,
            session=row.session,
            rank=RANKS[word],
            address=_address(row),
        )

    def _standing(self, row: WorkRow, blocked_by: tuple[str, ...]) -> Standing:
        reason, action = row.reason, ""
        if row.gates:
            reason = f"{row.gates[0][:1].upper()}{row.gates[0][1:]}."
        epic = self.epics.get(row.epic)
        if row.word == "planned" and row.kind == "task" and not row.run and epic is not None:
            reason = "Nothing of the plan was carried out yet."
            action = f"mission execute {epic.run}" if epic.run else ""
        if row.is_halted:
            action = f"mission runs resume {row.run}"
        if row.word == "failed" and row.kind == "task":
            action = f"mission runs retry {row.run} {row.step}"
        is_idle = not row.working and reason != MERGED
        agent = row.agent if row.kind in ("task", "repository_task") and is_idle else ""
        failed = self.rows.get(row.failed_need)
        return Standing(
            word=row.word,
            since=row.since or row.created,
            agent=agent if row.run else "",
            assignee=row.session_of if row.session_waits else row.assignee,
            reason=reason,
            action=action,
            blocked_by=blocked_by,
            failed_need=failed.key if failed is not None else "",
        )

    def _blocked_by(self, row: WorkRow) -> tuple[str, ...]:
        """Return the keys of what has to be over before an item begins, also files in use."""
        if row.word not in STARTABLE and row.word != "waiting":
            return ()
        names = dict.fromkeys((*row.needs, *row.on))
        open_ones = (id_ for id_ in names if id_ in self.rows and not is_over(self.rows[id_]))
        found = dict.fromkeys(self._keys(open_ones))
        found.update(dict.fromkeys(self._holders(row)))
        return tuple(islice(found, LINKS_MAX))

    def _holders(self, row: WorkRow) -> Iterator[str]:
        """Yield the keys of the tasks whose runs hold files that this one is to change."""
        epic, task = self.epics.get(row.epic), row.task
        if task is None or task.scope is None or epic is None or epic.process is None:
            return
        shared = epic.process.merge.shared
        for other in self._holds.get(row.epic, ()):
            hold = other.task.hold if other.task is not None else None
            if other.id == row.id or hold is None:
                continue
            if excluded(task.scope.patterns, hold.scope, shared, "wait"):
                yield other.key

    def _keys(self, ids: Iterable[str]) -> Iterator[str]:
        for id_ in ids:
            row = self.rows.get(id_)
            if row is not None and not row.is_gone:
                yield row.key


def _differing(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    """Return the names whose values differ."""
    return {name for name in (*before, *now) if before.get(name) != now.get(name)}


def _holds_files(row: WorkRow) -> bool:
    is_at_work = row.word in ("building", "in_review", "waiting") and bool(row.run)
    return is_at_work and row.reason != MERGED and row.task is not None and bool(row.task.hold)


def _asked(row: WorkRow, around: Conditions) -> Status | None:
    """Return for whom an item waits, by the approvals and questions that are open."""
    asks = [each for each in around.asks.get(row.run, ()) if _is_of(each.step, row.step)]
    if row.kind == "question":
        asks = [each for each in asks if each.id == row.id]
    if not asks or row.is_halted:
        return None
    first = min(asks, key=lambda each: each.since)
    on = tuple(dict.fromkeys(name for each in asks for name in each.to))
    command = "approvals" if first.kind == "approval" else "questions"
    action = f"mission {command} show {first.id}"
    return Status("waiting", _words(first), action, on, first.since)


def _is_of(step: str, item: str) -> bool:
    return step == item or step.startswith((f"{item}/", f"{item}#", f"{item}["))


def _words(ask: Ask) -> str:
    what = ask.title or ask.step
    return f"{'Approve' if ask.kind == 'approval' else 'Answer'}: {' '.join(what.split())}"


def _address(row: WorkRow) -> str:
    """Return where the console shows what an item is made of."""
    match row.kind:
        case "repository_task":
            return f"/repositories/{row.epic}/tasks/{row.id.rpartition('/')[2]}"
        case "alert":
            product, _, alert = row.id.partition("/")
            return f"/cockpit/alerts/{alert}?product={quote(product)}"
        case "question":
            return f"/questions/{row.id}"
    return f"/missions/{row.epic}"
