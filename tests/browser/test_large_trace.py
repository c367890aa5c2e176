"""The trace of a mission of five hundred tasks: short on a phone, and all of it can be found."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.large_mission import (
    MISSION,
    PHASES,
    TASKS_OF_ONE,
    large_plan,
    write_large_mission,
)

pytestmark = pytest.mark.journey

SCREENS_MAX = 4
"""Heights of a phone that the page takes before anything is unfolded."""


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("large"))
    write_large_mission(found.folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()


def opened(tab: Tab, more: str = "") -> Page:
    page = tab.go(f"/missions/{MISSION}?view=plan&show=trace{more}")
    expect(page.locator("#trace-graph[data-ready]")).to_be_visible()
    return page


def screens(page: Page) -> float:
    """Return the height of what scrolls, in heights of the window."""
    shown = "[...document.querySelectorAll('*')].filter((each) => each.checkVisibility())"
    tall = f"Math.max(...{shown}.map((each) => each.scrollHeight))"
    return float(page.evaluate(f"{tall} / innerHeight"))


@pytest.mark.slow
def test_the_page_is_short_on_a_phone_and_holds_everything(phone: Tab) -> None:
    page = opened(phone)
    assert_fits(page)
    assert_accessible(page)
    assert screens(page) <= SCREENS_MAX
    plan = large_plan()
    for requirement in plan.requirements:
        assert page.locator(f".matrix a.id:text-is('{requirement.id}')").count() == 1
    page.get_by_text("Show as a list").click()
    for task in plan.tasks():
        assert page.locator(f".trace-list [data-node='task:{task.key}']").count() == 1
    assert screens(page) <= 2 * SCREENS_MAX


def test_the_section_of_what_is_looked_at_is_open(tab: Tab) -> None:
    page = opened(tab, "&node=requirement:R125")
    folds = page.locator(".matrix-fold")
    expect(folds).to_have_count(PHASES)
    expect(page.locator(".matrix-fold[open]")).to_have_count(1)
    expect(page.get_by_role("row", name=re.compile("Ledger 125 keeps"))).to_be_visible()
    assert_accessible(page)


def test_the_graph_of_many_things_is_walked_and_tells_of_each(phone: Tab) -> None:
    page = opened(phone)
    graph = page.get_by_role("application", name=re.compile("Trace graph"))
    graph.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    aside = page.locator("#trace-aside")
    expect(aside).to_contain_text("Why does this exist?")
    page = opened(phone, "&node=requirement:R60")
    tasks = aside.get_by_role("link", name=re.compile("^Task book-"))
    expect(tasks).to_have_count(TASKS_OF_ONE)
