"""Every page of the console: for everybody, in both themes, small, and at every width."""

import pytest
from playwright.sync_api import Request, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits

pytestmark = pytest.mark.journey

FIRST_LOAD_BYTES_MAX = 150_000
"""Compressed, of all that a first visit to a page loads, but what draws charts and edits code."""

CHARTS = ("uplot", "echarts", "dagre", "codemirror", "yaml", "diff2html")

FLOW = """
name: greet
inputs:
  word: {type: string, default: hello}
steps:
  say:
    agent: command
    with: {argv: [echo, said]}
  again:
    agent: command
    with: {argv: [echo, again]}
    needs: [say]
"""
PATHS = (
    "/",
    "/missions",
    "/missions/new",
    "/workflows",
    "/workflows/new",
    "/workflows/greet",
    "/workflows/greet/edit",
    "/workflows/greet/start",
    "/runs",
    "/runs/{run}",
    "/runs/{run}/replay",
    "/runs/compare?a={run}&b={run}",
    "/approvals",
    "/agents",
    "/agents/planner",
    "/schedules",
    "/costs",
    "/events",
    "/logs",
    "/audit",
    "/search?q=greet",
    "/settings/users",
    "/settings/tokens",
    "/settings/roles",
    "/settings/limits",
    "/settings/prices",
    "/settings/budgets",
    "/settings/webhooks",
    "/settings/retention",
    "/settings/workspace",
    "/api",
)


@pytest.fixture(scope="module")
def run(scene: Scene) -> str:
    scene.save("greet", FLOW)
    run = str(scene.told("workflow", "run", "greet")["run"])
    scene.mission("watch", run)
    return run


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_for_everybody_in_both_themes(tab: Tab, run: str, path: str) -> None:
    page = tab.go(path.format(run=run))
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).to_be_visible()
    assert_accessible(page)
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)


@pytest.mark.parametrize("path", PATHS)
def test_a_first_visit_loads_little(tab: Tab, run: str, path: str) -> None:
    loaded: dict[str, int] = {}

    def count(request: Request) -> None:
        name = request.url.rpartition("/")[2]
        if "/live" not in request.url and not any(each in name for each in CHARTS):
            loaded[request.url] = request.sizes()["responseBodySize"]

    tab.page.on("requestfinished", count)
    tab.go(path.format(run=run))
    assert sum(loaded.values()) < FIRST_LOAD_BYTES_MAX, loaded
