"""One question to everything: what is known, runs, workflows, agents, approvals and events."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote

import msgspec

from missioncontrol.application.archive import Archive
from missioncontrol.application.queries.events import EventItem, list_events
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.queries.runs import list_runs
from missioncontrol.application.read_model import Present
from missioncontrol.application.redaction import not_guessed
from missioncontrol.application.workflows import WORKFLOWS
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.workflow_library import LISTING
from missioncontrol.knowledge.search import Hit as SourceHit
from missioncontrol.knowledge.search import search
from missioncontrol.ports import knowledge_index as knowledge
from missioncontrol.ports.knowledge_index import Choice
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.ports.search_index import Query, words

EACH_MAX = 8
ROWS_LOOKED_AT = 1_000
"""Rows of a kind whose names are looked at, the newest; what is older is found by its events."""

Kind = Literal[
    "mission", "run", "workflow", "agent", "approval", "decision", "memory", "pattern", "document"
]
KNOWN: tuple[knowledge.Kind, ...] = ("mission", "decision", "memory", "pattern", "document")
"""Kinds of knowledge that are found by what they say; runs are found before they end, too."""


class Hit(msgspec.Struct, frozen=True):
    """Something with the words in its name, or a source of knowledge that answers them."""

    kind: Kind
    id: str
    title: str
    detail: str
    href: str  # of its page
    state: str = ""
    time: float = 0.0  # seconds since the epoch; 0 where it has none


class SearchResults(msgspec.Struct, frozen=True):
    """What was found: things by their names or texts, and events by what they say."""

    hits: list[Hit]
    events: list[EventItem]
    next_event: int  # there are older events before this position; 0 where not
    problem: str = ""  # why events were not looked through, where they were not


async def search_everything(
    present: Present, archive: Archive, text: str, *, exact: bool
) -> SearchResults:
    """Return what is known of `text`, the newest things with its words in their names, and events.

    `exact` looks also at what only auditors are shown.
    """
    looked_for = words(text)
    if not looked_for:
        return SearchResults([], [], 0)
    hits = [
        *await _known(present, archive, text),
        *_runs(present, text),
        *await _workflows(present, looked_for),
        *_agents(present, looked_for),
        *_approvals(present, looked_for),
    ]
    try:
        found = await list_events(present, archive, Query(text=text), limit=2 * EACH_MAX)
    except MissionControlError as error:
        return SearchResults(hits, [], 0, error.reason)
    return SearchResults(hits, not_guessed(found.items, text, exact=exact), found.next)


def _fits(looked_for: list[str], *texts: str) -> bool:
    text = " ".join(texts).casefold()
    return all(word in text for word in looked_for)


async def _known(present: Present, archive: Archive, text: str) -> list[Hit]:
    """Return the sources of knowledge that answer a text, whose last word may not be complete."""
    try:
        found = await archive.remembered(
            lambda memory: search(
                memory.index,
                text,
                Choice(KNOWN),
                now=memory.now(),
                is_typed=True,
                limit=EACH_MAX * len(KNOWN),
            )
        )
    except MissionControlError:
        return []  # The index can't be read now; names and events still can.
    shown: Counter[str] = Counter()
    hits: list[Hit] = []
    for each in found.hits:
        shown[each.kind] += 1
        if shown[each.kind] <= EACH_MAX:
            hits.append(_known_hit(present, each))
    return hits


def _known_hit(present: Present, found: SourceHit) -> Hit:
    row = present.board.missions.get(found.mission) or present.tables.mission(found.mission)
    is_mission = found.kind == "mission" and row is not None
    state = present.statuses.of_mission(row).word if is_mission and row is not None else ""
    name = found.mission if found.kind == "mission" else found.id
    return Hit(found.kind, name, found.title, found.passage, found.href, state, found.time)


def _runs(present: Present, text: str) -> Iterable[Hit]:
    for item in list_runs(present, RunChoice(text=text), limit=EACH_MAX):
        href = f"/runs/{quote(item.id)}"
        yield Hit("run", item.id, item.title, item.id, href, item.status, item.created)


async def _workflows(present: Present, looked_for: list[str]) -> list[Hit]:
    listing = await present.find(WORKFLOWS, LISTING)
    names = [name for name in (listing.workflows if listing else ()) if _fits(looked_for, name)]
    return [
        Hit("workflow", name, name, "", f"/workflows/{quote(name, safe='')}")
        for name in names[::-1][:EACH_MAX]
    ]


def _agents(present: Present, looked_for: list[str]) -> Iterable[Hit]:
    lives = newest_rows(present, "agent", limit=ROWS_LOOKED_AT)
    found = [life for life in lives if _fits(looked_for, life.name, life.declared.kind)]
    for life in found[:EACH_MAX]:
        state = type(life.standing).__name__.lower()
        href = f"/agents/{quote(life.name, safe='')}"
        yield Hit("agent", life.name, life.name, life.declared.kind, href, state, life.since)


def _approvals(present: Present, looked_for: list[str]) -> Iterable[Hit]:
    rows = newest_rows(present, "approval", limit=ROWS_LOOKED_AT)
    found = [row for row in rows if _fits(looked_for, row.id, row.title, row.step, row.workflow)]
    for row in found[:EACH_MAX]:
        href = f"/approvals/{quote(row.id)}"
        detail = f"{row.step} of {row.run}"
        yield Hit("approval", row.id, row.title, detail, href, row.state, row.requested)
