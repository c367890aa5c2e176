"""The inbox of one person: all that needs anybody, with their marks, and what they may do."""

from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.access import access_of, second_look_of
from missioncontrol.application.concept import Concept
from missioncontrol.application.inbox import records, requests, sessions, work
from missioncontrol.application.inbox.actions import actions_of, missing
from missioncontrol.application.inbox.items import GROUPS, InboxItem, InboxPage, State, Waiting
from missioncontrol.application.read_model import Present
from missioncontrol.domain.access.states import Access
from missioncontrol.domain.approval.commands import Who
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.inbox import (
    NEEDS,
    Assignment,
    Inbox,
    InboxCommand,
    InboxEvent,
    decide,
    evolve,
    unknown,
)
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal, permissions_of

STREAM = "inbox"
LOOK_SECONDS = 2.0
"""Items are read again after so long, also where the log has not grown: approvals expire."""

INBOX: Concept[Inbox, InboxCommand, InboxEvent] = Concept(decide, evolve, unknown)
ORDER = {group: place for place, group in enumerate(GROUPS)}


class _Known(msgspec.Struct, frozen=True):
    """Items as they were read at a position of the log."""

    key: tuple[int, int]
    items: list[Waiting]


_known: "WeakKeyDictionary[Present, _Known]" = WeakKeyDictionary()


async def waiting(present: Present, owner: str, now: float) -> list[Waiting]:
    """Return everything that needs any person."""
    key = (present.position, int(now // LOOK_SECONDS))
    known = _known.get(present)
    if known is not None and known.key == key:
        return known.items
    access = await access_of(present)
    found = [
        *await requests.approvals(
            present, now, lambda actor: second_look_of(access, Who(actor), owner)
        ),
        *requests.open_questions(present),
        *requests.elevations(present, now),
        *work.stuck(present),
        *work.halts(present),
        *work.failed(present, now),
        *await records.tasks(present, now),
        *work.assigned(present),
        *work.plans(present, now),
        *work.slow(present, now),
        *await records.alerts(present),
        *await records.decisions(present),
        *await records.comments(present),
        *await sessions.waiting_sessions(present),
    ]
    items = list({each.id: each for each in found}.values())
    _known[present] = _Known(key, items)
    return items


async def items_of(present: Present, owner: str, who: Principal, now: float) -> list[InboxItem]:
    """Return the inbox of a person in its order: also what they snoozed, muted or delegated."""
    inbox = await present.find(INBOX, STREAM) or Inbox()
    found = [_seen(each, inbox, who, now) for each in await waiting(present, owner, now)]
    return sorted(found, key=place_of)


async def page_of_item(
    present: Present, owner: str, who: Principal, now: float, id_: str
) -> InboxPage:
    """Return one item with its comments.

    Raises:
        NotFound: `inbox.unknown`.
    """
    inbox = await present.find(INBOX, STREAM) or Inbox()
    found = await raw_item(present, owner, now, id_)
    return InboxPage(_seen(found, inbox, who, now), inbox.comments.get(found.id, ()))


async def raw_item(present: Present, owner: str, now: float, id_: str) -> Waiting:
    """Return an item by its id, or by a beginning that only one has.

    Raises:
        NotFound: `inbox.unknown`, `inbox.ambiguous`.
    """
    items = await waiting(present, owner, now)
    exact = next((each for each in items if each.id == id_), None)
    if exact is not None:
        return exact
    matching = [each for each in items if id_ and id_ in each.id]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(each.id for each in matching[:3])
        raise NotFound(
            "inbox.ambiguous",
            f"{id_[:80]!r} stands for {len(matching)} items, such as {names}.",
            hint="Give more of the id.",
        )
    raise unknown(id_)


def place_of(item: InboxItem) -> tuple[int, bool, float, str]:
    """Return where an item stands in the list: what blocks work first, then the oldest."""
    return ORDER[item.group], not item.is_irreversible, item.since, item.id


def needs(items: Iterable[InboxItem]) -> list[InboxItem]:
    """Return the items that need the person whose inbox it is."""
    return [each for each in items if each.state == "open" and each.group != "others"]


async def count_of(present: Present, owner: str, who: Principal, now: float) -> int:
    """Return how many items need a person; `needs` of all of them, without what each shows."""
    inbox = await present.find(INBOX, STREAM) or Inbox()
    found = (_standing(each, inbox, who, now) for each in await waiting(present, owner, now))
    return sum(each.state == "open" and each.is_mine for each in found)


class _Standing(NamedTuple):
    """How an item stands for one person."""

    state: State
    until: float  # it is snoozed
    objection: str  # why they can't settle it
    is_mine: bool
    given: Assignment | None


def _standing(item: Waiting, inbox: Inbox, who: Principal, now: float) -> _Standing:
    mark = inbox.marks_of(who.actor).get(item.id)
    given = inbox.assignments.get(item.id)
    state: State = "open"
    until = 0.0
    if mark is not None and mark.holds(item.since, now):
        state, until = mark.kind, mark.until
    elif given is not None and _is_delegated(given, who.actor):
        state = "delegated"
    objection = missing(NEEDS[item.kind], who) or item.objection(who.actor)
    is_mine = not objection if given is None else person(given.to) == person(who.actor)
    return _Standing(state, until, objection, is_mine, given)


def _seen(item: Waiting, inbox: Inbox, who: Principal, now: float) -> InboxItem:
    found = _standing(item, inbox, who, now)
    given = found.given
    return InboxItem(
        id=item.id,
        kind=item.kind,
        title=item.title,
        detail=item.detail,
        about=item.about,
        href=item.href,
        since=item.since,
        ends=item.ends,
        group=item.group if found.is_mine else "others",
        tone=item.tone if found.is_mine else "held",
        is_irreversible=item.is_irreversible,
        digest=item.digest,
        frees=item.frees,
        who=item.who,
        count=item.count,
        state=found.state,
        can_act=not found.objection,
        why=found.objection,
        until=found.until,
        assigned_to=given.to if given else "",
        assigned_by=given.by if given else "",
        note=given.note if given else "",
        comments=len(inbox.comments.get(item.id, ())),
        actions=actions_of(item, found.state, who, found.objection),
    )


def _is_delegated(given: Assignment, actor: str) -> bool:
    """Whether a person gave the item to someone else, and so does not see to it."""
    return person(given.by) == person(actor) and person(given.to) != person(actor)


def able(access: Access, owner: str, item: Waiting) -> list[str]:
    """Return the names of those who can settle an item."""
    names = {owner, *(user.name for user in access.users.values())}
    return sorted(
        name
        for name in names
        if NEEDS[item.kind] in access.permissions_of(name, owner)
        and not item.objection(f"user:{name}")
    )


def principal_of(access: Access, owner: str, name: str) -> Principal:
    """Return a person as they would be signed in, for what is sent to them."""
    roles = access.roles_of(name, owner) or ()
    return Principal(f"user:{name}", roles, permissions_of(roles), "password", "")
