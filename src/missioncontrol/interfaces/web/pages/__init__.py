"""One module an area of the navigation; each names its handlers."""

from typing import Any

from litestar import Router

from missioncontrol.interfaces.web.pages import (
    agents,
    approvals,
    audit,
    costs,
    documentation,
    events,
    governing,
    logs,
    missions,
    overview,
    palette,
    retention,
    runs,
    schedules,
    settings,
    webhooks,
    workflows,
)
from missioncontrol.interfaces.web.rendering import prepare

_PAGES: list[Any] = [
    *overview.HANDLERS,
    *missions.HANDLERS,
    *workflows.HANDLERS,
    *runs.HANDLERS,
    *approvals.HANDLERS,
    *agents.HANDLERS,
    *schedules.HANDLERS,
    *costs.HANDLERS,
    *events.HANDLERS,
    *logs.HANDLERS,
    *audit.HANDLERS,
    *governing.HANDLERS,
    *settings.HANDLERS,
    *webhooks.HANDLERS,
    *retention.HANDLERS,
    *documentation.HANDLERS,
    *palette.HANDLERS,
]

HANDLERS: list[Any] = [Router("/", route_handlers=_PAGES, before_request=prepare)]
