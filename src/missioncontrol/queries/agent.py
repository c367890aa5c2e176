"""Queries of agents: who does the work, how each stands, and what it did."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import agents as views
from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import EVERYWHERE, ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.documents.figures import moment

HOURS_MAX = 24 * 90

AGENT = Target(
    noun="agent",
    path="/agents",
    field="name",
    metavar="NAME",
    help="the name of the agent",
    parameter="name",
)


class AgentFilters(msgspec.Struct, frozen=True):
    """Of which time agents are measured."""

    hours: Annotated[
        int, Meta(ge=1, le=HOURS_MAX, description="Over how many hours they are measured.")
    ] = 24


async def agents(reader: Reader, filters: AgentFilters) -> Sequence[AgentView]:
    """Return agents by name."""
    return await views.agents(reader.present, reader.instruments, reader.now, hours=filters.hours)


async def agent(reader: Reader, name: str) -> AgentDetail:
    """Return one agent.

    Raises:
        NotFound: `agent.unknown`.
    """
    return await views.agent_detail(reader.present, reader.instruments, name, reader.now)


def why(found: AgentView) -> str:
    """Return in a sentence why an agent takes no steps; empty where it does."""
    if found.until is not None and found.status == "blocked":
        return f"{found.why} It is asked again at {moment(found.until)}."
    if found.until is not None and found.status == "draining":
        return f"{found.why} What it has not ended by {moment(found.until)} is interrupted."
    return found.why


def lines_of(found: AgentView, width: int = 0) -> Sequence[str]:
    """Return an agent as a line of a list; what keeps it from work stands below."""
    return list(_lines(found, width))


def _lines(found: AgentView, width: int) -> Iterator[str]:
    can, made_by = ", ".join(found.capabilities), found.model or found.version
    load = f"{found.at_work}/{found.scale}"
    line = f"{found.name:<18} {found.kind:<11} {found.status:<9} {load:<6} {made_by:<14} {can}"
    yield line[: width or None].rstrip()
    if reason := why(found):
        yield f"    {reason}"


def _state(found: AgentDetail) -> Any:
    done = found.agent.measures  # Its window moves with the time.
    tokens = done.input_tokens + done.output_tokens
    return found.version, found.agent.status, found.work, done.executions, tokens


LIST = ListQuery(
    name="agent.list",
    title="List agents",
    text="Return agents by name: how they stand, and what they did in the last hours.",
    target=AGENT,
    filters=AgentFilters,
    source=opened,
    find=agents,
    row=AgentView,
    key=lambda row: (row.name,),
    kinds=(str,),
    terminal=Terminal(lines=lines_of),
)

GET = ItemQuery(
    name="agent.get",
    title="An agent",
    text="Return how an agent stands, its declaration, what it did, and its life so far.",
    target=AGENT,
    source=opened,
    find=agent,
    returns=AgentDetail,
    state=_state,
    surfaces=EVERYWHERE - {"cli"},  # `mission agent show` has measures of a time of its own.
)

QUERIES: tuple[Query, ...] = (LIST, GET)
