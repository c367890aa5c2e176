"""Queries of the inbox of the caller: what needs them, and one item of it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.inbox import reader as inbox
from missioncontrol.application.inbox.items import WORDS, InboxItem, InboxPage
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import Column, ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.documents.figures import moment
from missioncontrol.domain.inbox import ID_MAX, Kind

View = Literal["mine", "all", "snoozed", "muted", "delegated"]
VIEW_STATES = {
    "snoozed": ("snoozed", "dismissed"),
    "muted": ("muted",),
    "delegated": ("delegated",),
}
TONES = {"ask": "ask", "bad": "bad", "held": "held", "live": "ok"}


class InboxFilters(msgspec.Struct, frozen=True):
    """Which items are wanted; what is empty chooses all."""

    kind: Annotated[Kind | None, Meta(description="Only items of this kind.")] = None
    view: Annotated[
        View,
        Meta(
            description="mine: what needs the caller; all: also what waits on others; snoozed: "
            "snoozed or dismissed by the caller; muted; delegated: given to others."
        ),
    ] = "mine"
    mission: Annotated[str, Meta(max_length=ID_MAX, description="Only items of it.")] = ""
    run: Annotated[str, Meta(max_length=ID_MAX, description="Only items of this run.")] = ""

    def takes(self, item: InboxItem) -> bool:
        """Whether an item is one of them."""
        if self.view in VIEW_STATES:
            is_seen = item.state in VIEW_STATES[self.view]
        else:
            is_seen = item.state == "open" and (self.view == "all" or item.group != "others")
        return (
            is_seen
            and self.kind in (None, item.kind)
            and self.mission in ("", item.about.mission)
            and self.run in ("", item.about.run)
        )


async def items(reader: Reader, filters: InboxFilters) -> list[InboxItem]:
    """Return the items of the caller that fit: what blocks work first, then the oldest."""
    found = await inbox.items_of(reader.present, reader.owner, reader.who, reader.now)
    return [each for each in found if filters.takes(each)]


async def item(reader: Reader, id_: str) -> InboxPage:
    """Return one item, also one that the caller has snoozed.

    Raises:
        NotFound: `inbox.unknown`, `inbox.ambiguous`.
    """
    return await inbox.page_of_item(reader.present, reader.owner, reader.who, reader.now, id_)


async def resolve(reader: Reader, id_: str) -> str:
    """Return the id of the item that a caller means by a part of it.

    Raises:
        NotFound: `inbox.unknown`, `inbox.ambiguous`.
    """
    opened(reader)
    await reader.present.catch_up()
    return (await inbox.raw_item(reader.present, reader.owner, reader.now, id_)).id


def lines_of(page: InboxPage, _: int = 0) -> list[str]:
    """Return an item as text: what it is about, who can settle it, and what can be done."""
    found = page.item
    lines = [f"{found.word}: {found.title}", f"  {found.id}", f"  {found.detail}"]
    lines.append(f"  since {moment(found.since)}" + _end(found))
    lines += [f"  frees {found.frees}"] if found.frees else []
    lines += [f"  digest {found.digest}"] if found.digest else []
    lines += [f"  who can settle it: {found.who}"] if found.who else []
    lines += [f"  not you: {found.why}"] if found.why else []
    if found.assigned_to:
        note = f": {found.note}" if found.note else ""
        lines.append(f"  given to {found.assigned_to} by {found.assigned_by}{note}")
    lines += [f"  {each.by}, {moment(each.at)}: {each.text}" for each in page.comments]
    can = [each.title for each in found.actions if each.is_allowed]
    return [*lines, f"  can be done: {', '.join(can)}"]


def _end(found: InboxItem) -> str:
    if found.until and found.state == "snoozed":
        return f", snoozed until {moment(found.until)}"
    return f", until {moment(found.ends)}" if found.ends else ""


ITEM = Target(
    noun="inbox_item",
    path="/inbox",
    parameter="item",
    field="item",
    metavar="ITEM",
    help="as the list prints it, or a part that only one has",
    command="inbox",
    resolve=resolve,
)

LIST = ListQuery(
    name="inbox.list",
    title="List what needs you",
    text="List everything that needs the caller.\n\nApprovals, questions, elevations, stuck work, "
    "budget halts, failed runs, sign-offs, plans, tasks, alerts and proposed decisions: each names "
    "what it frees, who can settle it, and what the caller may do, with the reason where they may "
    "not. What blocks work comes first, then the oldest.",
    target=ITEM,
    filters=InboxFilters,
    source=opened,
    find=items,
    row=InboxItem,
    key=inbox.place_of,
    kinds=(int, bool, float, str),
    columns=(
        Column("kind", 18, {}, lambda kind: WORDS[kind]),
        Column("title", 44),
        Column("since", 24, text=moment),
        Column("id"),
    ),
    tool=True,
    terminal=Terminal(
        metavars={"mission": "RUN", "run": "RUN"},
        resolve={"mission": "mission", "run": "run"},
        empty="Nothing needs you.",
    ),
)

GET = ItemQuery(
    name="inbox.get",
    title="Get an item of the inbox",
    text="Return one item with its comments, also where it is snoozed or muted.",
    operation_id="get_inbox_item",
    target=ITEM,
    source=opened,
    find=item,
    returns=InboxPage,
    terminal=Terminal(verb="show", lines=lines_of),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
