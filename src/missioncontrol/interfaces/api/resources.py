"""All resources of the API, under one address."""

from types import ModuleType

from litestar import Router

from missioncontrol.interfaces.api import (
    agent_sessions,
    agents,
    alerts,
    analytics,
    approvals,
    artifacts,
    audit,
    budgets,
    decisions,
    diagrams,
    documents,
    elevations,
    events,
    gateway_keys,
    inbox,
    knowledge,
    logs,
    memory,
    missions,
    notifications,
    operation,
    packs,
    prices,
    products,
    record,
    repositories,
    retention,
    runs,
    schedules,
    search,
    shares,
    templates,
    tokens,
    traces,
    users,
    webhooks,
    work_items,
    workflows,
    workspaces,
)
from missioncontrol.interfaces.api.bodies import refuse_inexact

API = "/api/v1"

RESOURCES: tuple[ModuleType, ...] = (
    missions,
    repositories,
    work_items,
    workflows,
    runs,
    decisions,
    templates,
    inbox,
    knowledge,
    notifications,
    approvals,
    agents,
    agent_sessions,
    elevations,
    gateway_keys,
    schedules,
    budgets,
    prices,
    operation,
    artifacts,
    diagrams,
    documents,
    packs,
    shares,
    traces,
    analytics,
    products,
    alerts,
    events,
    logs,
    audit,
    search,
    users,
    tokens,
    webhooks,
    retention,
    workspaces,
    memory,
    record,
)


def api_router() -> Router:
    """Return the handlers of all resources, each with the name of its resource as its tag."""
    parts = [
        Router("/", route_handlers=resource.HANDLERS, tags=[name_of(resource)])
        for resource in RESOURCES
    ]
    return Router(API, route_handlers=parts, before_request=refuse_inexact)


def name_of(resource: ModuleType) -> str:
    """Return what a resource is called: `runs`."""
    return resource.__name__.rpartition(".")[2]
