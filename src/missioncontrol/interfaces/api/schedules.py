"""Schedules as a resource of the API: workflows that are started by the clock."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("schedule")
