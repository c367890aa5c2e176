"""What the page of the inbox shows: the list in its groups, and one item in full."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from litestar import Request

from missioncontrol.application.access import access_of
from missioncontrol.application.analytics.alerts import AlertReader
from missioncontrol.application.inbox.items import GROUPS, InboxItem
from missioncontrol.application.inbox.reader import able, items_of, needs, page_of_item, raw_item
from missioncontrol.application.inbox.records import proposed_of
from missioncontrol.application.inbox.work import runs_held_by
from missioncontrol.application.journal import MISSION
from missioncontrol.application.queries import halts, questions, repository_tasks, runs
from missioncontrol.application.read_model import Present
from missioncontrol.application.review_changes import REVIEWS, STREAM
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.review import Comment
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.api.elevations import of_agent
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.approval_forms import fields_of
from missioncontrol.interfaces.web.approval_view import detail
from missioncontrol.queries import agent_session
from missioncontrol.queries.inbox import VIEW_STATES, View

AnyRequest = Request[Principal, Any, Any]

SHOWN_MAX = 200
TEXT_MAX = 60_000
"""Letters of a document that a person signs; a longer one is read on its own page."""

RUNS_MAX = 8
ICONS = {
    "approval": "st-approval",
    "question": "question",
    "elevation": "lock",
    "stuck": "st-blocked",
    "halt": "costs",
    "failed": "st-failed",
    "sign-off": "signoff",
    "plan": "missions",
    "task": "user",
    "alert": "cockpit",
    "decision": "branch",
    "slow": "flow",
    "comment": "comment",
    "session": "agents",
}


class Chip(NamedTuple):
    """A filter by kinds."""

    key: str
    title: str
    kinds: frozenset[str]


CHIPS = (
    Chip("approvals", "Approvals", frozenset({"approval", "elevation"})),
    Chip("questions", "Questions", frozenset({"question"})),
    Chip("stuck", "Stuck or failed", frozenset({"stuck", "failed"})),
    Chip("budget", "Budget", frozenset({"halt"})),
    Chip("tasks", "Tasks and sign-offs", frozenset({"sign-off", "plan", "task"})),
    Chip("alerts", "Alerts", frozenset({"alert", "slow"})),
    Chip("decisions", "Decisions", frozenset({"decision"})),
    Chip("comments", "Comments", frozenset({"comment"})),
    Chip("sessions", "Agent sessions", frozenset({"session"})),
)
KINDS_OF = {chip.key: chip.kinds for chip in CHIPS}


class Wanted(NamedTuple):
    """Which items the list shows."""

    view: View | str = ""
    kind: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parts of an address that say it."""
        given = {"view": self.view, "kind": self.kind}
        return {name: value for name, value in given.items() if value}


async def listed(request: AnyRequest, console: Console, wanted: Wanted) -> dict[str, Any]:
    """Return what the list shows, and how many items there are of each sort."""
    await console.present.catch_up()
    every = await items_of(console.present, console.owner, request.user, console.now)
    inside = [each for each in every if _is_in(each, wanted.view)]
    kinds = Counter(chip.key for each in inside for chip in CHIPS if each.kind in chip.kinds)
    chosen = KINDS_OF.get(wanted.kind)
    shown = [each for each in inside if chosen is None or each.kind in chosen]
    states = Counter[str](each.state for each in every)
    return {
        "items": shown[:SHOWN_MAX],
        "more": max(len(shown) - SHOWN_MAX, 0),
        "sections": [
            (title, found)
            for group, title in GROUPS.items()
            if (found := [each for each in shown[:SHOWN_MAX] if each.group == group])
        ],
        "chips": [(chip, kinds[chip.key]) for chip in CHIPS if kinds[chip.key]],
        "total": len(inside),
        "needed": len(needs(every)),
        "hidden": {
            view: sum(states[state] for state in names) for view, names in VIEW_STATES.items()
        },
        "wanted": wanted,
        "verdict": verdict(every, console.now),
        "icon_of": ICONS,
    }


def _is_in(item: InboxItem, view: str) -> bool:
    return item.state in VIEW_STATES.get(view, ("open",))


def verdict(items: Sequence[InboxItem], now: float) -> tuple[str, str]:
    """Return how much needs the person, in a sentence of two parts."""
    mine = needs(items)
    blocking = [each for each in mine if each.group == "now"]
    others = sum(each.state == "open" and each.group == "others" for each in items)
    rest = len(mine) - len(blocking)
    if blocking:
        oldest = formats.span(max(now - min(each.since for each in blocking), 0.0))
        verb = "blocks" if len(blocking) == 1 else "block"
        more = f" {rest} more can wait." if rest else ""
        return f"{formats.count(len(blocking), 'item')} {verb} work", (
            f"; the oldest has waited {oldest}.{more}"
        )
    if mine:
        verb = "needs" if len(mine) == 1 else "need"
        return f"{formats.count(len(mine), 'item')} {verb} you", ", none of them blocks work."
    if others:
        are = "is" if others == 1 else "are"
        return "Nothing needs you", f"; {formats.count(others, 'item')} {are} waiting on others."
    return "Nothing needs you", "."


async def opened(
    request: AnyRequest, console: Console, id_: str, *, ask: str = ""
) -> dict[str, Any]:
    """Return one item with all that is shown of it; `ask` is the form that is open.

    Raises:
        NotFound: `inbox.unknown`.
    """
    present, who = console.present, request.user
    page = await page_of_item(present, console.owner, who, console.now, id_)
    item = page.item
    access = await access_of(present)
    raw = await raw_item(present, console.owner, console.now, id_)
    names = [each for each in able(access, console.owner, raw) if person(each) != person(who.actor)]
    found = await DETAILS[item.kind](request, console, item)
    return {"item": item, "comments": page.comments, "ask": ask, "able": names, **found}


Detail = Callable[[AnyRequest, Console, InboxItem], Awaitable[dict[str, Any]]]


async def _approval(request: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    found = await detail(request, console, item.about.id, "")
    return {
        name: found[name] for name in ("approval", "exactly", "command", "inputs", "review")
    } | {"is_second_look": found["is_second_look"]}


async def _question(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    found = questions.question_view(console.present, item.about.id)
    return {"question": found, "fields": fields_of(found.form)}


async def _elevation(request: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    found = of_agent(request, console, item.about.agent)
    return {"elevation": next((e for e in found if e.elevation == item.about.id), None)}


async def _held(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    present = console.present
    raw = await raw_item(present, console.owner, console.now, item.id)
    rows = runs_held_by(present, raw)
    reason = present.statuses.of(rows[0]).reason if rows else ""
    found = [runs.run_item(present, row) for row in rows[:RUNS_MAX]]
    return {"held": found, "held_count": len(rows), "cause": reason}


async def _halt(request: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    state = await runs.run_state(console.present, item.about.run)
    obstacles = await halts.obstacles(console.present, console.instruments, state.halt, console.now)
    return await _held(request, console, item) | {"obstacles": obstacles}


async def _failed(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    return {"run": await runs.run_detail(console.present, item.about.run)}


async def _sign_off(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    try:
        content = await asyncio.to_thread(console.present.artifacts.get, item.digest)
    except NotFound:
        return {"text": None}
    text = content.decode("utf-8", "replace")
    return {"text": visible(text) if len(text) <= TEXT_MAX else None}


async def _plan(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    mission = await console.present.load(MISSION, item.about.mission)
    return {"mission": mission, "plan": mission.plan}


async def _task(request: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    if item.about.mission:
        return await _plan(request, console, item)
    found = await repository_tasks.task_view(
        console.present,
        item.about.repository,
        item.about.task,
        console.now,
        actor=request.user.actor,
    )
    return {"task": found}


async def _alert(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    reader = AlertReader(console.present.find)
    return {"alert": await reader.find(item.about.product, item.about.id)}


async def _nothing(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    """Return nothing more: the line of the item says it all, and its page has the rest."""
    del console, item
    return {}


async def _decisions(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    raw = await raw_item(console.present, console.owner, console.now, item.id)
    return {"proposed": await proposed_of(console.present, raw)}


async def _open_comments_of(_: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    return {"open_comments": await open_comments(console.present, item.about.id)}


async def open_comments(present: Present, key: str) -> list[Comment]:
    """Return the comments on a change that are not resolved, the oldest first."""
    state = await present.find(REVIEWS, STREAM)
    found = present.work.item(key)
    review = state.reviews.get(found.source if found else key) if state is not None else None
    return review.open_ones if review is not None else []


async def _session(request: AnyRequest, console: Console, item: InboxItem) -> dict[str, Any]:
    return {"session": await agent_session.session(console.reader(request.user), item.about.id)}


DETAILS: dict[str, Detail] = {
    "approval": _approval,
    "question": _question,
    "elevation": _elevation,
    "stuck": _held,
    "halt": _halt,
    "failed": _failed,
    "sign-off": _sign_off,
    "slow": _nothing,
    "plan": _plan,
    "task": _task,
    "alert": _alert,
    "decision": _decisions,
    "comment": _open_comments_of,
    "session": _session,
}
