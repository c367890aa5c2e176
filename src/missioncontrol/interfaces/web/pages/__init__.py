"""One module an area of the navigation; each names its handlers."""

from typing import Any

from litestar import Router

from missioncontrol.interfaces.web.pages import (
    agents,
    approvals,
    audit,
    cockpit,
    cockpit_digest,
    cockpit_explore,
    cockpit_kept,
    cockpit_products,
    code,
    costs,
    decision_import,
    decisions,
    documentation,
    documents,
    events,
    governing,
    logs,
    memory,
    missions,
    overview,
    palette,
    retention,
    runs,
    schedules,
    settings,
    shares,
    templates,
    tracing,
    webhooks,
    workflows,
)
from missioncontrol.interfaces.web.rendering import prepare

_PAGES: list[Any] = [
    *overview.HANDLERS,
    *missions.HANDLERS,
    *documents.HANDLERS,
    *code.HANDLERS,
    *decision_import.HANDLERS,
    *decisions.HANDLERS,
    *templates.HANDLERS,
    *workflows.HANDLERS,
    *runs.HANDLERS,
    *approvals.HANDLERS,
    *agents.HANDLERS,
    *schedules.HANDLERS,
    *costs.HANDLERS,
    *events.HANDLERS,
    *logs.HANDLERS,
    *audit.HANDLERS,
    *cockpit.HANDLERS,
    *cockpit_explore.HANDLERS,
    *cockpit_digest.HANDLERS,
    *cockpit_kept.HANDLERS,
    *cockpit_products.HANDLERS,
    *memory.HANDLERS,
    *governing.HANDLERS,
    *settings.HANDLERS,
    *shares.HANDLERS,
    *tracing.HANDLERS,
    *webhooks.HANDLERS,
    *retention.HANDLERS,
    *documentation.HANDLERS,
    *palette.HANDLERS,
]

HANDLERS: list[Any] = [Router("/", route_handlers=_PAGES, before_request=prepare)]
