"""Logs as a resource of the API: the messages of agents at work."""

from typing import Annotated, Any, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from missioncontrol.application.queries import logs
from missioncontrol.application.queries.logs import CallDetail, LogLineDetail, LogWindow
from missioncontrol.application.search_query import TIMES, moment
from missioncontrol.domain.errors import NotFound
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.ports.output_store import LineQuery
from missioncontrol.surfaces.paging import LIMIT_MAX

NUMBER_MAX = 2**53

Name = Annotated[str, QueryParameter(max_length=300)]
Step = Annotated[str, QueryParameter(max_length=2_000, description="A step of `run`.")]
Words = Annotated[
    str, QueryParameter(max_length=1_000, description="Every word of it stands in the line.")
]
Time = Annotated[str, QueryParameter(max_length=40, description=TIMES)]
Number = Annotated[
    int, QueryParameter(ge=0, le=NUMBER_MAX, description="Number of a line; 0 is no bound.")
]
Lines = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many at most.")]
Level = FromQuery[Literal["", "info", "success", "warning", "error"]]


def parse_line_query(now: float, *, since: str = "", until: str = "", **given: Any) -> LineQuery:
    """Return what is asked for in the words of an address; what is empty asks for nothing.

    Raises:
        Rejected: `search.bad_time`.
    """
    first = moment(since, now)[0] if since else 0
    end = moment(until, now)[1] if until else 0
    return LineQuery(since=max(first, 0), until=max(end, 0), **given)


@get("/logs", summary="List log lines", **needs("read"))
async def list_lines(
    console: NamedDependency[Console],
    run: Name = "",
    step: Step = "",
    agent: Name = "",
    level: Level = "",
    text: Words = "",
    since: Time = "",
    until: Time = "",
    before: Number = 0,
    after: Number = 0,
    oldest: FromQuery[bool] = False,
    limit: Lines = LIMIT_MAX,
) -> LogWindow:
    """Return a window of lines, oldest first: the newest that fit, or with `oldest` the oldest.

    Go on with `before` at the number of the first line, or with `after` at that of the last one and
    `oldest`.
    """
    query = parse_line_query(
        console.instruments.now,
        since=since,
        until=until,
        run=run,
        step=step,
        agent=agent,
        level=level,
        text=text,
        before=before,
        after=after,
    )
    return await logs.window(console.archive, query, oldest=oldest, limit=limit)


@get("/logs/download", summary="Download log lines", **needs("read"))
async def download_lines(
    console: NamedDependency[Console],
    run: Name = "",
    step: Step = "",
    agent: Name = "",
    level: Level = "",
    text: Words = "",
    since: Time = "",
    until: Time = "",
    form: FromQuery[Literal["text", "jsonl"]] = "text",
) -> Stream:
    """Return all lines that fit, oldest first, as a file that is written while it is read."""
    query = parse_line_query(
        console.instruments.now,
        since=since,
        until=until,
        run=run,
        step=step,
        agent=agent,
        level=level,
        text=text,
    )
    is_json = form == "jsonl"
    name = f"{run if run.replace('-', '').isalnum() and run.isascii() else 'logs'}"
    ending, kind = ("jsonl", "application/jsonl") if is_json else ("log", "text/plain")
    disposition = f'attachment; filename="{name}.{ending}"'
    content = logs.as_text(console.archive, query, is_json=is_json)
    return Stream(content, media_type=kind, headers={"Content-Disposition": disposition})


@get("/logs/{number:int}", summary="Get a log line", **needs("read"))
async def get_line(console: NamedDependency[Console], number: FromPath[int]) -> LogLineDetail:
    """Return a line with what it says as fields, and the model calls made about that time."""
    _refuse_far(number, "log.unknown_line", "line")
    return await logs.line_detail(console.archive, number)


@get("/logs/calls/{number:int}", summary="Get a model call", **needs("read"))
async def get_call(console: NamedDependency[Console], number: FromPath[int]) -> CallDetail:
    """Return a model call: who asked what of which model, what it answered, what it used."""
    _refuse_far(number, "log.unknown_call", "model call")
    return await logs.call_detail(console.archive, number)


def _refuse_far(number: int, code: str, what: str) -> None:
    if not 1 <= number <= NUMBER_MAX:
        raise NotFound(code, f"There is no {what} {number}.")


HANDLERS: list[Any] = [list_lines, download_lines, get_line, get_call]
