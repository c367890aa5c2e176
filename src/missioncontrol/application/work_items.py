"""The way in for what people do with work items: each is done where the item comes from."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.agents import Agents
from missioncontrol.application.analytics.alerts import AlertAsked
from missioncontrol.application.asks import CancelRun, CarryOut, RetryRun
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.application.repositories import REPOSITORY, RepositoryTaskAsked
from missioncontrol.application.task_runs import TasksAsked
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import can_decide, is_agent
from missioncontrol.domain.work_item.changes import (
    Change,
    Facts,
    Limited,
    WorkItems,
    decide,
    evolve,
    refuse,
    unknown,
)
from missioncontrol.domain.work_item.commands import (
    ID_MAX,
    NAME_MAX,
    AssignItem,
    BlockItem,
    DropItem,
    EditItem,
    FinishItem,
    ItemCommand,
    Label,
    LimitStage,
    Point,
    StartItem,
    StopItem,
    UnblockItem,
)
from missioncontrol.domain.work_item.events import Priority, WorkItemEvent
from missioncontrol.ports.read_tables import ListedRow
from missioncontrol.projections.work_items import WorkItems as Rows
from missioncontrol.projections.work_items import decode_item
from missioncontrol.projections.work_rows import EpicRow, WorkRow, is_over

STREAM = "work-items"
WORK_ITEMS: Concept[WorkItems, Change | Limited, WorkItemEvent] = Concept(decide, evolve, unknown)
REASON = "Dropped on the board."
STOPPED = "Stopped on the board."
_OWN: dict[str, Literal["title", "brief", "acceptance"]] = {
    "title": "title",
    "text": "brief",
    "acceptance": "acceptance",
}
"""What a task of a repository says itself, by what its request calls it."""

Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX)]
Name = Annotated[str, Meta(max_length=NAME_MAX)]
Pattern = Annotated[str, Meta(min_length=1, max_length=1_000)]


class HandItemToBuilder(msgspec.Struct, frozen=True):
    """Have agents build, test, review and merge a task of a repository."""

    id: Id
    builder: Annotated[str, Meta(min_length=1, max_length=NAME_MAX, description="The agent.")]
    reviewer: Annotated[
        str, Meta(max_length=NAME_MAX, description="Another agent; empty for rules alone.")
    ] = ""
    into: Annotated[
        str, Meta(max_length=NAME_MAX, description="The branch; empty for the repository's.")
    ] = ""


class CreateItem(msgspec.Struct, frozen=True):
    """Add a task to a repository."""

    repository: Annotated[
        str,
        Meta(min_length=1, max_length=ID_MAX, description="The repository: its name, key or id."),
    ]
    title: Annotated[str, Meta(min_length=1, max_length=200, description="Its title, one line.")]
    text: Annotated[str, Meta(max_length=20_000, description="What is wanted, and why.")] = ""
    acceptance: Annotated[
        tuple[Point, ...], Meta(description="A point that has to hold at the end.")
    ] = ()
    files: Annotated[
        tuple[Pattern, ...], Meta(description="A file that it is to change, such as src/app.py.")
    ] = ()
    to: Annotated[
        str, Meta(max_length=NAME_MAX, description="Who does it: a person or an agent.")
    ] = ""
    priority: Annotated[Priority | None, Meta(description="How urgent it is.")] = None
    labels: Annotated[tuple[Label, ...], Meta(description="A label.")] = ()
    due: Annotated[str, Meta(max_length=10, description="The day it is due, as YYYY-MM-DD.")] = ""
    hours: Annotated[float, Meta(description="How long a person needs, in hours.")] = 0.0
    on: Annotated[
        str, Meta(max_length=ID_MAX, description="The key of an item that it waits for.")
    ] = ""
    parent: Annotated[
        str, Meta(max_length=ID_MAX, description="The key of the item that it is a part of.")
    ] = ""


class RetryItem(msgspec.Struct, frozen=True):
    """Do a task of a mission again that failed or was cancelled."""

    id: Id


class ItemNow(msgspec.Struct, frozen=True):
    """What was done with an item."""

    id: str  # its key
    run: str = ""  # that was begun for it


Perform = Callable[[Any, str], Awaitable[Any]]
"""Does what another noun offers: (what is asked, actor)."""


class WorkItemService:
    """Does with an item what its mission, its repository or its product allows."""

    def __init__(self, journal: Journal, agents: Agents, perform: Perform) -> None:
        """`rows` and `stored` are set where the log is folded into rows."""
        self._journal = journal
        self._agents = agents
        self._perform = perform
        self.rows: Callable[[], Rows | None] = lambda: None
        self.stored: Callable[[], list[ListedRow]] = list
        self.repositories: Callable[[], list[str]] = list

    async def say(self, command: ItemCommand, *, actor: str) -> ItemNow:
        """Record what a person says about an item.

        Raises:
            NotFound: `work_item.unknown`.
            Rejected: see `domain.work_item.changes.decide`; `work_item.no_assignee`.
        """
        row = self.row(command.id)
        other = self.row(name) if (name := _other(command)) else None
        if isinstance(command, AssignItem):
            command = msgspec.structs.replace(command, to=self._assignee(command.to))
        await self._journal.find(WORK_ITEMS, STREAM)
        on = self._facts(other) if other is not None else None
        self._tell(command, row, actor, on)
        return ItemNow(row.key)

    async def create(self, command: CreateItem, *, actor: str) -> ItemNow:
        """Add a task to a repository, with what people say about it.

        Raises:
            NotFound: `repository.unknown`, `work_item.unknown`.
            Rejected: as the repository, and as what is statements of an item.
        """
        epic = self._repository(command.repository)
        asked = RepositoryTaskAsked(
            *("add", epic.id),
            title=command.title,
            brief=command.text,
            acceptance=command.acceptance,
        )
        statements = list(_statements_of_new(command))
        await self._refuse_new(statements)
        task = (await self._perform(asked, actor))["task"]
        id_ = f"{epic.id}/{task}"
        if command.files:
            await self._perform(
                RepositoryTaskAsked("scope", epic.id, task, scope=command.files), actor
            )
        await self._journal.durable()
        for each in statements:
            await self.say(msgspec.structs.replace(each, id=id_), actor=actor)
        return ItemNow(self.row(id_).key)

    async def _refuse_new(self, statements: Sequence[ItemCommand]) -> None:
        """Refuse what can't be statements of a task before the task is there."""
        state = await self._journal.find(WORK_ITEMS, STREAM)
        new = Facts("", "The task", "repository_task", "planned")
        for each in statements:
            on = self._facts(self.row(name)) if (name := _other(each)) else None
            if isinstance(each, AssignItem):
                self._assignee(each.to)
            decide(Change(each, new, "", on), state, 0.0)

    def _repository(self, name: str) -> EpicRow:
        """Return a repository by its name, key or id.

        Raises:
            NotFound: `repository.unknown`.
        """
        rows = self.rows()
        for id_ in self.repositories():
            epic = rows.epic(id_) if rows is not None else None
            if epic is None:
                continue
            folder = epic.title.rstrip("/").rpartition("/")[2]
            if name in (epic.id, epic.title, folder) or name.upper() == epic.key:
                return epic
        raise NotFound(
            "repository.unknown",
            f"There is no repository {name[:80]!r} here.",
            hint="`mission repo init --apply` in a checkout adopts one.",
        )

    async def edit(self, command: EditItem, *, actor: str) -> ItemNow:
        """Change what people say about an item, and what is wanted of a task of a repository.

        Raises:
            NotFound: `work_item.unknown`.
            Rejected: `work_item.by_plan`, as the repository, and as `say`.
        """
        row = self.row(command.id)
        own = [name for name in _OWN if getattr(command, name) is not None]
        if own and row.kind != "repository_task":
            raise Rejected(
                "work_item.by_plan",
                f"{row.key}: its {own[0]} is stated where it comes from.",
                hint="Of tasks of a repository these can be edited.",
            )
        state = await self._journal.find(WORK_ITEMS, STREAM)
        on = self._facts(self.row(command.parent)) if command.parent else None
        decide(Change(command, self._facts(row), actor, on), state, 0.0)
        if own:
            asked = RepositoryTaskAsked(
                "edit",
                row.epic,
                _number(row),
                title=command.title or "",
                brief=command.text or "",
                acceptance=command.acceptance or (),
                changed=tuple(_OWN[name] for name in own),
            )
            await self._perform(asked, actor)
        self._tell(command, row, actor, on)
        return ItemNow(row.key)

    async def stop(self, command: StopItem, *, actor: str) -> ItemNow:
        """End the work on an item: the run that carries it out, or a person's.

        Raises:
            NotFound: `work_item.unknown`.
            Rejected: `work_item.not_started`, and as a run that is cancelled.
        """
        row = self.row(command.id)
        if row.kind in ("task", "repository_task"):
            run = await self._journal.load_run(row.run) if row.run else None
            if run is None or run.is_settled:
                raise Rejected(
                    "work_item.not_started",
                    f"No agent is at work on {row.key}, so nothing stops.",
                    hint="Finish or drop what a person began.",
                )
            await self._perform(CancelRun(row.run, command.reason or STOPPED), actor)
            return ItemNow(row.key, row.run)
        await self._journal.find(WORK_ITEMS, STREAM)
        self._tell(command, row, actor)
        return ItemNow(row.key)

    async def limit(self, command: LimitStage, *, actor: str) -> LimitStage:
        """Bound how many items are to be in a stage at once."""
        await self._journal.find(WORK_ITEMS, STREAM)
        self._journal.tell(WORK_ITEMS, STREAM, Limited(command, actor), actor=actor)
        return command

    async def start(self, command: StartItem, *, actor: str) -> ItemNow:
        """Begin an item.

        Raises:
            NotFound, Rejected, Conflict: as the noun that it comes from.
        """
        row = self.row(command.id)
        match row.kind:
            case "repository_task":
                refuse("start", self._facts(row))
                await self._perform(_of_repository("start", row), actor)
            case "alert":
                await self._perform(_of_alert("acknowledge", row), actor)
            case "task" if not row.run and not is_over(row):
                epic = self._epic(row)
                done = await self._perform(CarryOut(epic.run), actor)
                return ItemNow(row.key, done["run"])
            case _:
                await self._journal.find(WORK_ITEMS, STREAM)
                self._tell(command, row, actor)
        return ItemNow(row.key)

    async def finish(self, command: FinishItem, *, actor: str) -> ItemNow:
        """Take an item as done.

        Raises:
            NotFound, Rejected, Conflict: as the noun that it comes from.
        """
        row = self.row(command.id)
        match row.kind:
            case "repository_task":
                await self._perform(_of_repository("done", row, command.reason), actor)
            case "alert":
                await self._perform(_of_alert("resolve", row, command.reason), actor)
            case _:
                await self._journal.find(WORK_ITEMS, STREAM)
                self._tell(command, row, actor)
        return ItemNow(row.key)

    async def drop(self, command: DropItem, *, actor: str) -> ItemNow:
        """Do not do an item.

        Raises:
            NotFound, Rejected, Conflict: as the noun that it comes from.
        """
        row = self.row(command.id)
        match row.kind:
            case "repository_task":
                reason = command.reason or REASON
                await self._perform(_of_repository("drop", row, reason), actor)
            case "alert":
                await self._perform(_of_alert("resolve", row, command.reason), actor)
            case _:
                await self._journal.find(WORK_ITEMS, STREAM)
                self._tell(command, row, actor)
        return ItemNow(row.key)

    async def retry(self, command: RetryItem, *, actor: str) -> ItemNow:
        """Do a task again that failed or was cancelled.

        Raises:
            NotFound, Rejected, Unavailable: as `application.repeats`; `work_item.not_failed`.
        """
        row = self.row(command.id)
        if row.kind != "task" or row.word not in ("failed", "cancelled"):
            raise Rejected(
                "work_item.not_failed",
                f"{row.key} is no task of a mission that failed or was cancelled.",
                hint="Tasks of a repository are handed to a builder again.",
            )
        done = await self._perform(RetryRun(run=row.run, step=row.step), actor)
        return ItemNow(row.key, done["run"])

    async def hand_to_builder(self, command: HandItemToBuilder, *, actor: str) -> ItemNow:
        """Have agents carry a task of a repository out.

        Raises:
            NotFound, Rejected, Conflict: as `application.task_runs`; `work_item.by_plan`.
        """
        asked = await self.builders(command.id, command.builder, command.reviewer, command.into)
        done = await self._perform(asked, actor)
        return ItemNow(self.row(command.id).key, done["run"])

    async def builders(self, id_: str, builder: str, reviewer: str, into: str = "") -> TasksAsked:
        """Return what has agents carry a task of a repository out.

        Raises:
            NotFound: `work_item.unknown`.
            Rejected: `work_item.by_plan`, `work_item.no_branch`, and as `refuse_blocked`.
        """
        row = self.row(id_)
        if row.kind != "repository_task":
            raise Rejected(
                "work_item.by_plan",
                f"{row.key} is no task of a repository.",
                hint="`mission run GOAL --repo PATH --builder NAME` plans a mission for a builder.",
            )
        refuse_blocked(self._facts(row), row)
        state = await self._journal.load(REPOSITORY, row.epic)
        into = into or state.process.merge.into
        if not into:
            raise Rejected(
                "work_item.no_branch",
                "The repository does not say which branch changes go into.",
                hint="Name one, such as mission/main.",
            )
        agents: dict[Any, str] = {"builder": builder.removeprefix("agent:")}
        if reviewer:
            agents["reviewer"] = reviewer.removeprefix("agent:")
        return TasksAsked(row.epic, state.path, (_number(row),), agents, into)

    def _tell(
        self, command: ItemCommand, row: WorkRow, actor: str, on: Facts | None = None
    ) -> None:
        change = Change(command, self._facts(row), actor, on)
        self._journal.tell(WORK_ITEMS, STREAM, change, actor=actor)

    def row(self, name: str) -> WorkRow:
        """Return the item of a key or a source.

        Raises:
            NotFound: `work_item.unknown`.
        """
        rows = self.rows()
        found = rows.item(name) if rows is not None else None
        if found is None and rows is not None:
            found = self._by_key(rows, name.upper())
        if found is None or found.is_gone:
            raise unknown(name)
        return found

    def _by_key(self, rows: Rows, key: str) -> WorkRow | None:
        for row in rows.items.values():
            if row.key == key:
                return row
        if not re.fullmatch(r"[A-Z0-9]+-[0-9.]+", key):
            return None
        wanted = f'"key":"{key}"'.encode()
        for stored in self.stored():
            if wanted in stored.body:
                found = decode_item(stored.body)
                return rows.item(found.id) if found.key == key else None
        return None

    def _facts(self, row: WorkRow) -> Facts:
        rows = self.rows()
        names = (*row.needs, *row.on) if rows is not None else ()
        others = [rows.item(each) for each in names] if rows is not None else []
        open_ones = tuple(each.key for each in others if each is not None and not is_over(each))
        return Facts(row.id, row.key, row.kind, row.word, open_ones)

    def _epic(self, row: WorkRow) -> EpicRow:
        rows = self.rows()
        found = rows.epic(row.epic) if rows is not None else None
        if found is None:
            raise NotFound("mission.unknown", f"There is no mission {row.epic!r}.")
        return found

    def _assignee(self, name: str) -> str:
        """Return whom a name means: an agent that is declared here, else a person.

        Raises:
            Rejected: `work_item.no_assignee`.
        """
        if not name.strip():
            return ""
        plain = name.strip().removeprefix("agent:")
        if not name.startswith("user:") and self._agents.known(plain) is not None:
            return f"agent:{plain}"
        person = name.strip().removeprefix("user:")
        if is_agent(name) or not can_decide(person):
            raise Rejected(
                "work_item.no_assignee",
                f"There is no agent {name[:80]!r} here, and no person can have that name.",
                hint="`mission agent list` names the agents.",
            )
        return f"user:{person}"


def refuse_blocked(item: Facts, row: WorkRow) -> None:
    """Refuse to begin what waits for other items, or what its documents do not allow yet.

    Raises:
        Rejected: `work_item.over`, `work_item.blocked`.
    """
    refuse("edit" if row.word in ("building", "in_review", "waiting") else "start", item)


def _statements_of_new(command: CreateItem) -> Iterator[ItemCommand]:
    """Yield what people say of a task that is not there yet."""
    edit = EditItem(
        "",
        command.priority,
        command.labels or None,
        command.due or None,
        command.hours or None,
        command.parent or None,
    )
    if any(value for name, value in msgspec.structs.asdict(edit).items() if name != "id"):
        yield edit
    if command.to:
        yield AssignItem("", command.to)
    if command.on:
        yield BlockItem("", command.on)


def _other(command: ItemCommand) -> str:
    """Return the other item that a command names; "" where it names none."""
    match command:
        case BlockItem() | UnblockItem():
            return command.on
        case EditItem():
            return command.parent or ""
    return ""


def _number(row: WorkRow) -> int:
    return int(row.id.rpartition("/")[2])


def _of_repository(verb: Any, row: WorkRow, reason: str = "") -> RepositoryTaskAsked:
    return RepositoryTaskAsked(verb, row.epic, _number(row), reason=reason)


def _of_alert(verb: Any, row: WorkRow, note: str = "") -> AlertAsked:
    product, _, alert = row.id.partition("/")
    return AlertAsked(verb, product, alert, note)
