"""Events, logs, audit and search in a real browser: what happens is shown without a reload."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.scene import Scene, Tab, assert_accessible

pytestmark = pytest.mark.journey

HOSTILE = "<img src=x onerror=alert(1)>"
FLOW = f"""
name: talk
steps:
  say:
    agent: command
    with:
      argv: [sh, -c, "for i in $(seq 1 300); do echo line $i; done; echo '{HOSTILE}'"]
"""


@pytest.fixture(scope="module")
def talk(scene: Scene) -> Callable[[], str]:
    """Give what makes a run that says something, and waits until it has ended."""
    scene.save("talk", FLOW)

    def begin() -> str:
        run = str(scene.told("workflow", "run", "talk")["run"])
        scene.mission("watch", run)
        return run

    begin()
    return begin


def test_new_events_appear_and_a_paused_list_stands_still(
    tab: Tab, talk: Callable[[], str]
) -> None:
    page = tab.go("/events")
    newest = page.locator("#events-rows tbody tr").first
    before = newest.get_attribute("id")
    talk()
    expect(newest).not_to_have_attribute("id", before or "")
    seen = (newest.get_attribute("id") or "").removeprefix("event-")
    expect(page.locator(".verdict")).to_contain_text(f"{seen} event")
    page.get_by_role("link", name="Pause").click()
    page.wait_for_url("**upto=**")
    held = newest.get_attribute("id") or ""
    talk()
    expect(page.locator("#events-rows .newer")).to_contain_text("new")
    expect(newest).to_have_attribute("id", held)
    page.locator("#events-rows .newer").click()
    expect(newest).not_to_have_attribute("id", held)


def test_an_event_opens_beside_the_list_with_its_exact_data(
    tab: Tab, talk: Callable[[], str]
) -> None:
    page = tab.go("/events?type=run_settled")
    page.locator("#events-rows tbody th a").first.click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text('"outcome": "succeeded"')
    expect(drawer).to_contain_text("chained")
    assert_accessible(page)


def test_lines_are_followed_to_their_end_and_shown_as_text(
    tab: Tab, talk: Callable[[], str]
) -> None:
    page = tab.go("/logs")
    lines = page.locator(".logview .log > li")
    expect(lines.last).to_contain_text(HOSTILE)
    before = lines.last.get_attribute("data-number") or ""
    talk()
    expect(lines.last).not_to_have_attribute("data-number", before)
    expect(lines.last).to_be_in_viewport()
    expect(page.locator(".logview img")).to_have_count(0)
    lines.last.click()
    expect(lines.last.locator(".line-about")).to_contain_text("say")
    assert_accessible(page)


def lines_of(page: Page) -> Locator:
    """Give the list of the island, which takes the place of one that the server wrote."""
    expect(page.locator(".logview > .newer")).to_be_attached()
    return page.locator(".logview .log")


def test_older_lines_come_when_they_are_scrolled_to(tab: Tab, talk: Callable[[], str]) -> None:
    log = lines_of(tab.go("/logs?text=line&step=say&run=" + talk()))
    expect(log.locator("mark").first).to_have_text("line")
    log.evaluate("element => { element.scrollTop = 0; }")
    expect(log.locator("> li").first).to_contain_text("line 1")
    expect(log.locator("> li")).to_have_count(300)


def test_who_scrolls_while_new_lines_are_asked_for_gets_the_older_ones(
    tab: Tab, talk: Callable[[], str]
) -> None:
    run = talk()
    asked: list[Route] = []
    held = [True]

    def hold(route: Route) -> None:
        if held[0]:
            asked.append(route)
        else:
            route.continue_()

    tab.page.route(re.compile("/api/v1/logs.*after="), hold)
    page = tab.go("/logs?text=line&step=say&run=" + run)
    log = lines_of(page)
    expect(log.locator("> li").last).to_contain_text("line 300")
    log.evaluate("element => { element.scrollTop = 0; }")
    page.wait_for_timeout(200)  # Two frames, so that it hears of it.
    assert asked
    expect(log.locator("> li")).to_have_count(200)
    held[0] = False
    for route in asked:
        route.continue_()
    expect(log.locator("> li")).to_have_count(300)


def test_the_log_is_verified_on_demand(tab: Tab, talk: Callable[[], str]) -> None:
    page = tab.go("/audit?workflow=talk")
    expect(page.get_by_role("region", name="Matching runs")).to_contain_text("talk")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator(".verdict")).to_contain_text("The event log is unproven")
    assert_accessible(page)


def test_one_field_finds_runs_and_workflows(tab: Tab, talk: Callable[[], str]) -> None:
    run = talk()
    page = tab.go("/search")
    page.get_by_role("searchbox").fill("talk")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Sources and names")).to_contain_text(run)
    assert_accessible(page)


def test_a_list_of_one_run_counts_only_what_is_its_own_while_it_stands_still(
    tab: Tab, talk: Callable[[], str]
) -> None:
    run = talk()
    page = tab.go(f"/events?stream={run}&hold=1")
    expect(page.locator("#events-rows tbody tr").first).to_contain_text("Run settled")
    held = page.locator("#events-rows tbody tr").count()
    talk()  # Of another run.
    expect(page.locator("#strip-last")).not_to_contain_text(run)
    page.reload()
    expect(page.locator("#events-rows tbody tr")).to_have_count(held)
    expect(page.locator("#events-rows .newer")).to_have_count(0)
    page.get_by_role("link", name="Resume").click()
    expect(page.locator("#events-rows tbody tr")).to_have_count(held)
    page.go_back()
    expect(page.get_by_role("link", name="Resume")).to_be_visible()


def test_the_bound_on_output_is_kept_where_it_can_not_be_taken(tab: Tab) -> None:
    page = tab.go("/settings/retention")
    expect(page.locator(".verdict")).to_contain_text("never truncated")
    assert_accessible(page)
    field = page.get_by_label("Limit, gigabytes of text")
    field.fill("2.5")
    page.locator("#f-reason").fill("A small disk")
    page.get_by_role("button", name="Save limit").click()
    expect(page.get_by_text("2.5 GB of text")).to_be_visible()
