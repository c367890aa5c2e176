"""Workspaces of the root as a resource of the API of each of them, for the owner."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = handlers_of("workspace")
