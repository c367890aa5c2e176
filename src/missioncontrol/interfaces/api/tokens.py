"""Tokens as a resource of the API: what programs carry in place of a person."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("token")
