"""Every route with every role: what is not allowed here by hand is refused there."""

import asyncio
import re
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from missioncontrol.domain.principal import PERMISSIONS, ROLES, Role
from missioncontrol.interfaces.sign_in.guard import Forbidden, NotSignedIn, needs, permitted
from tests.console.houses import House, console_house, principal

MAY: dict[Role | None, set[str]] = {
    None: {"nothing", "sign_in"},
    "viewer": {"nothing", "sign_in", "read"},
    "operator": {"nothing", "sign_in", "read", "operate", "stop"},
    "approver": {"nothing", "sign_in", "read", "approve", "stop"},
    "auditor": {"nothing", "sign_in", "read", "audit"},
    "admin": {
        "nothing",
        "sign_in",
        "read",
        "audit",
        "operate",
        "approve",
        "stop",
        "govern",
        "administer",
    },
}
"""The permissions of each role, and of a signed-in user without any."""

WHO_NEEDS: dict[str, tuple[str, ...]] = {
    "nothing": (
        "GET /static/*",
        "GET /push-worker.js",  # A browser asks for it without a session, too.
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/*",
        "POST /sign-in/*",
        "POST /sign-out",
        "GET /shared/*",  # The link itself says whose report it shows, and nothing else.
        # A write key says whose events they are; it opens nothing else.
        "POST /v1/*",
        "POST /i/v0/*",
        "POST /i/v1/*",
        *(f"POST /{each}" for each in ("batch", "capture", "decide", "e", "flags", "track")),
        "GET /array/*",
        "GET /v1/projects/*",
    ),
    "sign_in": (
        "GET /api/v1/me",
        "GET /api/v1/tokens",
        "POST /api/v1/tokens",
        "DELETE /api/v1/tokens/*",
        "GET /api/v1/sessions",
        "DELETE /api/v1/sessions/*",
        "POST /api/v1/asks/*",  # The office looks at each verb.
        "GET /settings",
        "GET /settings/tokens",
        "POST /settings/tokens",
        "POST /settings/tokens/*/revoke",
        "GET /settings/sessions",
        "POST /settings/sessions/*/end",
        "POST /settings/password",
        "GET /api/v1/notifications*",
        "POST /api/v1/notifications*",
        "DELETE /api/v1/notifications/*",
        "GET /settings/notifications",
        "POST /settings/notifications*",
        "POST /api/v1/inbox/*",  # One's own inbox; the service looks at the rest.
    ),
    "read": (
        "GET /",
        "GET /api",
        "GET /api/openapi*",
        "GET /api/operations/*",
        "POST /api/v1/record/search/strangers",
        "GET /api/v1/shares",
        "POST /api/v1/record/search/events",  # Asked for with a body, it changes nothing.
        "GET /shell",
        "GET /stage",
        "GET /palette",
        "GET /inbox*",
        "GET /api/v1/inbox*",
        "POST /inbox/*",  # Each action issues a command, which needs what that command needs.
        "GET /live",
        *(
            f"GET {root}{rest}"
            for root in (
                "/agents",
                "/approvals",
                "/artifacts",
                "/board",
                "/cockpit",
                "/costs",
                "/decisions",
                "/events",
                "/health",
                "/home/product",
                "/logs",
                "/knowledge",
                "/memory",
                "/missions",
                "/questions",
                "/repositories",
                "/reviews",
                "/runs",
                "/run-counts",
                "/schedules",
                "/schedule-preview",
                "/elevations",
                "/search",
                "/templates",
                "/workflows",
            )
            for rest in ("", "/*")
        ),
        *(
            f"GET /api/v1/{root}"
            for root in (
                "agents*",
                "gateway-keys",
                "gateway-keys/*",
                "agent-sessions*",
                "analytics*",
                "approvals*",
                "artifacts*",
                "board*",
                "work-items*",
                "budgets*",
                "costs*",
                "decisions*",
                "elevations",
                "events*",
                "health",
                "limits*",
                "logs*",
                "knowledge",
                "memory*",
                "measures*",
                "missions*",
                "operation*",
                "plans*",
                "prices*",
                "products*",
                "questions*",
                "record/*",
                "repositories*",
                "retention*",
                "reviews/*",
                "roles",
                "run-counts",
                "runs*",
                "schedule*",
                "search*",
                "steps*",
                "templates*",
                "workflow*",
                "workspace",
            )
        ),
        "HEAD /api/v1/artifacts/*",
        "HEAD /artifacts/*",
        "GET /settings/budgets*",
        "GET /settings/limits*",
        "GET /settings/prices*",
        "GET /settings/retention",
        "GET /settings/roles",
        "GET /settings/workspace",
        # These change nothing: they look, or think about what is sent.
        "POST /api/v1/memory/recall",
        "POST /api/v1/analytics/*",
        "POST /api/v1/missions/estimate",
        "POST /api/v1/workflow*-check*",
        "POST /api/v1/workflows/check*",
        "POST /workflows/check*",
    ),
    "audit": (
        "GET /api/v1/audit*",
        "GET /api/v1/products/*/events",
        "POST /api/v1/audit*",
        "GET /api/v1/record/heads",
        "POST /api/v1/record/search/runs",
        "GET /api/v1/arrivals",
        "GET /api/v1/users*",
        "GET /audit*",
        "POST /audit*",
        "GET /settings/users*",
    ),
    "operate": (
        "POST /api/v1/agents/*/elevations",
        "POST /agents/*/elevations",
        "POST /api/v1/approvals/*/withdraw",
        "POST /approvals/*/withdraw",
        "POST /api/v1/missions",
        "POST /api/v1/missions/*/*",
        "POST /api/v1/memory",
        "PATCH /api/v1/memory/*",
        "DELETE /api/v1/memory/*",
        "POST /memory*",
        "POST /api/v1/products/*/alerts/*",
        "POST /api/v1/products/*/summary/writing",
        "PUT /api/v1/products/*/cohorts/*",
        "DELETE /api/v1/products/*/cohorts/*",
        "PUT /api/v1/products/*/dashboards/*",
        "DELETE /api/v1/products/*/dashboards/*",
        "POST /api/v1/shares",
        "DELETE /api/v1/shares/*",
        "PUT /api/v1/missions/*/documents/*",
        "PUT /api/v1/missions/*/risks/*/owner",
        "PUT /api/v1/missions/*/tasks/*/scope",
        "POST /api/v1/decisions*",
        "POST /api/v1/board/limits",
        "POST /api/v1/work-items/*/*",
        "PATCH /api/v1/work-items/*",
        "POST /board/*",
        "POST /api/v1/work-items",
        "POST /api/v1/agents/*/run",
        "POST /api/v1/agent-sessions/*/adopt",
        "POST /agents/sessions/*",
        "GET /agents/run",
        "POST /agents/run",
        "POST /api/v1/reviews/*/comments",
        "POST /reviews/*/comments",
        "POST /api/v1/templates/*/goal",
        "GET /decisions/import",
        "GET /decisions/new",
        "POST /decisions*",
        "POST /api/v1/runs",
        "POST /api/v1/runs/*/*",
        "POST /api/v1/schedules*",
        "PUT /api/v1/schedules/*",
        "PATCH /api/v1/schedules/*",
        "DELETE /api/v1/schedules/*",
        "POST /api/v1/workflows",
        "PUT /api/v1/workflows/*",
        "POST /api/v1/workflows/*/runs",
        "POST /missions",
        "POST /missions/*",
        "GET /missions/new",
        "POST /runs/*",
        "GET /schedules/new",
        "GET /schedules/*/edit",
        "POST /schedules/*",
        "POST /cockpit/alerts/*",
        "POST /cockpit/summary",
        "POST /cockpit/dashboards/*",
        "POST /cockpit/people/cohort",
        "POST /cockpit/people/cohort/remove",
        "GET /workflows/new",
        "GET /workflows/*/edit",
        "GET /workflows/*/start",
        "POST /workflows/*",
    ),
    "approve": (
        "POST /api/v1/agents/*/elevations/*/approve",
        "POST /api/v1/agents/*/elevations/*/refuse",
        "POST /agents/*/elevations/*/x",
        "POST /api/v1/approvals/*",
        "POST /api/v1/work-items/*/finish",
        "POST /api/v1/reviews/*/re*",
        "POST /api/v1/reviews/*/approve",
        "POST /reviews/*/*",
        "POST /api/v1/questions/*/answer",
        "POST /api/v1/repositories/*/tasks/*/signatures",
        "POST /repositories/*/tasks/*/signatures",
        "POST /approvals/*",
        "POST /questions/*/answer",
        "POST /api/v1/missions/*/waivers*",
        "POST /missions/*/waivers*",
        "POST /api/v1/missions/*/sign",
        "POST /missions/*/documents/*/sign",
    ),
    "stop": (
        "POST /api/v1/agents/*/elevations/*/end",
        "POST /agents/*/elevations/*/end",
        "POST /api/v1/operation/stop",
        "POST /stop",
        "GET /stop",
    ),
    "govern": (
        "POST /runs/*/raise",
        "POST /api/v1/gateway-keys",
        "POST /api/v1/gateway-keys/*",
        "POST /api/v1/agents*",
        "PUT /api/v1/agents/*",
        "DELETE /api/v1/agents/*",
        "POST /agents/*",
        "POST /cockpit/products*",
        "GET /agents/new",
        "PUT /api/v1/budgets*",
        "DELETE /api/v1/budgets*",
        "PUT /api/v1/limits",
        "DELETE /api/v1/limits",
        "PUT /api/v1/prices/*",
        "POST /api/v1/operation/start",
        "POST /start",
        "* /api/v1/webhooks*",
        "POST /api/v1/products*",
        "PATCH /api/v1/products*",
        "PUT /api/v1/products/*/exclusions",
        "PUT /api/v1/products/*/key-measures",
        "PUT /api/v1/products/*/limits",
        "DELETE /api/v1/products/*/sources/*",
        "PUT /api/v1/retention",
        "POST /settings/retention",
        "POST /settings/budgets*",
        "POST /settings/limits*",
        "POST /settings/prices*",
        "GET /settings/webhooks*",
        "POST /settings/webhooks*",
    ),
    "administer": (
        "POST /api/v1/users*",
        "PATCH /api/v1/users/*",
        "DELETE /api/v1/users/*",
        "PATCH /api/v1/workspace",
        "GET /api/v1/workspaces",  # The service lets in the owner alone.
        "POST /api/v1/workspaces*",
        "POST /settings/users*",
        "POST /settings/workspace",
    ),
}
"""Written by hand. Where several patterns fit a route, the longest one counts."""

AUTOMATIC = frozenset({"OPTIONS"})
"""Methods that the library answers by itself; no user may use them here."""


def expected(method: str, path: str) -> str:
    """Return what a route needs, by hand; empty where it is not listed."""
    route = f"{method} {re.sub(r'{[^}]*}', 'x', path)}"
    fits = [
        (len(pattern), needed)
        for needed, patterns in WHO_NEEDS.items()
        for pattern in patterns
        if fnmatchcase(route, pattern)
    ]
    return max(fits)[1] if fits else ""


def routes_of(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    return [
        (method, route.path, handler[0])
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, handler in route.route_handler_map.items()
        if method not in AUTOMATIC
    ]


def with_house(root: Path, story: Any) -> None:
    async def run_story() -> None:
        async with console_house(root) as house:
            await story(house)

    asyncio.run(run_story())


def is_let_in(handler: HTTPRouteHandler, who: Any) -> bool:
    """Whether the guard of every route admits a user to this one."""
    connection: Any = SimpleNamespace(scope={"user": who})
    try:
        permitted(connection, handler)
    except (Forbidden, NotSignedIn):
        return False
    return True


def test_every_route_needs_what_was_thought_of_for_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        routes = routes_of(house.app)
        assert len(routes) > 100
        # Of any other kind nothing here would speak.
        assert all(isinstance(route, HTTPRoute) for route in house.app.routes)
        wrong = [
            f"{method} {path}: {handler.opt.get('permission')}, by hand {by_hand or None}"
            for method, path, handler in routes
            if handler.opt.get("permission") != (by_hand := expected(method, path))
        ]
        assert wrong == []

    with_house(tmp_path, story)


def test_every_role_is_let_in_where_it_may_be_and_nowhere_else(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for method, path, handler in routes_of(house.app):
            needed = expected(method, path)
            assert is_let_in(handler, None) == (needed == "nothing"), (method, path)
            for role, allowed in MAY.items():
                who = principal(*([role] if role else []))
                assert is_let_in(handler, who) == (needed in allowed), (method, path, role)

    with_house(tmp_path, story)


@pytest.mark.parametrize("role", [None, *MAY])
def test_what_a_role_may_not_is_refused_on_the_way_in(tmp_path: Path, role: Any) -> None:
    async def story(house: House) -> None:
        client = house.client(*([role] if role else []))
        allowed = MAY[role] if role else {"nothing"}
        status = 403 if role else 401
        async with client:
            for method, path, _ in routes_of(house.app):
                if expected(method, path) in allowed:
                    continue
                place = re.sub(r"{[^}]*:int}", "1", path)
                place = re.sub(r"{[^}]*}", "x", place)
                answer = await client.request(method, place, headers={"accept": "application/json"})
                assert answer.status_code == status, (method, path, answer.text)

    with_house(tmp_path, story)


def test_a_method_that_the_library_adds_is_for_nobody(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async with house.client("admin") as client:
            assert (await client.options("/api/v1/runs")).status_code == 403
        async with house.client() as client:
            assert (await client.options("/api/v1/runs")).status_code == 401

    with_house(tmp_path, story)


def test_a_route_that_does_not_say_what_it_needs_is_for_nobody() -> None:
    silent: Any = SimpleNamespace(opt={})
    assert not is_let_in(silent, principal("admin"))
    assert not is_let_in(silent, None)
    route: Any = SimpleNamespace(**needs("read"))
    assert is_let_in(route, principal("viewer"))


def test_the_roles_are_those_of_the_program() -> None:
    assert {role for role in MAY if role} == set(ROLES)
    assert MAY["admin"] - {"nothing", "sign_in"} == PERMISSIONS
    for role in ROLES:
        assert MAY[role] - {"nothing", "sign_in"} == principal(role).permissions
