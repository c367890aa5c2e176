"""Queries of work items: the list, and one with what it belongs to and waits for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.work_index import WorkItem
from missioncontrol.application.work_moves import Move, moves_of
from missioncontrol.declarations import Column, ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.domain.status import WORDS
from missioncontrol.domain.work_item.changes import unknown
from missioncontrol.domain.work_item.commands import ID_MAX
from missioncontrol.domain.work_item.events import Kind, Priority
from missioncontrol.domain.work_item.stages import Stage, StageTime, Word, time_in_stages
from missioncontrol.queries.work_item_format import lines_of

Which = Literal["open", "over", "all"]


class WorkItemFilters(msgspec.Struct, frozen=True):
    """Which work items are wanted; what is empty chooses all."""

    which: Annotated[Which, Meta(description="Open ones, those that are over, or all.")] = "open"
    status: Annotated[Word | None, Meta(description="The status, as a word.")] = None
    stage: Annotated[Stage | None, Meta(description="The column of the board.")] = None
    kind: Annotated[Kind | None, Meta(description="Where it comes from.")] = None
    epic: Annotated[
        str, Meta(max_length=ID_MAX, description="The key or the id of what it belongs to.")
    ] = ""
    assignee: Annotated[
        str, Meta(max_length=200, description="A person or an agent; `none` for no one.")
    ] = ""
    repository: Annotated[str, Meta(max_length=300, description="Its name.")] = ""
    priority: Annotated[Priority | None, Meta(description="How urgent it is.")] = None
    label: Annotated[str, Meta(max_length=40, description="A label that it has.")] = ""
    text: Annotated[str, Meta(max_length=300, description="Text in its key or title.")] = ""

    def select(self, items: Iterable[WorkItem]) -> list[WorkItem]:
        """Return those of `items` that are wanted, in their order."""
        found = list(items)
        for check in self._checks():
            found = [each for each in found if check(each)]
        return found

    def _checks(self) -> Iterator[Callable[[WorkItem], bool]]:
        """Yield what is asked of an item; what chooses all is not asked."""
        if self.which != "all":
            is_open = self.which == "open"
            yield lambda each: each.is_open is is_open
        for name, field in FIELDS:
            if (wanted := getattr(self, name)) is not None:
                yield partial(_has, field, wanted)
        if self.epic:
            yield lambda each: self.epic in (each.epic, each.epic_source)
        if self.repository:
            yield lambda each: each.repository == self.repository
        if self.label:
            yield lambda each: self.label in each.labels
        if self.assignee:
            names = ("",) if self.assignee == "none" else (self.assignee,)
            yield lambda each: each.assignee in names or _name_of(each) in names
        if wanted := self.text.casefold():
            yield lambda each: wanted in f"{each.id} {each.title}".casefold()


FIELDS = (("status", "word"), ("stage", "stage"), ("kind", "kind"), ("priority", "priority"))
"""Filters that are equal to a field of an item, with that field."""


def _has(field: str, wanted: str, item: WorkItem) -> bool:
    return bool(getattr(item, field) == wanted)


def _name_of(item: WorkItem) -> str:
    return item.assignee.partition(":")[2]


class LinkedItem(msgspec.Struct, frozen=True):
    """Another item that one has to do with."""

    id: str
    title: str
    status: str
    word: Word


class StayView(msgspec.Struct, frozen=True):
    """An item entered a stage then."""

    stage: Stage
    since: float  # seconds since the epoch


class WorkItemPage(msgspec.Struct, frozen=True):
    """A work item in full."""

    item: WorkItem
    needs: list[LinkedItem]  # what has to be over before it
    blocks: list[LinkedItem]  # what waits for it
    siblings: list[LinkedItem]  # of the same mission or repository, at most 50
    parent: LinkedItem | None  # what it is a part of
    parts: list[LinkedItem]  # of which it is the parent, at most 50
    blocked_on: list[str]  # keys of what people have it wait for
    times: list[StageTime]  # how long it was in each stage
    stays: list[StayView]  # since when it was in which stage, the oldest first
    moves: list[Move]  # what the caller can do with it, with the reason where they can't


SIBLINGS_MAX = 50


def _is_beside(other: WorkItem, item: WorkItem) -> bool:
    """Whether another item is neither this one, nor its parent, nor a part of it."""
    return other.id not in (item.id, item.parent) and other.parent != item.id


async def work_items(present: Present, filters: WorkItemFilters) -> Sequence[WorkItem]:
    """Return the items that fit: what a person has to act on first, what is over last."""
    return filters.select(present.work_items)


async def work_item(reader: Reader, key: str) -> WorkItemPage:
    """Return one item.

    Raises:
        NotFound: `work_item.unknown`.
    """
    present = reader.present
    everything = present.work_items
    item = present.work.item(key)
    if item is None:
        raise unknown(key)
    row, index = present.work.rows[item.source], present.work
    needs = [*row.needs, *row.on, *(index.by_key[each] for each in item.blocked_by)]
    return WorkItemPage(
        item,
        needs=_linked(present, dict.fromkeys(needs)),
        blocks=_linked(present, row.feeds),
        siblings=[
            _link(each)
            for each in everything
            if each.epic_source == item.epic_source and item.epic_source and _is_beside(each, item)
        ][:SIBLINGS_MAX],
        parent=next(iter(_linked(present, [row.parent])), None) if row.parent else None,
        parts=[_link(each) for each in everything if each.parent == item.id][:SIBLINGS_MAX],
        blocked_on=[each.id for each in _linked(present, row.on)],
        times=time_in_stages(row.stays, reader.now, is_over=not item.is_open, past=row.past),
        stays=[StayView(each.stage, each.since) for each in row.stays],
        moves=await moves_of(present, row, item, reader.who.actor, reader.now),
    )


def _linked(present: Present, sources: Any) -> list[LinkedItem]:
    found = (present.work.item(each) for each in sources)
    return [_link(each) for each in found if each is not None]


def _link(item: WorkItem) -> LinkedItem:
    return LinkedItem(item.id, item.title, item.status, item.word)


TONES = {
    "waiting": "ask",
    "stuck": "bad",
    "failed": "bad",
    "done": "ok",
    "building": "held",
    "in_review": "held",
}

WORK_ITEM = Target(
    noun="work_item",
    path="/work-items",
    command="task item",
    metavar="KEY",
    help="its key, such as M-12.3 or SHOP-7",
    to_path=lambda id_: id_.replace("/", ":"),  # A source is one segment of a path too.
    from_path=lambda part: part.replace(":", "/"),
)

LIST = ListQuery(
    name="work_item.list",
    title="List work items",
    text="List work items: tasks of missions and repositories, questions to people, and alerts. "
    "What a person has to act on comes first.\n\nThe status of each is that of the board, with "
    "the reason and the action that makes it go on.",
    target=WORK_ITEM,
    filters=WorkItemFilters,
    find=work_items,
    row=WorkItem,
    key=lambda item: item.place,
    kinds=(int, int, float, str),
    columns=(
        Column("id", 9),
        Column("word", 15, TONES, text=lambda word: WORDS[word]),
        Column("assignee", 16, text=lambda name: name.partition(":")[2]),
        Column("title"),
    ),
    tool=True,
    terminal=Terminal(
        metavars={"epic": "KEY", "text": "Q", "assignee": "NAME", "repository": "NAME"},
        empty="No work items yet. `mission run GOAL` plans a mission with tasks.",
    ),
)

GET = ItemQuery(
    name="work_item.get",
    title="Get a work item",
    text="Return a work item in full.\n\nWhat it waits for, what waits for it, how long it was in "
    "each stage, and what can be done with it.",
    target=WORK_ITEM,
    source=opened,
    find=work_item,
    returns=WorkItemPage,
    tool=True,
    terminal=Terminal(verb="show", lines=lines_of),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
