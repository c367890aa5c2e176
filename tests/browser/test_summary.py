"""The cockpit of a mission in a browser: read, and shown to an outsider by a link."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits, new_context, watched
from tests.console.mission_house import GOAL, small_repository

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def mission(scene: Scene) -> str:
    """Carry a mission out, and return its id."""
    begun = scene.told("run", GOAL, "--repo", str(small_repository(scene.folder)))
    scene.mission("watch", begun["run"])
    name: str = begun["mission"]
    return name


@pytest.mark.slow
def test_the_cockpit_tells_what_came_of_it_and_leads_on(tab: Tab, mission: str) -> None:
    page = tab.go(f"/missions/{mission}")
    path = page.get_by_role("region", name="Next steps")
    expect(path.locator("code").filter(has_text="mission runs artifacts run-")).to_have_count(1)
    page.locator("summary", has_text="not done").click()
    undone = page.get_by_role("region", name="Not done, table")
    expect(undone.get_by_role("row").filter(has_text="named no agent")).not_to_have_count(0)
    page.goto(f"{page.url}?view=documents&document=findings")
    evidence = page.get_by_role("region", name="Evidence", exact=True)
    evidence.get_by_role("link", name="survey.md").click()
    expect(page.locator("h1")).to_contain_text("survey.md")


def test_a_link_shows_the_report_to_a_stranger_until_it_is_revoked(
    tab: Tab, mission: str, scene: Scene, browser: Browser
) -> None:
    # The report is in a frame without an origin: axe-core can't ask what is in it.
    tab.expect_fault("postMessage")
    page = tab.go(f"/missions/{mission}?view=documents&document=report")
    page.get_by_role("button", name="Share …").click()
    dialog = page.get_by_role("dialog", name="Share this report")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    dialog.get_by_label("Valid for").select_option("1")
    dialog.get_by_label("Audience", exact=True).fill("the architects")
    dialog.get_by_role("button", name="Create link").click()
    shown = page.get_by_role("region", name="Link", exact=True)
    expect(shown).to_contain_text("/shared/mcs_")
    assert_accessible(page)
    assert_fits(page)
    link = shown.inner_text().strip()
    with new_context(browser) as context, watched(context, scene.url) as stranger:
        report = stranger.page
        report.goto(link)
        expect(report.locator("h1")).to_contain_text(GOAL)
        expect(report.locator("#execution-path")).to_be_visible()
        report.goto(f"{scene.url}/missions/{mission}")
        expect(report).to_have_url(re.compile("/sign-in"))
    page.get_by_role("link", name="Done", exact=True).click()
    row = page.get_by_role("row").filter(has_text="the architects")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row").filter(has_text="the architects")).to_have_count(0)
