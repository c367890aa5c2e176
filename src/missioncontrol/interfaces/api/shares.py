"""Links to reports as a resource of the API: what shows one report to whoever has it."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("share")
