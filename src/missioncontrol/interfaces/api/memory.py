"""What is remembered as a resource of the API: listed, searched, added, corrected, forgotten."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries import memory as queries
from missioncontrol.application.queries.memory import (
    WORDS_MAX,
    ItemDetail,
    MatchView,
    Remembering,
)
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import NAME_MAX, Expiry, Files, Reason, Tags, Text, Title
from missioncontrol.domain.mission import GOAL_MAX, PATH_MAX
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations.memory import CORRECT, EXPIRE
from missioncontrol.surfaces.conditional import (
    CHANGED,
    IfMatch,
    refuse_stale,
    tag_of,
)
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Limit

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


class ItemChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different about an item; what is left out stays as it is."""

    title: Title | None = None
    text: Text | None = None
    files: Files | None = None
    tags: Tags | None = None
    expires: Expiry | None = None  # seconds since the epoch; 0: never
    reason: Reason = ""  # why it expires then


class RecallAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mission would be about. A goal is longer than an address may be."""

    goal: Annotated[str, msgspec.Meta(min_length=1, max_length=GOAL_MAX)]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # absolute path


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
    name = seen.item.id
    given = {each: getattr(data, each) for each in ("title", "text", "files", "tags")}
    if any(value is not None for value in given.values()):
        await console.run(request, CORRECT, name, **given)
    if data.expires is not None:
        await console.run(request, EXPIRE, name, expires=data.expires, reason=data.reason)
    return await _detail(console, name)


async def _detail(console: Console, item: str) -> ItemDetail:
    return await console.archive.remembered(lambda memory: queries.detail(memory, item))


HANDLERS: list[Any] = [
    count_items,
    search_items,
    recall_items,
    *handlers_of("memory"),
    change_item,
]
