"""Work items, the board that they are on, and reviews of changes, as resources of the API."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = [
    *handlers_of("work_item"),
    *handlers_of("board"),
    *handlers_of("review"),
]
