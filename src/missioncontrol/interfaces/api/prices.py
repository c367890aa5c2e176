"""Prices as a resource of the API: what models cost, by whom it was set, and from when on."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("price")
