"""What is remembered as a resource of the API: listed, searched, added, corrected, forgotten."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.memory import STAYS, MemoryAsked
from missioncontrol.application.queries import memory as queries
from missioncontrol.application.queries.memory import (
    WORDS_MAX,
    ItemDetail,
    ItemView,
    MatchView,
    Remembering,
)
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import (
    NAME_MAX,
    NAMES_MAX,
    REASON_MAX,
    TEXT_MAX,
    TIME_MAX,
    TITLE_MAX,
    Kind,
)
from missioncontrol.domain.mission import GOAL_MAX, PATH_MAX
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    listed,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
KindFilter = Annotated[
    Literal["", "lesson", "decision", "risk", "command", "estimate", "fact"],
    QueryParameter(description="Only of this kind."),
]
Repository = Annotated[
    str | None,
    QueryParameter(max_length=PATH_MAX, description="Its path; empty: what holds everywhere."),
]
Tag = Annotated[str, QueryParameter(max_length=NAME_MAX, description="Only with this tag.")]
File = Annotated[str, QueryParameter(max_length=NAME_MAX, description="Only about this file.")]
Expired = Annotated[bool, QueryParameter(description="Also what has expired.")]
Words = Annotated[str, QueryParameter(max_length=WORDS_MAX, description="What it is about.")]
Because = Annotated[str, QueryParameter(max_length=REASON_MAX, description="Why, for the record.")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=NAMES_MAX)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=TIME_MAX)]


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is to be remembered."""

    title: Title
    text: Text
    kind: Kind = "lesson"
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # "": it holds everywhere
    files: Names = ()
    tags: Names = ()
    expires: Moment = 0.0  # seconds since the epoch; 0: never


class ItemChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different about an item; what is left out stays as it is."""

    title: Title | None = None
    text: Text | None = None
    files: Names | None = None
    tags: Names | None = None
    expires: Moment | None = None  # seconds since the epoch; 0: never
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""  # why it expires then


class RecallAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mission would be about. A goal is longer than an address may be."""

    goal: Annotated[str, msgspec.Meta(min_length=1, max_length=GOAL_MAX)]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # absolute path


class Forgotten(msgspec.Struct, frozen=True):
    """An item that is gone, and what of it stays where."""

    item: str
    stays: str


@get("/memory", summary="List what is remembered", responses=KNOWN, **needs("read"))
async def list_items(
    request: AnyRequest,
    console: NamedDependency[Console],
    kind: KindFilter = "",
    repository: Repository = None,
    tag: Tag = "",
    file: File = "",
    expired: Expired = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response[Page[ItemView]]:
    """Return items, those that were confirmed last first."""
    wanted = queries.wanted_of(
        kind=kind, repository=repository, tag=tag, file=file, with_expired=expired
    )
    place = place_of(cursor, float, str)
    before = (place[0], place[1]) if place else None
    found = await console.archive.remembered(
        lambda memory: queries.items(memory, wanted, before=before, limit=limit + 1)
    )
    last = found[limit - 1] if len(found) > limit else None
    page = Page(found[:limit], cursor_of(last.confirmed, last.id) if last else "")
    return listed(request, page)


@get("/memory/counts", summary="Count what is remembered", **needs("read"))
async def count_items(console: NamedDependency[Console]) -> Remembering:
    """Return how many items there are by kind and repository; expired ones are left out."""
    return await console.archive.remembered(queries.remembering)


@get("/memory/search", summary="Search what is remembered", **needs("read"))
async def search_items(
    console: NamedDependency[Console],
    q: Words,
    kind: KindFilter = "",
    repository: Repository = None,
    tag: Tag = "",
    file: File = "",
    expired: Expired = False,
    limit: Limit = LIMIT,
) -> list[MatchView]:
    """Return the items that say some of these words, best first, each with what its score is."""
    wanted = queries.wanted_of(
        kind=kind, repository=repository, tag=tag, file=file, with_expired=expired
    )
    return await console.archive.remembered(
        lambda memory: queries.found(memory, q, wanted, repository=repository or "", limit=limit)
    )


@post("/memory/recall", status_code=200, summary="Recall items for a goal", **needs("read"))
async def recall_items(
    console: NamedDependency[Console], data: JSONBody[RecallAsked]
) -> list[Recalled]:
    """Return what a planner would receive for a goal now. Nothing starts."""
    goal, repository = data.goal, data.repository
    return list(await console.archive.remembered(lambda it: it.recalled(goal, repository)))


@get("/memory/{item:str}", summary="Get an item", responses=KNOWN, **needs("read"))
async def get_item(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[ItemDetail]:
    """Return an item with its source and its neighbours."""
    found = await _detail(console, item)
    return tagged(request, found, tag_of(found))


@post(
    "/memory",
    summary="Remember something",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="The item.")
    ],
    **needs("operate"),
)
async def add_item(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewItem]
) -> Response[ItemDetail]:
    """Add an item that planners receive from now on."""
    ask = MemoryAsked(
        "add",
        kind=data.kind,
        title=data.title,
        text=data.text,
        repository=data.repository,
        files=data.files,
        tags=data.tags,
        expires=data.expires,
    )
    item = str((await console.ask(request, ask))["item"])
    detail = await _detail(console, item)
    return Response(detail, status_code=201, headers={"location": f"/api/v1/memory/{item}"})


@patch(
    "/memory/{item:str}",
    summary="Correct an item, or set when it expires",
    responses=CHANGED,
    **needs("operate"),
)
async def change_item(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromPath[str],
    data: JSONBody[ItemChange],
    if_match: IfMatch = "",
) -> ItemDetail:
    """Correct the text of an item, whatever is harvested, or set when it expires."""
    seen = await _detail(console, item)
    refuse_stale(if_match, tag_of(seen), "The item")
    known = seen.item
    words = ("title", "text", "files", "tags")
    given = {name: getattr(data, name) for name in words}
    if any(value is not None for value in given.values()):
        fields = {n: getattr(known, n) if value is None else value for n, value in given.items()}
        await console.ask(request, MemoryAsked("correct", known.id, **fields))
    if data.expires is not None:
        expire = MemoryAsked("expire", known.id, expires=data.expires, reason=data.reason)
        await console.ask(request, expire)
    return await _detail(console, known.id)


@delete(
    "/memory/{item:str}",
    status_code=200,
    summary="Forget an item",
    responses=CHANGED,
    **needs("operate"),
)
async def forget_item(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromPath[str],
    reason: Because = "",
    if_match: IfMatch = "",
) -> Forgotten:
    """Delete an item: from the index, from what planners receive, and from the harvest.

    The record keeps the events that it came from, and that it was forgotten.
    """
    if if_match:
        refuse_stale(if_match, tag_of(await _detail(console, item)), "The item")
    known = await console.archive.remembered(lambda memory: memory.item(memory.named(item)))
    await console.ask(request, MemoryAsked("forget", known.id, reason=reason))
    return Forgotten(known.id, STAYS)


async def _detail(console: Console, item: str) -> ItemDetail:
    return await console.archive.remembered(lambda memory: queries.detail(memory, item))


HANDLERS: list[Any] = [
    list_items,
    count_items,
    search_items,
    recall_items,
    get_item,
    add_item,
    change_item,
    forget_item,
]
