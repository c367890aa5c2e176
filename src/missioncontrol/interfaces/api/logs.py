"""Logs as a resource of the API: what is declared of them, and their download."""

from typing import Annotated, Any, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from missioncontrol.application.queries import logs
from missioncontrol.application.search_query import TIMES
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.queries.log import NUMBER_MAX, parse_line_query
from missioncontrol.surfaces.http import handlers_of

Name = Annotated[str, QueryParameter(max_length=300)]
Step = Annotated[str, QueryParameter(max_length=2_000, description="A step of `run`.")]
Words = Annotated[
    str, QueryParameter(max_length=1_000, description="Every word of it stands in the line.")
]
Time = Annotated[str, QueryParameter(max_length=40, description=TIMES)]
Number = Annotated[
    int, QueryParameter(ge=0, le=NUMBER_MAX, description="Number of a line; 0 is no bound.")
]
Level = FromQuery[Literal["", "info", "success", "warning", "error"]]


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


HANDLERS: list[Any] = [*handlers_of("log"), download_lines]
