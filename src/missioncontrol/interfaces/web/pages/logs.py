"""The pages of the area logs."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.queries import logs
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.logs import (
    Level,
    Name,
    Number,
    Step,
    Time,
    Words,
)
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import page
from missioncontrol.queries.log import parse_line_query

AnyRequest = Request[Principal, Any, Any]

LINES = 100
LEVELS = ("info", "success", "warning", "error")


class LogFilters(msgspec.Struct, frozen=True):
    """What the address of the explorer says."""

    text: str
    run: str
    step: str
    agent: str
    level: str
    since: str
    until: str

    @property
    def is_set(self) -> bool:
        """Whether not every line is shown."""
        return any(msgspec.structs.astuple(self))

    @property
    def address(self) -> str:
        """The same for the API."""
        chosen = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return urlencode(chosen)


@get("/logs", include_in_schema=False, **needs("read"))
async def explorer_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    text: Words = "",
    run: Name = "",
    step: Step = "",
    agent: Name = "",
    level: Level = "",
    since: Time = "",
    until: Time = "",
    before: Number = 0,
) -> Response[str]:
    """Show the agents' messages, the newest at the end; without a script in pages of lines."""
    filters = LogFilters(text, run, step, agent, level, since, until)
    fault, found = "", logs.LogWindow([], has_more=False, looked_to=0, last=0)
    try:
        query = parse_line_query(
            console.instruments.now, **msgspec.structs.asdict(filters), before=before
        )
        found = await logs.window(console.archive, query, limit=LINES)
    except Rejected as refused:
        fault = f"{refused.reason} {refused.hint}".strip()
    return page(
        request,
        "logs/explorer.html",
        title="Logs",
        area="logs",
        filters=filters,
        found=found,
        before=before,
        fault=fault,
        levels=LEVELS,
    )


HANDLERS: list[Any] = [explorer_page]
