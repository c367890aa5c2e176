"""Webhooks as a resource of the API: what is declared of them, and their dead letters."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.queries import webhook as queries
from missioncontrol.queries.webhook import DeadLetter
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of


@get("/webhooks/{name:str}/dead-letters", summary="List dead letters", **needs("govern"))
async def list_dead_letters(
    console: NamedDependency[Console],
    name: FromPath[str],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[DeadLetter]:
    """Return what could not be delivered, newest first."""
    place = place_of(cursor, int)
    before = place[0] if place else None
    found = await queries.dead_letters(console.deliveries, name, before=before, limit=limit + 1)
    more = cursor_of(found[limit - 1].position) if len(found) > limit else ""
    return Page(found[:limit], more)


HANDLERS: list[Any] = [*handlers_of("webhook"), list_dead_letters]
