"""Work items, and the board that they are on, as resources of the API."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = [*handlers_of("work_item"), *handlers_of("board")]
