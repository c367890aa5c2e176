"""The documents of a mission in a browser: written, read with sources, edited, decided."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.scene import Scene, assert_accessible, assert_fits
from tests.console.mission_house import GOAL, small_repository

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def mission(scene: Scene) -> dict[str, str]:
    """A mission that has ended, with its run."""
    begun: dict[str, str] = scene.told("run", GOAL, "--repo", str(small_repository(scene.folder)))
    scene.mission("watch", begun["run"])
    return begun


def test_a_document_is_written_read_edited_and_brought_together(
    scene: Scene, browser: Browser, mission: dict[str, str]
) -> None:
    with scene.person(browser, "") as context:
        page = context.new_page()
        page.goto(f"{scene.url}/missions/{mission['mission']}?view=documents")
        expect(page.get_by_role("heading", name="Requirements", exact=True)).to_be_visible()
        assert not scene.told("document", "list", mission["run"])[0]["version"]
        _follow_a_source(page)
        page.get_by_role("button", name="Save as version 1").click()
        expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
        page.get_by_role("button", name="Save all").click()
        expect(page.get_by_role("navigation", name="Documents")).not_to_contain_text("draft")
        expect(page.get_by_role("heading", name="Requirements", exact=True)).to_be_visible()
        _follow_a_source(page)
        assert_accessible(page)
        for width in (1440, 1024, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert_fits(page)
        _edit(page, "## What is asked", "## What the shop asks")
        expect(page.get_by_role("heading", name="What the shop asks")).to_be_visible()
        page.get_by_role("link", name="Show changes").click()
        expect(page.locator("tr.add")).to_contain_text("What the shop asks")
        assert_accessible(page)
        page.get_by_role("link", name="Back to text").click()
        _decide(scene, page, mission)


def _follow_a_source(page: Page) -> None:
    cite = page.locator("a[data-source]").first
    cite.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("The goal")
    cite.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    cite.press("Enter")
    expect(page).to_have_url(re.compile("#source-1$"))


def _edit(page: Page, before: str, after: str) -> None:
    page.get_by_role("link", name="Edit", exact=True).click()
    box = page.get_by_label("Text, in Markdown")
    box.fill(box.input_value().replace(before, after))
    assert_accessible(page)
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_role("link", name="Show changes")).to_be_visible()


def _decide(scene: Scene, page: Page, mission: dict[str, str]) -> None:
    """Assign the owner of a risk, after the document had named another one."""
    risk = page.locator("td", has_text=re.compile(r"^K1 ")).first
    if not risk.count():
        return
    _edit(page, "| K1 ", "| K1, as Ann said: ")
    scene.mission("trace", "assign", mission["run"], "K1", "Bo")
    page.get_by_role("button", name="Regenerate").click()
    conflict = page.get_by_label("Conflict 1", exact=True)
    expect(conflict).to_be_visible()
    assert_accessible(page)
    conflict.get_by_role("button", name="Keep edited text").click()
    expect(page.get_by_label("Conflict 1", exact=True)).to_have_count(0)
    expect(page.locator("td", has_text="as Ann said").first).to_be_visible()
