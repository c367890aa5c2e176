"""Sends what the tools of declared operations and queries ask for."""

from typing import Any

from missioncontrol.client import requests
from missioncontrol.client.calls import at
from missioncontrol.declarations import ItemQuery, ListQuery
from missioncontrol.mcp.bounds import bounded
from missioncontrol.mcp.server import Ctx, client_of
from missioncontrol.surfaces.mcp import Wanted


async def send(ctx: Ctx, wanted: Wanted) -> dict[str, Any]:
    """Send a request to the data directory behind the server, in the name of the caller.

    Raises:
        MissionControlError: as the operation or the query.
    """
    match wanted.declared:
        case ListQuery(name=name):
            pages = requests.pages(name, wanted.given, wanted.target)
            call: Any = at(pages, wanted.cursor, wanted.limit)
        case ItemQuery(name=name):
            call = requests.item(name, wanted.target, wanted.given)
        case declared:
            call = requests.operation(declared.name, wanted.target, wanted.given)
    async with client_of(ctx) as client:
        return bounded(await client.line.ask(call))
