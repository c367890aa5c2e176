"""Retention as a resource of the API: what is stored, how large it is, and its bounds."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("retention")
