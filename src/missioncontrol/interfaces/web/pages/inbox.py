"""The inbox: everything that needs the person who is signed in, decided in place."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody

from missioncontrol.application.inbox.items import InboxItem
from missioncontrol.application.inbox.reader import page_of_item
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.inbox_actions import DONE, UNDONE, act
from missioncontrol.interfaces.web.inbox_view import Wanted, listed, opened
from missioncontrol.interfaces.web.rendering import answered, fragment, is_part, moved, page

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
Name = Annotated[str, QueryParameter(max_length=600)]

TEMPLATE = "inbox/page.html"
NOTHING: dict[str, Any] = {
    "item": None,
    "ask": "",
    "refusal": None,
    "typed": {},
    "done": None,
    "gone": "",
    "is_open": False,
}


@get("/inbox", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    view: Name = "",
    kind: Name = "",
    done: Name = "",
    undo: Name = "",
) -> Response[str]:
    """Show the inbox with its first item open; on a phone, the list."""
    wanted = Wanted(view, kind)
    values = await listed(request, console, wanted)
    first = values["items"][0].id if values["items"] else ""
    return await _shown(request, console, values, first, done=_done(done, undo))


@get("/inbox/{item:str}", include_in_schema=False, **needs("read"))
async def item_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromPath[str],
    view: Name = "",
    kind: Name = "",
    ask: Name = "",
    done: Name = "",
    undo: Name = "",
) -> Response[str]:
    """Show one item beside the list; on a phone, alone."""
    values = await listed(request, console, Wanted(view, kind))
    return await _shown(
        request, console, values, item, ask=ask, is_open=True, done=_done(done, undo)
    )


def _done(name: str, item: str) -> dict[str, str] | None:
    """Return what is shown of the action of that name, where an address says it was done."""
    words = DONE.get(name, "")
    return {"words": words, "undo": item if name in UNDONE else ""} if words else None


async def _shown(
    request: AnyRequest, console: Console, values: dict[str, Any], id_: str, **more: Any
) -> Response[str]:
    """Show the list and one item; an item that is settled says so."""
    found = {**NOTHING, **values, **more}
    if id_:
        try:
            found |= await opened(request, console, id_, ask=found["ask"])
        except NotFound:
            found["gone"] = id_
    if is_part(request):
        return fragment(request, TEMPLATE, "inbox", **found)
    return page(request, TEMPLATE, title=_title(found["needed"]), area="inbox", **found)


def _title(needed: int) -> str:
    return f"({needed}) Inbox" if needed else "Inbox"


@get("/inbox/parts/list", include_in_schema=False, **needs("read"))
async def list_part(
    request: AnyRequest,
    console: NamedDependency[Console],
    current: Name = "",
    view: Name = "",
    kind: Name = "",
) -> Response[str]:
    """Show the list again after something has changed."""
    values = await listed(request, console, Wanted(view, kind))
    return fragment(request, TEMPLATE, "queue", current=current, **values)


@get("/inbox/parts/notice", include_in_schema=False, **needs("read"))
async def notice_part(
    request: AnyRequest, console: NamedDependency[Console], item: Name, digest: Name = ""
) -> Response[str]:
    """Say whether the item that is open still stands as it was opened."""
    await console.present.catch_up()
    try:
        found = await page_of_item(console.present, console.owner, request.user, console.now, item)
        notice = "changed" if found.item.digest != digest else ""
    except NotFound:
        notice = "settled"
    return fragment(request, TEMPLATE, "notice", notice=notice)


@post("/inbox/{item:str}/{action:str}", include_in_schema=False, status_code=200, **needs("read"))
async def do(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromPath[str],
    action: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Do what a button says, and show the next item; a refusal is shown in the item."""
    wanted = Wanted(data.get("view", ""), data.get("kind", ""))
    before = await listed(request, console, wanted)
    try:
        page_ = await page_of_item(console.present, console.owner, request.user, console.now, item)
        words = await act(request, console, page_.item, action, data)
    except MissionControlError as refusal:
        return await _refused(request, console, wanted, item, action, data, refusal)
    after = await listed(request, console, wanted)
    stays = action in ("comment", "restore")
    chosen = item if stays else following(before["items"], after["items"], item)
    done = {"words": f"{words}: {page_.item.title}", "undo": item if action in UNDONE else ""}
    if request.headers.get("hx-request") != "true":
        return moved(request, address(chosen, wanted, done=action, item=item))
    answer = await _shown(request, console, after, chosen, is_open=bool(chosen), done=done)
    answer.headers["HX-Push-Url"] = address(chosen, wanted)
    return answer


async def _refused(
    request: AnyRequest,
    console: Console,
    wanted: Wanted,
    item: str,
    action: str,
    data: dict[str, str],
    refusal: MissionControlError,
) -> Response[Any]:
    await console.present.catch_up()
    values = {**NOTHING, **await listed(request, console, wanted)}
    values |= {"refusal": refusal, "typed": data, "is_open": True}
    try:
        values |= await opened(request, console, item, ask=action)
    except NotFound:
        values["gone"] = item
    return await answered(
        request,
        TEMPLATE,
        "inbox",
        title="Not done",
        area="inbox",
        back=(address(item, wanted), "Inbox"),
        status=422,
        **values,
    )


def following(before: list[InboxItem], after: list[InboxItem], id_: str) -> str:
    """Return the item to select after one is done with: the next that is left, else the last."""
    left = {each.id for each in after}
    names = [each.id for each in before]
    at = names.index(id_) if id_ in names else 0
    later = [name for name in names[at + 1 :] if name in left]
    if later:
        return later[0]
    rest = [each.id for each in after if each.id != id_]
    return rest[-1] if rest else ""


def address(id_: str, wanted: Wanted, *, done: str = "", item: str = "") -> str:
    """Return the address of an item in a list, also with what was `done` to another `item`."""
    query = dict(wanted.query)
    query |= {"done": done} if done else {}
    query |= {"undo": item} if done in UNDONE else {}
    path = f"/inbox/{quote(id_, safe=':')}" if id_ else "/inbox"
    return f"{path}?{urlencode(query)}" if query else path


HANDLERS: list[Any] = [list_page, list_part, notice_part, item_page, do]
