"""One question to everything: missions, runs, workflows, agents, approvals and events."""

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
from missioncontrol.ports.read_tables import MissionRow, RunChoice
from missioncontrol.ports.search_index import Query, words

EACH_MAX = 8
ROWS_LOOKED_AT = 1_000
"""Rows of a kind whose names are looked at, the newest; what is older is found by its events."""

Kind = Literal["mission", "run", "workflow", "agent", "approval"]


class Hit(msgspec.Struct, frozen=True):
    """Something with the words in its name."""

    kind: Kind
    id: str
    title: str
    detail: str
    href: str  # of its page
    state: str = ""
    time: float = 0.0  # seconds since the epoch; 0 where it has none


class SearchResults(msgspec.Struct, frozen=True):
    """What was found: things by their names, and events by what they say."""

    hits: list[Hit]
    events: list[EventItem]
    next_event: int  # there are older events before this position; 0 where not
    problem: str = ""  # why events were not looked through, where they were not


async def search_everything(
    present: Present, archive: Archive, text: str, *, exact: bool
) -> SearchResults:
    """Return the newest things whose names hold every word of `text`, and such events.

    `exact` looks also at what only auditors are shown.
    """
    looked_for = words(text)
    if not looked_for:
        return SearchResults([], [], 0)
    hits = [
        *_missions(present, looked_for),
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


def _missions(present: Present, looked_for: list[str]) -> Iterable[Hit]:
    rows: dict[str, MissionRow] = {
        row.id: row for row in present.tables.missions(limit=ROWS_LOOKED_AT)
    }
    rows.update(present.board.missions)
    fitting = [row for row in rows.values() if _fits(looked_for, row.id, row.title, row.goal)]
    for row in sorted(fitting, key=lambda row: row.id, reverse=True)[:EACH_MAX]:
        href = f"/missions/{quote(row.id)}"
        status = present.statuses.of_mission(row).word
        yield Hit("mission", row.id, row.title, row.goal, href, status, row.updated)


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
