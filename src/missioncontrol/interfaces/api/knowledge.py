"""The search of knowledge as a resource of the API."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = [*handlers_of("knowledge")]
