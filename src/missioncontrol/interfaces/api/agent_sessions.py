"""Sessions of agent programs as a resource of the API."""

from typing import Any

from missioncontrol.surfaces.http import handlers_of

HANDLERS: list[Any] = [*handlers_of("agent_session")]
