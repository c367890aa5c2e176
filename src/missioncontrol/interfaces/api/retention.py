"""Retention as a resource of the API: what is kept, how large it is, and what bounds it."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("retention")
