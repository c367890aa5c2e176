"""All resources of the API, under one address."""

from types import ModuleType

from litestar import Router

from missioncontrol.interfaces.api import (
    agents,
    approvals,
    artifacts,
    audit,
    budgets,
    events,
    logs,
    missions,
    operation,
    prices,
    record,
    retention,
    runs,
    schedules,
    search,
    tokens,
    users,
    webhooks,
    workflows,
)
from missioncontrol.interfaces.api.bodies import refuse_inexact

API = "/api/v1"

RESOURCES: tuple[ModuleType, ...] = (
    missions,
    workflows,
    runs,
    approvals,
    agents,
    schedules,
    budgets,
    prices,
    operation,
    artifacts,
    events,
    logs,
    audit,
    search,
    users,
    tokens,
    webhooks,
    retention,
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
