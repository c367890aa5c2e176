"""Queries of memory; searching and recalling are asked for by hand."""

from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import memory as views
from missioncontrol.application.queries.memory import ItemDetail, ItemView
from missioncontrol.application.reader import Reader, Remembered
from missioncontrol.declarations import ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.domain.memory import NAME_MAX, PATH_MAX
from missioncontrol.ports.memory_index import Wanted
from missioncontrol.queries.memory_format import detail_lines

ITEMS_MAX = 10_000
"""Items that a command line lists at most."""


class MemoryFilters(msgspec.Struct, frozen=True):
    """Which items are wanted; what is empty chooses all."""

    kind: Annotated[
        Literal["", "lesson", "decision", "risk", "command", "estimate", "fact"],
        Meta(description="Only of this kind."),
    ] = ""
    repository: Annotated[
        Annotated[str, Meta(max_length=PATH_MAX)] | None,
        Meta(description="Its path; empty: what holds everywhere."),
    ] = None
    tag: Annotated[str, Meta(max_length=NAME_MAX, description="Only with this tag.")] = ""
    file: Annotated[str, Meta(max_length=NAME_MAX, description="Only about this file.")] = ""
    expired: Annotated[bool, Meta(description="Also what has expired.")] = False

    @property
    def wanted(self) -> Wanted:
        """The filters as the index takes them."""
        return Wanted(
            kind=self.kind,
            repository=self.repository,
            tag=self.tag,
            file=self.file,
            with_expired=self.expired,
        )


async def items_after(
    remembered: Remembered, filters: MemoryFilters, place: tuple[Any, ...] | None, limit: int
) -> list[ItemView]:
    """Return so many items after a place, those that were confirmed last first."""
    before = (place[0], place[1]) if place else None
    return await remembered(
        lambda memory: views.items(memory, filters.wanted, before=before, limit=limit)
    )


async def items(remembered: Remembered, filters: MemoryFilters) -> list[ItemView]:
    """Return the items that fit, those that were confirmed last first."""
    return await items_after(remembered, filters, None, ITEMS_MAX)


async def item(remembered: Remembered, name: str) -> ItemDetail:
    """Return an item, by its id or the beginning of it.

    Raises:
        NotFound: `memory.unknown` or `memory.forgotten`.
    """
    return await remembered(lambda memory: views.detail(memory, name))


async def named(reader: Reader, text: str) -> str:
    """Return the id of the item that a text means."""
    return await reader.remembered(lambda memory: memory.named(text))


MEMORY = Target(
    noun="memory",
    path="/memory",
    help="its id, or the beginning of it",
    field="item",
    parameter="item",
    metavar="ITEM",
    command="knowledge memory",
    resolve=named,
)

LIST = ListQuery(
    name="memory.list",
    operation_id="list_items",
    title="List what is remembered",
    text="Return items, those that were confirmed last first.",
    surfaces=frozenset({"http", "client", "mcp"}),  # The command line tells like items apart.
    target=MEMORY,
    filters=MemoryFilters,
    source=attrgetter("remembered"),
    find=items,
    find_after=items_after,
    row=ItemView,
    key=lambda row: (row.confirmed, row.id),
    kinds=(float, str),
)

GET = ItemQuery(
    name="memory.get",
    operation_id="get_item",
    title="Get an item",
    text="Return an item with its source and its neighbours.",
    target=MEMORY,
    source=attrgetter("remembered"),
    find=item,
    returns=ItemDetail,
    terminal=Terminal(verb="show", lines=detail_lines),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
