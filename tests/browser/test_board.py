"""The board by hand: dragged, by keys, with hundreds of cards, on a phone, without scripts."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from missioncontrol.adapters.home import Home
from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.board_house import write_tasks

pytestmark = pytest.mark.journey

TASKS = 300
IN_PAGE_MAX = 170
"""Cards of a column at once: those that are kept, and one portion more."""


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("board"))
    home = Home(found.home)
    home.make()
    write_tasks(home, TASKS, now=time.time())  # noqa: TID251 - the console shows how long ago it was
    try:
        found.start()
        yield found
    finally:
        found.stop()


def column(page: Page, name: str) -> str:
    return f"[data-column='{name}']"


def card(page: Page, key: str, stage: str) -> None:
    """See that a card stands in a column."""
    expect(page.locator(f"{column(page, stage)} [data-key='{key}']")).to_be_visible()


def test_a_drag_is_a_command_and_a_refused_one_returns_the_card(tab: Tab) -> None:
    tab.expect_fault("422")
    page = tab.go("/board")
    page.locator("[data-key='STOR-1']").drag_to(page.locator(column(page, "building")))
    card(page, "STOR-1", "building")
    page.reload()
    card(page, "STOR-1", "building")
    page.locator("[data-key='STOR-1']").drag_to(page.locator(column(page, "done")))
    expect(page.locator(".toast")).to_contain_text("another person has to review it")
    card(page, "STOR-1", "building")
    page.locator("[data-key='STOR-2']").drag_to(page.locator(column(page, "in_review")))
    expect(page.locator(".toast").last).to_contain_text("does not go to In review by hand")
    card(page, "STOR-2", "ready_to_build")


def test_keys_select_open_edit_and_close(tab: Tab) -> None:
    page = tab.go("/board?q=Page+1")
    expect(page.locator("#board-now .card").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.locator("#main").focus()
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.keyboard.press("j")
    selected = page.evaluate("document.activeElement.closest('[data-key]').dataset.key")
    page.keyboard.press("p")
    panel = page.locator("#item")
    expect(panel).to_contain_text(selected)
    expect(page.locator("#item-priority")).to_be_focused()
    page.locator("#item-priority").select_option("urgent")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(f"[data-key='{selected}'] .tag")).to_have_text("urgent")
    expect(page.locator("#item .kv")).to_contain_text("urgent")
    page.locator("#item").focus()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.keyboard.press("v")
    expect(page.locator("#board-now[data-view='lanes']")).to_be_visible()
    assert "q=Page" in page.url


def test_a_long_column_brings_what_is_near_and_lets_the_rest_go(tab: Tab) -> None:
    page = tab.go("/board")
    cards = page.locator(f"{column(page, 'ready_to_build')} .card")
    seen = 0
    list_ = page.locator(f"{column(page, 'ready_to_build')} > ul")
    while page.locator(f"[data-key='STOR-{TASKS}']").count() == 0:
        list_.evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
        page.wait_for_timeout(50)
        seen = max(seen, cards.count())
    assert 12 < seen <= IN_PAGE_MAX
    while page.locator("[data-key='STOR-3']").count() == 0:
        list_.evaluate("(list) => { list.scrollTop = 0; }")
        page.wait_for_timeout(50)
        seen = max(seen, cards.count())
    assert seen <= IN_PAGE_MAX


@pytest.mark.parametrize("path", ["/board?item=STOR-5", "/board?view=lanes", "/board?view=list"])
def test_every_layout_is_for_everybody(tab: Tab, path: str) -> None:
    assert_accessible(tab.go(path))


def test_a_phone_opens_the_list_and_moves_by_a_button(phone: Tab) -> None:
    phone.page.set_extra_http_headers({"User-Agent": "Mozilla/5.0 (Android 14; Mobile)"})
    page = phone.go("/board")
    expect(page.locator("#board-now[data-view='list']")).to_be_visible()
    assert_fits(page)
    page.locator("[data-open-item='STOR-6']").click()
    expect(page.locator("#item")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    page.locator("#item").get_by_role("button", name="Start").click()
    expect(page.locator("#item .st.pill")).to_have_text("Building")


def test_the_board_is_read_and_changed_without_scripts(scene: Scene, browser: Browser) -> None:
    context = scene.person(browser, "", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{scene.url}/board?view=list&q=Page+7")
    page.get_by_role("link", name="Page 7", exact=True).click()
    page.locator("#item").get_by_role("button", name="Start").click()
    expect(page).to_have_url(f"{scene.url}/board/items/STOR-7")
    expect(page.locator("#item .st.pill")).to_have_text("Building")
    page.goto(f"{scene.url}/board?view=list&q=Page+8")
    page.get_by_label("Mark STOR-8", exact=True).check()
    page.get_by_label("Change", exact=True).select_option("priority")
    page.get_by_label("Value").fill("high")
    page.get_by_role("button", name="Change marked items").click()
    page.goto(f"{scene.url}/board/items/STOR-8")
    expect(page.locator("#item .kv")).to_contain_text("high")
    context.close()
