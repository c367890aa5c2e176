"""The trace of a mission in a browser: looked at, walked through by keys, and worked on."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.mission_house import GOAL, small_repository

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def mission(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A mission that has ended."""
    repository: Path = small_repository(tmp_path_factory.mktemp("trace"))
    scene.mission("run", f"{GOAL}. We sell tea.", "--repo", str(repository))
    (found,) = scene.told("list")
    return str(found["id"])


def opened(tab: Tab, mission: str, more: str = "") -> Page:
    page = tab.go(f"/missions/{mission}?view=plan&show=trace{more}")
    expect(page.locator("#trace-graph[data-ready]")).to_be_visible()
    return page


def test_the_graph_is_walked_by_keys_and_tells_why_each_thing_exists(
    tab: Tab, mission: str
) -> None:
    page = opened(tab, mission)
    expect(page.get_by_role("heading", name="Traceability complete")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    aside = page.locator("#trace-aside")
    page.get_by_role("application", name=re.compile("Trace graph")).focus()
    page.keyboard.press("Home")
    expect(aside).to_contain_text("The goal is the starting point.")
    page.keyboard.press("ArrowRight")
    expect(aside).to_contain_text(f"{GOAL}.")
    page.keyboard.press("ArrowRight")
    expect(aside).to_contain_text("R1 comes from these words.")
    expect(page).to_have_url(re.compile("node=requirement%3AR1"))
    expect(aside.get_by_role("heading", name="What does this cover?")).to_be_visible()
    assert_accessible(page)
    aside.locator("[data-node^='task:']").first.click()
    expect(aside).to_contain_text("It serves R1.")
    page.get_by_role("button", name="Fit to window").click()
    page.get_by_role("application", name=re.compile("Trace graph")).focus()
    page.keyboard.press("Escape")
    expect(aside).to_contain_text("Select a node in the graph")


def test_what_is_told_of_a_thing_leads_to_where_it_stands(phone: Tab, mission: str) -> None:
    page = opened(phone, mission, "&node=task:survey")
    expect(page.locator(".tabs > [aria-current]")).to_be_in_viewport(ratio=0.9)
    page.locator("#trace-aside").get_by_role("link", name="Open").click()
    expect(page.locator("#task-survey > details")).to_have_attribute("open", "")
    page = opened(phone, mission, "&node=file:src/shop/cart.py")
    page.locator("#trace-aside").get_by_role("link", name="Open").click()
    expect(page.locator("h1")).to_have_text("src/shop/cart.py")
    expect(page.get_by_role("region", name="src/shop/cart.py", exact=True)).to_contain_text(
        "class Cart"
    )
    page.get_by_role("region", name="Mentions in the plan").get_by_role("link").first.click()
    expect(page.locator("#places-R1")).to_be_in_viewport()


def test_the_graph_follows_the_mission_without_being_loaded_again(tab: Tab, mission: str) -> None:
    early = {"nodes": [{"id": "goal", "kind": "goal", "name": "goal", "title": "Soon"}]}
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(json={"graph": {**early, "edges": []}})
        else:
            route.continue_()

    tab.page.route("**/api/v1/missions/*/trace?*", answer)
    page = opened(tab, mission)
    graph = page.locator("#trace-graph")
    expect(graph).not_to_have_attribute("data-drawn", re.compile("."))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:missions', {detail: {}}))")
    expect(graph).to_have_attribute("data-drawn", re.compile(r"\d\d"))
    page.locator(".trace-stage").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#trace-aside")).to_contain_text("Why does this exist?")


def test_a_thing_in_the_graph_is_chosen_by_a_click_and_stays_in_the_address(
    tab: Tab, mission: str
) -> None:
    page = opened(tab, mission)
    page.keyboard.press("Escape")
    box = page.locator(".trace-stage").bounding_box()
    assert box is not None
    aside = page.locator("#trace-aside")
    for down in range(40, int(box["height"]), 14):  # The goal stands at the left, somewhere.
        page.mouse.click(box["x"] + 80, box["y"] + down)
        if "starting point" in aside.inner_text():
            break
    expect(aside).to_contain_text("The goal is the starting point.")
    page.reload()
    expect(page.locator("#trace-aside")).to_contain_text("The goal is the starting point.")


def test_an_owner_is_named_and_everything_is_there_without_the_graph(
    tab: Tab, mission: str
) -> None:
    page = opened(tab, mission, "&node=requirement:R1")
    page.get_by_text("Show as a list").click()
    expect(page.locator(".trace-list")).to_contain_text("Requirements")
    matrix = page.get_by_role("region", name="Trace matrix, table")
    expect(matrix.get_by_role("row")).to_have_count(2)
    assert_accessible(page)
    page = tab.go(f"/missions/{mission}?view=decisions")
    risks = page.get_by_role("region", name="Risks, table")
    if risks.count():
        risks.locator("summary", has_text="Assign").first.click()
        risks.get_by_label(re.compile("Owner of K1")).fill("Jonas Weber")
        with page.expect_navigation():
            risks.get_by_role("button", name="Assign").first.click()
        expect(risks.get_by_role("row", name=re.compile("Jonas Weber"))).to_be_visible()
    assert_accessible(page)


def test_the_trace_fits_a_phone(phone: Tab, mission: str) -> None:
    page = opened(phone, mission)
    assert_fits(page)
    assert_accessible(page)
