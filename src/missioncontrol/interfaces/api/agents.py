"""Agents as a resource of the API: who does the work, how they stand, and what they did."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("agent")
