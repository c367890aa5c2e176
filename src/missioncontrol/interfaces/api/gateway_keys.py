"""Keys of the gateway as a resource of the API: with them, tools call models under every cap."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("gateway_key")
