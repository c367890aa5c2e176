"""The board: work items as columns, lanes and a list, one in full, and what is done with them."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from markupsafe import Markup

from missioncontrol.application.work_index import WorkItem
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import WORDS
from missioncontrol.domain.work_item.events import KINDS, PRIORITIES
from missioncontrol.domain.work_item.stages import STAGES, Stage
from missioncontrol.domain.work_item.stages import WORDS as STATUSES
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import board_view as view
from missioncontrol.interfaces.web.rendering import fragment, is_part, macros_of, moved, page
from missioncontrol.operations import work_item as operations
from missioncontrol.queries import board as boards
from missioncontrol.queries import work_item as queries
from missioncontrol.queries.work_item import WorkItemPage
from missioncontrol.surfaces.paging import LIMIT, Cursor, page_of

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
PAGE, ITEM = "board/page.html", "board/item.html"
BULK_MAX = 200
CARDS_KNOWN_MAX = 20_000
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}

TABS = (
    ("/board", "Board", "board"),
    ("/board/roadmap", "Roadmap", "roadmap"),
    ("/board/workload", "Workload", "workload"),
    ("/board/flow", "Flow", "flow"),
)
KIND_TITLES = {
    "task": "Tasks of agents",
    "person_task": "Tasks of people",
    "repository_task": "Tasks of repositories",
    "question": "Questions",
    "alert": "Alerts",
}
SOURCE_TITLES = {
    "task": "Open mission",
    "person_task": "Open mission",
    "repository_task": "Open task",
    "question": "Answer",
    "alert": "Open alert",
}
MOVE_GLYPHS = {
    "start": "play",
    "hand_to_builder": "agents",
    "retry": "retry",
    "finish": "check",
    "drop": "st-cancelled",
}
EMPTY_TEXTS: dict[Stage, str] = {
    "planned": "Nothing is planned.",
    "ready_to_build": "Nothing is ready.",
    "building": "Nothing is built now.",
    "in_review": "Nothing is in review.",
    "waiting": "Nothing waits for a person.",
    "done": "Nothing was done in 7 days.",
}
KEY_HELP = json.dumps(
    [
        [["j"], "Next item of the column"],
        [["k"], "Previous item of the column"],
        [["h"], "Item of the column before"],
        [["l"], "Item of the next column"],
        [["m"], "Move"],
        [["i"], "Assign"],
        [["p"], "Priority"],
        [["b"], "Blocked by"],
        [["v"], "Next view"],
    ]
)
OPERATIONS: dict[str, Operation[Any, Any]] = {each.verb: each for each in operations.OPERATIONS}


def chosen_by(request: AnyRequest) -> view.Choice:
    """Return what the address of the board says.

    Raises:
        Rejected: `work_item.bad_input`.
    """
    named = {each.name for each in msgspec.structs.fields(view.Choice)}
    given = {name: value[:300] for name, value in request.query_params.items() if name in named}
    if "view" not in given and "mobi" in request.headers.get("user-agent", "").lower():
        given["view"] = "list"  # A phone has room for one column.
    try:
        return msgspec.convert(given, view.Choice)
    except msgspec.ValidationError as error:
        raise Rejected("work_item.bad_input", f"The address is no view: {error}.") from None


@get("/board", include_in_schema=False, **needs("read"))
async def board_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromQuery[str] = "",
    cursor: Cursor = "",
) -> Response[str]:
    """Show work items as columns, by mission, or as a list; the one that `item` names in full."""
    choice, everything = chosen_by(request), console.present.work_items
    values = await _board(request, console, choice, everything, cursor)
    if is_part(request):
        return fragment(request, PAGE, "now", **values)
    opened = await _page(request, console, item) if item else None
    return page(
        request,
        PAGE,
        title="Board",
        area="board",
        tab="/board",
        **(values | _of_item(console, choice, opened)),
    )


async def _board(
    request: AnyRequest,
    console: Console,
    choice: view.Choice,
    everything: Any,
    cursor: str,
) -> dict[str, Any]:
    now, actor = console.now, request.user.actor
    found, summary = (
        view.chosen(console.present, choice, actor, now),
        view.summary_of(console.present),
    )
    shown = boards.filled(found)
    columns = shown.columns(await boards.limits_of(console.reader(request.user)))
    saved = view.views(summary, choice, actor)
    here, fields = choice.address(), _fields(choice, summary)
    values: dict[str, Any] = {
        "choice": choice,
        "total": len(found),
        "columns": columns,
        "filled": {},
        "lanes": [],
        "lanes_left": 0,
        "rows": [],
        "next": "",
        "verdict": boards.verdict_of(summary.open_ones, columns),
        "freeing": _freeing(summary.open_ones),
        "saved": saved,
        "view_title": next((each.title for each in saved if each.href == here), "Filtered"),
        "clear": view.Choice(view=choice.view).address(),
        "layouts": view.LAYOUTS,
        "fields": fields,
        "chips": view.chips(choice, fields),
        "key_help": KEY_HELP,
        "board_tabs": TABS,
        **words(),
        **_cards_for(request, choice, now),
    }
    match choice.view:
        case "lanes":
            values["lanes"], values["lanes_left"] = view.lanes(found, everything)
        case "list":
            rows = page_of(found, cursor, LIMIT, lambda each: each.place, int, int, float, str)
            values |= {"rows": rows.items, "next": rows.next}
        case _:
            values["filled"] = {
                stage: (cards[: view.CARDS], len(cards)) for stage, cards in shown.items.items()
            }
    return values


def _fields(
    choice: view.Choice, summary: view.Summary
) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Return the fields of the filter: name, title, options and value."""
    kinds = [("", "All kinds"), *((each, KIND_TITLES[each]) for each in KINDS)]
    priorities = [("", "Any priority"), *((e, e.capitalize()) for e in PRIORITIES)]
    statuses = [("", "Any status"), *((each, WORDS[each]) for each in STATUSES)]
    return [
        ("epic", "Mission", summary.epics, choice.epic),
        ("assignee", "Assignee", summary.people, choice.assignee),
        ("status", "Status", statuses, choice.status),
        ("kind", "Kind", kinds, choice.kind),
        ("priority", "Priority", priorities, choice.priority),
    ]


def _freeing(items: list[WorkItem]) -> tuple[str, str] | None:
    """Return where a person frees what is stuck first: address and title."""
    stuck = next((each for each in items if each.word == "stuck"), None)
    if stuck is None or not stuck.on or "agent" not in stuck.action:
        return None
    return f"/agents/{quote(stuck.on[0])}", f"Open {stuck.on[0]}"


def words() -> dict[str, Any]:
    """Return what every template of the board may use."""
    return {
        "looks": view.GLYPHS,
        "titles": boards.TITLES,
        "since": view.since,
        "hours": view.hours,
        "worked": view.worked,
        "effort": view.effort,
        "initials": view.initials,
        "reason_of": view.reason_of,
        "why": view.why,
        "due_soon": view.due_soon,
        "empty_texts": EMPTY_TEXTS,
    }


@cache
def _macros() -> Any:
    return macros_of("board/card.html", **words())


class Cards:
    """Cards of items, each made once a minute as long as its item does not change."""

    def __init__(self) -> None:
        self._minute = 0
        self._known: dict[tuple[int, str, bool], tuple[WorkItem, Markup]] = {}

    def of(self, item: WorkItem, query: str, *, is_movable: bool, minute: int) -> Markup:
        """Return the card of an item; `query` is what the address of the board says."""
        if minute != self._minute or len(self._known) > CARDS_KNOWN_MAX:
            self._minute = minute
            self._known.clear()
        key = (id(item), query, is_movable)
        known = self._known.get(key)
        if known is None or known[0] is not item:
            made = Markup(_macros().card(item, query, is_movable))  # noqa: S704 - it is escaped
            known = self._known[key] = (item, made)
        return known[1]


_cards = Cards()


def _cards_for(request: AnyRequest, choice: view.Choice, now: float) -> dict[str, Any]:
    query, is_movable = choice.query_of(), request.user.may("operate")
    before = f"{query}&" if query else ""
    minute = int(now // 60)

    def card_of(item: WorkItem) -> Markup:
        return _cards.of(item, before, is_movable=is_movable, minute=minute)

    return {"card_of": card_of}


@get("/board/cards", include_in_schema=False, **needs("read"))
async def cards_part(
    request: AnyRequest,
    console: NamedDependency[Console],
    stage: FromQuery[str],
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = view.CARDS,
) -> Response[str]:
    """Show more cards of a column, for a column that is scrolled."""
    choice, now = chosen_by(request), console.now
    known = next((each for each in STAGES if each == stage), None)
    if known is None:
        raise Rejected("work_item.bad_input", f"{stage[:40]!r} is no column of the board.")
    found = view.chosen(console.present, choice, request.user.actor, now)
    begin = max(after, 0)
    of_column = boards.filled(found).items[known]
    cards = of_column[begin : begin + max(1, min(limit, view.CARDS_MAX))]
    return fragment(request, PAGE, "cards", cards=cards, **_cards_for(request, choice, now))


@get("/board/items/{item:str}", include_in_schema=False, **needs("read"))
async def item_page(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str]
) -> Response[str]:
    """Show a work item in full: on a page of its own, or beside the board."""
    choice = chosen_by(request)
    opened = await _page(request, console, item)
    beside = request.query_params.get("beside") == "1"
    values = {**_of_item(console, choice, opened), **words(), "alone": not beside}
    if is_part(request):
        return fragment(request, ITEM, "panel", **values)
    return page(
        request, ITEM, title=f"{opened.item.id} {opened.item.title}", area="board", **values
    )


async def _page(request: AnyRequest, console: Console, item: str) -> WorkItemPage:
    return await queries.work_item(console.reader(request.user), item)


def _of_item(console: Console, choice: view.Choice, opened: WorkItemPage | None) -> dict[str, Any]:
    values: dict[str, Any] = {"opened": opened, "choice": choice, "back": choice.address()}
    values |= {"alone": False, "source_titles": SOURCE_TITLES, "move_glyphs": MOVE_GLYPHS}
    if opened is None:
        return values
    lives = console.present.board.listed("agent", is_open=True)
    return values | {
        "parts": view.slices(opened.times),
        "agents": sorted(each.name for each in lives),
    }


@post("/board/items/{item:str}/move", **DONE, **needs("operate"))
async def move(
    request: AnyRequest, console: NamedDependency[Console], item: FromPath[str], data: Form
) -> Response[Any]:
    """Move an item to a column, by the command that does that where it comes from.

    Raises:
        Rejected: `work_item.no_move`, with the reason why it does not go there.
    """
    to = data.get("to", "")
    opened = await _page(request, console, item)
    fits = [each for each in opened.moves if each.to == to]
    if not fits:
        title = boards.TITLES.get(to, to)  # type: ignore[call-overload]
        raise Rejected(
            "work_item.no_move",
            f"{opened.item.id} does not go to {title} by hand: what happens to it moves it there.",
        )
    free = [each for each in fits if not each.refusal and each.verb != "hand_to_builder"]
    if not free:
        raise Rejected("work_item.no_move", next(e.refusal for e in fits if e.refusal))
    if not request.user.may(free[0].permission):
        raise Rejected("work_item.no_move", f"That needs the permission to {free[0].permission}.")
    await console.run(request, OPERATIONS[free[0].verb], opened.item.id)
    return _changed(request, opened.item.id)


@post("/board/items/{item:str}/{verb:str}", **DONE, **needs("operate"))
async def change(
    request: AnyRequest,
    console: NamedDependency[Console],
    item: FromPath[str],
    verb: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Do with an item what a form of its panel says."""
    operation = OPERATIONS.get(verb)
    if operation is None:
        raise NotFound("work_item.no_move", f"{verb[:40]!r} is nothing that is done with items.")
    await console.run(request, operation, item, **_given(verb, data))
    return _changed(request, item)


def _given(verb: str, data: dict[str, str]) -> dict[str, Any]:
    """Return what a form says, by the fields of the operation."""
    fields = OPERATIONS[verb].given.__struct_fields__
    found: dict[str, Any] = {name: value.strip() for name, value in data.items() if name in fields}
    if "labels" in found:
        parts = (each.strip() for each in found["labels"].split(","))
        found["labels"] = tuple(each for each in parts if each)
    if "hours" in found:
        found["hours"] = _hours(found["hours"])
    return found


def _hours(text: str) -> float:
    try:
        return float(text.replace(",", ".") or 0)
    except ValueError:
        raise Rejected("work_item.bad_input", f"{text[:40]!r} is no number of hours.") from None


def _changed(request: AnyRequest, item: str) -> Response[Any]:
    """Let the board show what it is now; without scripts, the page of the item."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"HX-Trigger": "item-changed"})
    return moved(request, f"/board/items/{quote(item, safe='')}")


@post("/board/bulk", **DONE, **needs("operate"))
async def change_marked(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Do the same with all items that are marked; what is refused is named with its reason.

    Raises:
        Rejected: `work_item.none_marked`, `work_item.bad_input`, `work_item.partly`.
    """
    form = await request.form()
    keys = [str(each) for each in form.getall("key", [])][:BULK_MAX]
    if not keys:
        raise Rejected("work_item.none_marked", "No item is marked.", hint="Mark some of the list.")
    operation, given = _bulk(str(form.get("do", "")), str(form.get("value", "")).strip())
    refused: list[str] = []
    for key in keys:
        try:
            await console.run_afresh(request, operation, key, **given)
        except MissionControlError as error:
            refused.append(f"{key}: {error.reason}")
    if refused:
        done = len(keys) - len(refused)
        raise Rejected(
            "work_item.partly",
            f"{done} of {len(keys)} items are changed. {' '.join(refused[:5])}",
        )
    back = str(form.get("back", ""))
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"HX-Trigger": "item-changed"})
    return moved(request, back if back.startswith("/board") else "/board?view=list")


def _bulk(do: str, value: str) -> tuple[Operation[Any, Any], dict[str, Any]]:
    match do:
        case "assign":
            return operations.ASSIGN, {"to": value}
        case "priority":
            return operations.EDIT, {"priority": value.lower()}
        case "label":
            labels = tuple(each.strip() for each in value.split(",") if each.strip())
            return operations.EDIT, {"labels": labels}
        case "due":
            return operations.EDIT, {"due": value}
        case "start":
            return operations.START, {}
        case "drop":
            return operations.DROP, {"reason": value}
    raise Rejected("work_item.bad_input", f"{do[:40]!r} is nothing that is done with items.")


HANDLERS: list[Any] = [
    board_page,
    cards_part,
    item_page,
    move,
    change,
    change_marked,
]
