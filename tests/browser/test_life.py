"""Whole lives in a browser: without a mouse, by two people, without scripts, enlarged."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.mission_house import GOAL, small_repository

pytestmark = pytest.mark.journey

TABS_MAX = 60
"""Steps of the Tab key within which anything on a page is reached."""

SHIP = """
name: ship
inputs:
  tag: {type: string, default: v1}
steps:
  build:
    agent: command
    with: {argv: [echo, built]}
  publish:
    title: Publish the tag
    agent: command
    needs: [build]
    approval: {from: [approver], expires: 2h}
    with: {argv: [sh, -c, "test -f GATE || { echo 'the gate is shut' >&2; exit 7; }"]}
  tell:
    agent: command
    needs: [publish]
    with: {argv: [echo, told]}
"""


@pytest.fixture(scope="module")
def gate(scene: Scene) -> Path:
    """Return the file without which publishing fails."""
    gate = scene.folder / "gate-is-open"
    scene.save("ship", SHIP.replace("GATE", str(gate)))
    return gate


@pytest.fixture(scope="module")
def repository(scene: Scene) -> Path:
    return small_repository(scene.folder)


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus, and see that the focus shows."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            assert shows_focus(page), f"{wanted} does not show its focus"
            return
    raise AssertionError(f"{wanted} is not reached by {TABS_MAX} Tabs on {page.url}")


def shows_focus(page: Page) -> bool:
    """Whether what has the focus differs from how it looks without it."""
    return bool(
        page.evaluate(
            """() => {
              const one = document.activeElement;
              const looks = () => {
                const {outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor} =
                  getComputedStyle(one);
                return [outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor].join();
              };
              const focused = looks();
              one.blur();
              const plain = looks();
              one.focus({focusVisible: true});
              return focused !== plain;
            }"""
        )
    )


def test_a_mission_lives_without_a_mouse(tab: Tab, repository: Path) -> None:
    page = tab.go("/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette").get_by_role("combobox")).to_be_focused()
    expect(page.locator("#palette").get_by_role("option").first).to_be_visible()
    page.keyboard.type("new mission")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Goal", exact=True)).to_be_focused()
    page.keyboard.type(GOAL)
    reach(page, page.get_by_label("Repository"))
    page.keyboard.type(str(repository))
    reach(page, page.get_by_label("Constraints"))
    page.keyboard.type("Keep the public API of Cart")
    expect(page.locator("#estimate")).to_contain_text("Git repository found")
    reach(page, page.get_by_role("button", name="Start mission"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/missions/mission-"))
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    reach(page, page.locator("summary", has_text="More"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name="Retry from"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Retry from a task")
    expect(dialog).to_be_visible()
    assert_kept_inside(page, dialog)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Retry from")).to_be_focused()
    documents = page.get_by_role("navigation", name="Mission").get_by_role("link", name="Documents")
    reach(page, documents)
    page.keyboard.press("Enter")
    expect(page.locator(".tabs [aria-current=page]")).to_contain_text("Documents")


def assert_kept_inside(page: Page, dialog: Locator) -> None:
    """See that Tab does not lead behind a dialog; the browser's own bar is the body's."""
    for _ in range(12):
        page.keyboard.press("Tab")
        assert dialog.evaluate(
            "one => [one, document.body].some((each) => each === document.activeElement)"
            " || one.contains(document.activeElement)"
        )


def test_twice_the_size_and_without_motion_or_colours_nothing_is_lost(
    open_tab: Callable[..., Tab],
) -> None:
    """At 200 % a window of 1440 px is one of 720 px whose pixels are two."""
    tab = open_tab(size=(720, 450), device_scale_factor=2, forced_colors="active")
    tab.page.emulate_media(reduced_motion="reduce")
    for path in ("/", "/missions", "/runs", "/approvals", "/agents", "/costs", "/settings/users"):
        page = tab.go(path)
        assert_fits(page)
        expect(page.locator("h1")).to_be_in_viewport()
        moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
        assert page.evaluate(moving) == 0


@pytest.mark.parametrize(
    ("keys", "dialog"),
    [("Control+k", "palette"), ("?", "keys"), ("Control+Shift+.", "stop-all")],
)
def test_what_opens_keeps_the_focus_and_gives_it_back(tab: Tab, keys: str, dialog: str) -> None:
    page = tab.go("/runs")
    before = page.get_by_role("link", name="Workflows", exact=True)
    before.focus()
    page.keyboard.press(keys)
    opened = page.locator(f"dialog#{dialog}")
    expect(opened).to_be_visible()
    assert_kept_inside(page, opened)
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(before).to_be_focused()


def test_a_run_lives_between_two_people_who_never_load_again(
    scene: Scene, gate: Path, open_tab: Callable[..., Tab]
) -> None:
    olga = open_tab("olga", "operator").go("/workflows/ship/start")
    ann = open_tab("ann", "approver").go("/")
    ann.evaluate("window.__same = true")
    olga.get_by_role("button", name=re.compile("^Start")).click()
    olga.wait_for_url(re.compile(r"/runs/run-"))
    olga.evaluate("window.__same = true")
    run = olga.url.rpartition("/")[2]
    expect(olga.locator(".head .verdict")).to_contain_text("Waiting on approver")
    expect(ann.locator("nav.nav a[href='/inbox'] .n")).to_contain_text("1")
    expect(ann.locator("main")).to_contain_text("Publish the tag")
    assert ann.evaluate("window.__same")
    expect(olga.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    ann.keyboard.press("g")
    ann.keyboard.press("i")
    ann.get_by_role("link", name="Approvals", exact=True).click()
    expect(ann.locator(".verdict")).to_contain_text("1 item pending")
    ann.keyboard.press("j")
    ann.keyboard.press("Enter")
    expect(ann.get_by_role("region", name="Command")).to_contain_text("the gate is shut")
    ann.keyboard.press("a")
    expect(ann.locator(".verdict")).to_have_text("No pending approvals.")
    expect(olga.locator(".head .verdict")).to_have_text(re.compile("^Failed: .*Publish the tag"))
    expect(olga.locator("#graph [data-key=tell]")).to_have_attribute("data-s", "blocked")
    assert olga.evaluate("window.__same")
    gate.touch()
    olga.get_by_role("button", name="Retry").first.click()
    expect(olga).not_to_have_url(re.compile(run))
    expect(olga.locator(".head .verdict")).to_contain_text("Waiting on approver")
    expect(ann.locator(".verdict")).to_contain_text("1 item pending")
    ann.locator("#queue a").first.click()
    ann.get_by_role("button", name="Approve this digest").click()
    expect(olga.locator(".head .verdict")).to_contain_text("Succeeded: 3 of 3 steps done")
    assert_accessible(olga)
    shown = scene.told("show", olga.url.rpartition("/")[2])
    assert shown["status"] == "succeeded"


def test_without_scripts_pages_are_read_and_forms_work(
    open_tab: Callable[..., Tab], repository: Path, gate: Path
) -> None:
    tab = open_tab(java_script_enabled=False)
    page = tab.go("/missions/new")
    page.get_by_label("Goal", exact=True).fill(GOAL)
    page.get_by_label("Repository").fill(str(repository))
    page.get_by_role("button", name="Start mission").click()
    expect(page.locator("h1")).to_contain_text(GOAL)
    page = tab.go("/settings/budgets")
    page.get_by_label("US dollars").fill("25.00")
    page.locator("#f-reason").fill("A day's allowance.")
    page.get_by_role("button", name="Set cap").click()
    expect(page.get_by_role("row").filter(has_text="Workspace")).to_contain_text("$25.00")
    page = tab.go("/schedules/new?workflow=ship")
    page.get_by_label("Name").fill("weekly")
    page.get_by_label("When").fill("0 9 * * 1")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.locator(".head .verdict")).to_contain_text("It starts next in")
    page = tab.go("/workflows/ship/start")
    page.get_by_role("button", name=re.compile("^Start")).click()
    expect(page.locator("main")).to_contain_text("Publish the tag")
    expect(page.locator("main").get_by_role("link", name="build").first).to_be_visible()
    page = tab.go("/runs")
    page.get_by_role("searchbox").first.fill("no such run")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("main")).to_contain_text("No matching runs")
