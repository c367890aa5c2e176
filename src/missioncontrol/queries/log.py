"""Queries of output of agents: a window of lines, one line, one model call."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import logs
from missioncontrol.application.queries.logs import CallDetail, LogLineDetail, LogWindow
from missioncontrol.application.reader import Reader
from missioncontrol.application.search_query import TIMES, moment
from missioncontrol.declarations import EVERYWHERE, ItemQuery, Query, Surface, Target
from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.output_store import LineQuery

NUMBER_MAX = 2**53
LINES_MAX = 200

NO_COMMAND: frozenset[Surface] = EVERYWHERE - {"cli"}
"""`mission runs output` prints the end of the output of one run."""

Level = Literal["", "info", "success", "warning", "error"]
Time = Annotated[str, Meta(max_length=40, description=TIMES)]
Number = Annotated[int, Meta(ge=0, le=NUMBER_MAX, description="Number of a line; 0 is no bound.")]


class LineFilters(msgspec.Struct, frozen=True):
    """Which lines are wanted; what is empty chooses all."""

    run: Annotated[str, Meta(max_length=300, description="Of this run.")] = ""
    step: Annotated[str, Meta(max_length=2_000, description="A step of `run`.")] = ""
    agent: Annotated[str, Meta(max_length=300, description="Of this agent.")] = ""
    level: Annotated[Level, Meta(description="Of this level.")] = ""
    text: Annotated[
        str, Meta(max_length=1_000, description="Every word of it stands in the line.")
    ] = ""
    since: Time = ""
    until: Time = ""
    before: Number = 0
    after: Number = 0
    oldest: Annotated[bool, Meta(description="The oldest that fit, not the newest.")] = False
    limit: Annotated[int, Meta(ge=1, le=LINES_MAX, description="How many at most.")] = LINES_MAX

    def query(self, now: float) -> LineQuery:
        """Return the same for the store; raises as `parse_line_query`."""
        chosen = msgspec.structs.asdict(self)
        del chosen["oldest"], chosen["limit"]
        return parse_line_query(now, **chosen)


class LineNumber(msgspec.Struct, frozen=True):
    """Which line or call is meant."""

    number: int


def parse_line_query(now: float, *, since: str = "", until: str = "", **given: Any) -> LineQuery:
    """Return what is asked for; what is empty asks for nothing.

    Raises:
        Rejected: `search.bad_time`.
    """
    first = moment(since, now)[0] if since else 0
    end = moment(until, now)[1] if until else 0
    return LineQuery(since=max(first, 0), until=max(end, 0), **given)


async def window(reader: Reader, _: str, filters: LineFilters) -> LogWindow:
    """Return a window of lines; raises as `parse_line_query`."""
    query = filters.query(reader.instruments.now)
    return await logs.window(reader.archive, query, oldest=filters.oldest, limit=filters.limit)


async def line(reader: Reader, _: str, asked: LineNumber) -> LogLineDetail:
    """Return a line.

    Raises:
        NotFound: `log.unknown_line`.
    """
    _refuse_far(asked.number, "log.unknown_line", "line")
    return await logs.line_detail(reader.archive, asked.number)


async def call(reader: Reader, _: str, asked: LineNumber) -> CallDetail:
    """Return a model call.

    Raises:
        NotFound: `log.unknown_call`.
    """
    _refuse_far(asked.number, "log.unknown_call", "model call")
    return await logs.call_detail(reader.archive, asked.number)


def _refuse_far(number: int, code: str, what: str) -> None:
    if not 1 <= number <= NUMBER_MAX:
        raise NotFound(code, f"There is no {what} {number}.")


LOG = Target(noun="log", path="/logs", help="output of agents", is_single=True, resource="logs")

WINDOW = ItemQuery(
    name="log.window",
    title="List log lines",
    text="Return lines, oldest first: the newest that fit, or with `oldest` the oldest.\n\nGo on "
    "with `before` at the number of the first line, or with `after` at that of the last one and "
    "`oldest`.",
    target=LOG,
    options=LineFilters,
    operation_id="list_lines",
    source=lambda reader: reader,
    find=window,
    returns=LogWindow,
    surfaces=NO_COMMAND,
)

GET = ItemQuery(
    name="log.get",
    title="Get a log line",
    text="Return a line with what it says as fields.\n\n"
    "The model calls made about that time are with it.",
    target=LOG,
    path="{number:int}",
    options=LineNumber,
    operation_id="get_line",
    source=lambda reader: reader,
    find=line,
    returns=LogLineDetail,
    surfaces=NO_COMMAND,
)

CALL = ItemQuery(
    name="log.call",
    title="Get a model call",
    text="Return a model call: who asked what of which model, what it answered, what it used.",
    target=LOG,
    path="calls/{number:int}",
    options=LineNumber,
    operation_id="get_call",
    source=lambda reader: reader,
    find=call,
    returns=CallDetail,
    surfaces=NO_COMMAND,
)

QUERIES: tuple[Query, ...] = (WINDOW, GET, CALL)
