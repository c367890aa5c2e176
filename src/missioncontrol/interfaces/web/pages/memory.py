"""The pages of what is remembered: browse, search, one item, and what changes it."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from missioncontrol.application.queries import memory as queries
from missioncontrol.application.queries.memory import Remembering
from missioncontrol.documents.page import ticked
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.memory import KINDS
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.memory import KindFilter, Repository, Tag, Words
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.memory_graph import drawing
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.knowledge.text import distinguishing_texts, without_markup
from missioncontrol.operations.memory import ADD, CORRECT, EXPIRE, FORGET, until_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
LIST, ITEM = "memory/list.html", "memory/item.html"
REPOSITORIES_MAX = 200

EVERYWHERE = "*"
"""What the filter of repositories says for items that hold everywhere: "" is no filter there."""


@get("/memory", **PAGE, **needs("read"))
async def show_memory(
    request: AnyRequest,
    console: NamedDependency[Console],
    q: Words = "",
    kind: KindFilter = "",
    repository: Repository = "",
    tag: Tag = "",
    expired: FromQuery[str] = "",
    cursor: Cursor = "",
) -> Response[str]:
    """Show what is remembered: the newest first, or what bears on some words and why."""
    where = None if not repository else "" if repository == EVERYWHERE else repository
    wanted = queries.wanted_of(kind=kind, repository=where, tag=tag, with_expired=bool(expired))
    place = place_of(cursor, float, str)
    before = (place[0], place[1]) if place else None
    remembered: Remembering = await console.archive.remembered(queries.remembering)
    matches, items = [], []
    if q.strip():
        matches = await console.archive.remembered(
            lambda memory: queries.found(memory, q, wanted, repository=where or "", limit=LIMIT)
        )
    else:
        items = await console.archive.remembered(
            lambda memory: queries.items(memory, wanted, before=before, limit=LIMIT + 1)
        )
    last = items[LIMIT - 1] if len(items) > LIMIT else None
    values: dict[str, Any] = {
        "ticked": _worded,
        "verdict": _verdict(remembered),
        "told": remembered,
        "kinds": queries.by_kind(remembered.sorts),
        "repositories": _repositories(remembered),
        "q": q,
        "kind": kind,
        "repository": repository or "",
        "tag": tag,
        "expired": expired,
        "matches": matches,
        "items": items[:LIMIT],
        "apart": distinguishing_texts([*items[:LIMIT], *(each.item for each in matches or ())]),
        "next": cursor_of(last.confirmed, last.id) if last else "",
        "all_kinds": KINDS,
        "is_filtered": bool(q or kind or repository or tag or expired or cursor),
    }
    if is_part(request):
        return fragment(request, LIST, "list", **values)
    return page(request, LIST, title="Memory", area="memory", **values)


def _worded(text: str) -> Markup:
    """Return words of a document with their code as code, and without its other marks."""
    return ticked(without_markup(text))


def _verdict(remembered: Remembering) -> str:
    if not remembered.items:
        return "No items yet."
    places = {each.repository for each in remembered.sorts if each.repository}
    where = f" of {formats.count(len(places), 'repository', 'repositories')}" if places else ""
    things = formats.count(remembered.items, "thing is", "things are")
    return f"{things} remembered{where}."


def _repositories(remembered: Remembering) -> list[tuple[str, str]]:
    names = dict.fromkeys(each.repository for each in remembered.sorts)
    shown = [(name, name.rpartition("/")[2]) for name in names if name][:REPOSITORIES_MAX]
    everywhere = [(EVERYWHERE, "All repositories")] if "" in names else []
    return [*shown, *everywhere]


@get("/memory/{item:str}", **PAGE, **needs("read"))
async def show_item(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[str]:
    """Show one item: what it says, where it comes from, how much it counts, what it shares."""
    detail = await console.archive.remembered(lambda memory: queries.detail(memory, item))
    values: dict[str, Any] = {
        "detail": detail,
        "one": detail.item,
        "drawing": drawing(detail),
        "apart": distinguishing_texts([detail.item, *(each.item for each in detail.near)]),
        "ticked": _worded,
    }
    return page(request, ITEM, title=f"{detail.item.title} · Memory", area="memory", **values)


@post("/memory", **DONE, **needs("operate"))
async def add_item(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Remember the text that the user typed."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("kind", "repository", "until")}
    if typed["kind"] not in KINDS:
        raise Rejected("memory.bad_kind", f"{typed['kind'][:40]!r} is no kind.")
    made = await console.run(
        request,
        ADD,
        kind=typed["kind"],
        repository=typed["repository"],
        expires=until_of(typed["until"]),
        **_words(form),
    )
    return moved(request, f"/memory/{quote(made.item)}")


@post("/memory/{item:str}/correct", **DONE, **needs("operate"))
async def correct_item(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[Any]:
    """Correct an item with the text that the user typed."""
    await console.run(request, CORRECT, item, **_words(await request.form()))
    return moved(request, f"/memory/{quote(item)}")


@post("/memory/{item:str}/expire", **DONE, **needs("operate"))
async def expire_item(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[Any]:
    """Set until when planners receive the item."""
    form = await request.form()
    until = until_of(str(form.get("until", "")).strip() or "now")
    reason = str(form.get("reason", ""))[:2_000]
    await console.run(request, EXPIRE, item, expires=until, reason=reason)
    return moved(request, f"/memory/{quote(item)}")


@post("/memory/{item:str}/forget", **DONE, **needs("operate"))
async def forget_item(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[Any]:
    """Delete the item."""
    reason = str((await request.form()).get("reason", ""))[:2_000]
    await console.run(request, FORGET, item, reason=reason)
    return moved(request, "/memory")


def _words(form: Any) -> dict[str, Any]:
    """Return what an item is to say, as it was typed: files and tags stand one a line."""
    texts = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in ("title", "text")}
    lines = {
        name: tuple(line.strip() for line in str(form.get(name, "")).splitlines() if line.strip())
        for name in ("files", "tags")
    }
    return {**{name: text.strip() for name, text in texts.items()}, **lines}


HANDLERS: list[Any] = [
    show_memory,
    show_item,
    add_item,
    correct_item,
    expire_item,
    forget_item,
]
