"""Agents, schedules, costs and the emergency stop in the browser: live, and accessible."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.scene import Scene, Tab, assert_accessible

pytestmark = pytest.mark.journey

SLOW = """
name: slow
steps:
  wait:
    agent: command
    with: {argv: [sleep, "60"]}
"""


@pytest.fixture(scope="module", autouse=True)
def workflow(scene: Scene) -> None:
    scene.save("slow", SLOW)


def test_an_agent_at_work_is_seen_without_a_reload(scene: Scene, tab: Tab) -> None:
    page = tab.go("/agents")
    page.evaluate("window.__same = true")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="command", exact=True))
    expect(row).to_contain_text("Idle")
    run = scene.told("workflow", "run", "slow")["run"]
    expect(row).to_contain_text("Active")
    expect(page.locator(".verdict")).to_contain_text("1 working")
    scene.mission("cancel", run)
    expect(row).to_contain_text("Idle")
    assert page.evaluate("window.__same")


def test_a_schedule_is_written_with_its_next_slots_in_sight(tab: Tab) -> None:
    page = tab.go("/schedules/new?workflow=slow")
    slots = page.get_by_role("region", name="Next ten slots")
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("When").fill("30 2 * * *")
    expect(slots).to_contain_text("At 02:30 every day")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    expect(slots).to_contain_text("Europe/Berlin")
    expect(slots.get_by_role("listitem")).to_have_count(10)
    page.get_by_label("When").fill("61 2 * * *")
    expect(slots).to_contain_text("Invalid schedule")
    tab.expect_fault("422")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("alert")).to_contain_text("Check these fields")
    expect(page.get_by_label("Name")).to_have_value("nightly")
    page.get_by_label("When").fill("30 2 * * *")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.locator(".head .verdict")).to_contain_text("It starts next in")
    assert_accessible(page)
    before = page.locator("section").filter(has_text="Next slots").get_by_role("listitem").first
    first = before.inner_text()
    page.get_by_role("button", name="Skip next").click()
    page.get_by_role("dialog").get_by_role("button", name="Skip next").click()
    expect(before).not_to_have_text(first)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".head .verdict")).to_contain_text("It is paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".head .verdict")).to_contain_text("It starts next in")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("When").fill("0 9 * * 1")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.locator(".head")).to_contain_text("Monday")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".verdict")).to_have_text("No schedules yet.")


def test_a_cap_is_set_and_seen_in_three_parts(tab: Tab) -> None:
    page = tab.go("/settings/budgets")
    page.get_by_label("US dollars").fill("25.00")
    page.locator("#f-reason").fill("A day's allowance.")
    page.get_by_role("button", name="Set cap").click()
    row = page.get_by_role("row").filter(has_text="Workspace")
    expect(row).to_contain_text("$25.00")
    tab.go("/costs")
    expect(page.locator(".verdict")).to_contain_text("$0.00 today of $25.00")
    expect(page.get_by_role("img", name="cap $25.00").first).to_be_visible()
    tab.go("/settings/budgets")
    row.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("US dollars")).to_have_value("25.00")
    page.get_by_label("US dollars").fill("30")
    page.get_by_label("Tokens").fill("not many")
    page.locator("#f-reason").fill("More is needed.")
    tab.expect_fault("422")
    page.get_by_role("button", name="Save cap").click()
    expect(page.locator("#toasts")).to_contain_text("is no number of tokens")
    expect(page.get_by_label("US dollars")).to_have_value("30")
    page.get_by_label("Tokens").fill("")
    page.get_by_role("button", name="Save cap").click()
    expect(row).to_contain_text("$30.00")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_the_emergency_stop_is_one_gesture_and_a_reason_away_and_work_goes_on_in_stages(
    scene: Scene, tab: Tab, open_tab: Callable[..., Tab]
) -> None:
    run = scene.told("workflow", "run", "slow")["run"]
    bystander = open_tab("vic", "viewer").go("/schedules")
    page = tab.go("/costs")
    page.keyboard.press("Control+Shift+.")
    dialog = page.get_by_role("dialog", name="Stop everything?")
    dialog.get_by_label("Reason").fill("Smoke in the room.")
    dialog.get_by_role("button", name="Stop everything").click()
    expect(page.locator("#start")).to_contain_text("Smoke in the room.")
    assert_accessible(page)
    expect(bystander.locator("#stage")).to_contain_text("Everything is stopped")
    assert_accessible(bystander)
    viewer = open_tab("vic", "viewer").go("/agents")
    expect(viewer.locator("#start")).to_contain_text("An admin can resume work.")
    expect(viewer.get_by_role("button", name="Stop all")).to_have_count(0)
    page.get_by_role("button", name="Finish started work").click()
    expect(page.locator("#start h2")).to_have_text("Draining: only started work continues")
    page.get_by_role("button", name="Resume everything").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume everything").click()
    expect(page.locator("#start")).to_have_count(0)
    expect(bystander.locator("#stage .stage")).to_have_count(0)
    scene.mission("cancel", run)
