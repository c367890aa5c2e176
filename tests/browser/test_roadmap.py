"""The roadmap by hand: dragged, by keys, by a form, on a phone, without scripts."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from missioncontrol.adapters.home import Home
from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.board_house import write_tasks

pytestmark = pytest.mark.journey

WORKFLOW = 'name: load\nsteps:\n  one:\n    agent: command\n    with: {argv: ["true"]}\n'
WEEKLY = "0 22 * * 5"


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("roadmap"))
    home = Home(found.home)
    home.make()
    write_tasks(home, 12, now=time.time())  # noqa: TID251 - the console shows how far away it is
    try:
        found.start()
        found.save("load", WORKFLOW)
        found.mission("schedule", "add", "load-test", "--workflow", "load", "--cron", WEEKLY)
        found.mission("schedule", "add", "by-keys", "--workflow", "load", "--cron", WEEKLY)
        found.mission("task", "item", "edit", "STOR-3", "--due", day_in(20))
        found.mission("task", "item", "edit", "STOR-5", "--due", day_in(30))
        yield found
    finally:
        found.stop()


def day_in(days: int) -> str:
    now = datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - as the console does
    return (now.date() + timedelta(days=days)).isoformat()


def cron_of(scene: Scene, name: str) -> str:
    return str(scene.told("schedule", "show", name)["cron"])


def drag(page: Page, mark: str, days: float) -> None:
    """Drag a mark of the drawing by so many days."""
    place = page.locator(mark).first.bounding_box()
    lane = page.locator(".lane").first.bounding_box()
    assert place is not None
    assert lane is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + days * lane["width"] / 91, y, steps=5)
    page.mouse.up()


def test_a_dot_that_is_dragged_is_previewed_and_saved_by_the_command(
    scene: Scene, tab: Tab
) -> None:
    page = tab.go("/board/roadmap")
    page.wait_for_load_state("networkidle")
    drag(page, "[data-move='load-test']", 3)
    moving = page.locator("#moving")
    expect(moving).to_contain_text("on Friday")
    expect(moving).to_contain_text("on Monday")
    assert cron_of(scene, "load-test") == WEEKLY  # Nothing is saved before a person says so.
    moving.get_by_role("button", name="Save schedule").click()
    expect(moving).to_have_count(0)
    assert cron_of(scene, "load-test") == "0 22 * * 1"


def test_a_flag_that_is_dragged_moves_the_due_date(scene: Scene, tab: Tab) -> None:
    page = tab.go("/board/roadmap")
    page.wait_for_load_state("networkidle")
    drag(page, "[data-due='STOR-3']", -7)
    expect(page.locator("#moving")).to_contain_text(day_in(13))
    page.get_by_role("button", name="Save due date").click()
    expect(page.locator("#moving")).to_have_count(0)
    assert scene.told("task", "item", "show", "STOR-3")["item"]["due"] == day_in(13)


def test_keys_open_the_form_preview_a_move_and_discard_it(scene: Scene, tab: Tab) -> None:
    page = tab.go("/board/roadmap")
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="by-keys", exact=True).focus()
    page.keyboard.press("e")
    form = page.locator("#moving")
    expect(form).to_contain_text("Choose when its slot")
    page.locator("#move-to").focus()
    to = date.fromisoformat(page.locator("#move-to").input_value()[:10]) + timedelta(days=1)
    page.locator("#move-to").fill(f"{to}T21:30")
    page.keyboard.press("Enter")
    expect(form).to_contain_text("on Saturday")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    assert cron_of(scene, "by-keys") == WEEKLY


@pytest.mark.parametrize(
    "path",
    [
        "/board/roadmap?move=by-keys&cron=0+22+*+*+2",
        "/board/roadmap?zoom=week&due=STOR-5",
        "/board/roadmap?view=calendar",
        "/board/workload",
        "/board/flow",
    ],
)
def test_every_view_is_for_everybody(tab: Tab, path: str) -> None:
    assert_accessible(tab.go(path))


def test_a_phone_moves_a_schedule_by_the_form(phone: Tab) -> None:
    page = phone.go("/board/roadmap")
    assert_fits(page)
    page.get_by_role("link", name="Move by-keys").click()
    assert_fits(page)
    assert_accessible(page)
    page.locator("#move-cron").fill("0 7 * * 3")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#moving")).to_contain_text("on Wednesday")
    for path in ("/board/roadmap?view=calendar", "/board/workload", "/board/flow"):
        assert_fits(phone.go(path))


def test_what_can_not_be_moved_so_is_named_without_scripts(scene: Scene, browser: Browser) -> None:
    context = scene.person(browser, "", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{scene.url}/board/roadmap?move=by-keys&cron=0+22+*+*")
    expect(page.locator("#moving")).to_contain_text("by-keys does not move so")
    page.goto(f"{scene.url}/board/roadmap?move=by-keys&cron=15+6+*+*+5")
    page.get_by_role("button", name="Save schedule").click()
    expect(page).to_have_url(f"{scene.url}/board/roadmap")
    assert cron_of(scene, "by-keys") == "15 6 * * 5"
    context.close()
