"""The one search over decisions, memory, patterns, documents, runs and missions."""

import time
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.reader import Remembered
from missioncontrol.application.search_query import moment
from missioncontrol.declarations import ListQuery, Query, Target, Terminal
from missioncontrol.domain.memory import PATH_MAX
from missioncontrol.knowledge.search import SHOWN_MAX, Hit, search
from missioncontrol.ports.knowledge_index import Choice, Kind
from missioncontrol.queries.knowledge_format import hit_lines

TEXT_MAX = 1_000
MISSION_MAX = 200


class KnowledgeFilters(msgspec.Struct, frozen=True):
    """What is asked, and where the answer may stand; what is empty chooses all."""

    text: Annotated[str, Meta(max_length=TEXT_MAX, description="A question or words.")] = ""
    kinds: Annotated[
        tuple[Kind, ...], Meta(max_length=6, description="Only sources of this kind.")
    ] = ()
    repository: Annotated[
        Annotated[str, Meta(max_length=PATH_MAX)] | None,
        Meta(description="Only of this repository: its path; empty: what holds everywhere."),
    ] = None
    mission: Annotated[
        str, Meta(max_length=MISSION_MAX, description="Only of this mission: its id.")
    ] = ""
    since: Annotated[
        float, Meta(ge=0, description="Only what is newer: seconds since the epoch.")
    ] = 0.0

    @property
    def choice(self) -> Choice:
        """The filters as the index takes them."""
        return Choice(self.kinds, self.repository, self.mission, self.since)


async def hits_after(
    remembered: Remembered, filters: KnowledgeFilters, place: tuple[Any, ...] | None, limit: int
) -> list[Hit]:
    """Return so many sources after a place that answer the text, best first."""
    after = (place[0], place[1], place[2]) if place else None
    text, choice = filters.text, filters.choice
    found = await remembered(
        lambda memory: search(
            memory.index, text, choice, now=memory.now(), after=after, limit=limit
        )
    )
    return found.hits


async def hits(remembered: Remembered, filters: KnowledgeFilters) -> list[Hit]:
    """Return all sources that answer the text, best first."""
    return await hits_after(remembered, filters, None, SHOWN_MAX)


def since_of(text: str) -> float:
    """Return when a time or an age begins, in seconds since the epoch.

    Raises:
        Rejected: `search.bad_time`.
    """
    now = time.time()  # noqa: TID251 - a person types it at this moment
    return moment(text, now)[0] / 1_000_000


def place_of(hit: Hit) -> tuple[Any, ...]:
    """Return where a source stands in the list."""
    return (-hit.score, -hit.time, hit.id)


KNOWLEDGE = Target(
    noun="knowledge", path="/knowledge", help="the id of a source, such as decision:D7"
)

SEARCH = ListQuery(
    name="knowledge.search",
    operation_id="search_knowledge",
    title="Search what is known",
    text="Search decisions, memory, patterns, documents, runs and missions, best answer first. "
    "Each hit has the passage with the places of the words in it, its source, and the missions "
    "that quoted it.\n\nThe score is the share of the question that the passage answers, 0 to 1. "
    "What answers too little is left out: a question that nothing answers finds nothing.",
    target=KNOWLEDGE,
    filters=KnowledgeFilters,
    source=attrgetter("remembered"),
    find=hits,
    find_after=hits_after,
    row=Hit,
    key=place_of,
    kinds=(float, float, str),
    tool=True,
    terminal=Terminal(
        verb="search",
        positional=("text",),
        names={"kinds": "kind", "repository": "repo"},
        metavars={"repository": "PATH", "mission": "RUN"},
        parse={"since": since_of},
        resolve={"mission": "mission"},
        empty="Nothing that is known answers this. Decisions, memory, patterns, documents, runs "
        "and missions were searched.",
        lines=hit_lines,
    ),
)

QUERIES: tuple[Query, ...] = (SEARCH,)
