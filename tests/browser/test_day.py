"""A day of work in the browser: by keyboard alone, and on a phone by touch.

A mission is created, the questions of its plan are answered and it is started; two tasks are handed
to a builder, reviewed and merged; the summary is read.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.agents.repositories import git
from tests.browser.scene import PHONE, Scene, Tab, assert_fits, watched
from tests.browser.shop_scene import ShopScene
from tests.cli.test_task_run import CASE, ROUND, ROUNDED, Edit, Script

pytestmark = [pytest.mark.journey, pytest.mark.slow]

LABELLED = CASE.format(name="Labels", line="prices.total([]) == 0")
HOLDER = ("operator", "approver")
GOAL = "Let customers pay by invoice. Which currencies are allowed?"


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopScene]:
    labels: Edit = ["shop/labels.py", "", "CENTS = 'in cents'\n"]
    tested: Edit = ["tests/test_labels.py", "", LABELLED]
    script: Script = {"1": [[ROUND, ROUNDED]], "2": [[labels, tested]]}
    found = ShopScene(tmp_path_factory.mktemp("scene"), script)
    found.prepare()
    try:
        found.start()
        yield found
    finally:
        found.stop()


def _merged(shop: ShopScene, words: str) -> None:
    """Wait until the branch has these words."""
    shop.until(lambda: words in _file(shop))


def _file(shop: ShopScene) -> str:
    if not git(shop.root, "branch", "--list", "mission/main"):
        return ""
    return git(shop.root, "grep", "-h", "", "mission/main", "--", "shop/")


def tab_to(page: Page, selector: str) -> None:
    """Move the focus by Tab until it is at an element."""
    for _ in range(80):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {selector}.")


def test_a_day_by_keyboard(shop: ShopScene, browser: Browser) -> None:
    ann = shop.person(browser, "ann", *HOLDER)
    with watched(ann, shop.url) as tab:
        page = tab.go("/board")
        # Create a mission: plan it, answer its questions, and start it.
        page.keyboard.press("n")
        page.wait_for_url("**/missions/new")
        expect(page.get_by_label("Goal", exact=True)).to_be_focused()
        page.keyboard.type(GOAL)
        tab_to(page, '[name="repository"]')
        page.keyboard.type(str(shop.root))
        tab_to(page, '[name="far"]')
        page.keyboard.press("ArrowDown")
        tab_to(page, "main form button.primary")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/missions/mission-"))
        shop.until(lambda: any(e["kind"] == "plan" for e in shop.told("inbox", "list")))
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/inbox")
        _select(page, "Start “")
        if page.locator("#plan-answer-1").count():
            tab_to(page, "#plan-answer-1")
            page.keyboard.type("Euro alone.")
            page.keyboard.press("Control+Enter")
            expect(page.get_by_role("status").filter(has_text="A new plan is made")).to_be_visible()
            shop.until(lambda: len(_plans(shop)) == 2)  # Another person sees both.
            page.goto(f"{shop.url}/inbox")
            _select(page, "Start “")
        page.keyboard.press("a")
        expect(page.get_by_role("status").filter(has_text="The mission is started")).to_be_visible()
        # Hand two tasks to a builder.
        for key in ("SHOP-1", "SHOP-2"):
            page.goto(f"{shop.url}/board/items/{key}")
            tab_to(page, '[name="builder"]')
            page.keyboard.type("coder")
            page.keyboard.press("Enter")
            expect(page.locator("#item .st").first).to_contain_text(re.compile("Build|review|Wait"))
    ann.close()
    shop.until(lambda: _all_wait(shop))
    # Another person reviews and merges both.
    cleo = shop.person(browser, "cleo", *HOLDER)
    with watched(cleo, shop.url) as tab:
        for key, words in (("SHOP-1", "round(sum"), ("SHOP-2", "in cents")):
            page = tab.go_by_keys(f"/reviews/{key}")
            page.keyboard.press("j")
            expect(page.locator("tr:focus")).to_be_visible()
            page.locator("body").press("a")
            _merged(shop, words)
        page = tab.go("/missions")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/missions/mission-"))
        expect(page.locator("h1")).to_contain_text("invoice")
    cleo.close()


def test_a_day_on_a_phone(shop: ShopScene, browser: Browser) -> None:
    def phone(name: str) -> Tab:
        context = shop.person(browser, name, *HOLDER, size=PHONE, has_touch=True, is_mobile=True)
        return Tab(context.new_page(), shop.url)

    ann = phone("ann")
    page = ann.go("/missions/new")
    page.get_by_label("Goal", exact=True).fill(GOAL)
    page.get_by_label("Repository").fill(str(shop.root))
    page.get_by_label(re.compile("^Plan only")).check()
    page.get_by_role("button", name="Start mission").tap()
    page.wait_for_url(re.compile(r"/missions/mission-"))
    shop.until(lambda: _plans(shop))
    page = ann.go("/inbox")
    assert_fits(page)
    page.locator(".item", has_text="Start “").first.tap()
    expect(page.locator("#item-h")).to_contain_text("Start “")
    assert_fits(page)
    page.locator("footer").get_by_role("button", name="Start the mission").tap()
    expect(page.get_by_role("status").filter(has_text="The mission is started")).to_be_visible()
    for key in ("SHOP-1", "SHOP-2"):
        page = ann.go(f"/board/items/{key}")
        assert_fits(page)
        page.get_by_label("Builder").fill("coder")
        page.get_by_role("button", name="Hand to a builder").tap()
        expect(page.locator("#item .st").first).to_contain_text(re.compile("Build|review|Wait"))
    ann.check()
    shop.until(lambda: _all_wait(shop))
    cleo = phone("cleo")
    for key, words in (("SHOP-1", "round(sum"), ("SHOP-2", "in cents")):
        page = cleo.go(f"/reviews/{key}")
        assert_fits(page)
        page.locator(".reviewbar").get_by_role("button", name="Approve").tap()
        _merged(shop, words)
    page = cleo.go("/missions")
    assert_fits(page)
    page.get_by_role("link", name=re.compile("invoice")).first.tap()
    page.wait_for_url(re.compile(r"/missions/mission-"))
    assert_fits(page)
    cleo.check()


def _select(page: Page, title: str) -> None:
    """Go down the inbox by keyboard to the first item with a title."""
    for _ in range(20):
        if title in (page.locator("#item-h").text_content() or ""):
            return
        # A key that comes while an item is fetched is for none.
        expect(page.locator(".htmx-request")).to_have_count(0)
        before = page.locator("#item-h").text_content()
        page.keyboard.press("j")
        expect(page.locator("#item-h")).not_to_have_text(before or "")
    raise AssertionError(f"No item is called {title}.")


def _plans(shop: Scene) -> list[dict[str, str]]:
    return [each for each in shop.told("inbox", "list") if each["kind"] == "plan"]


def _all_wait(shop: Scene) -> bool:
    """Whether the changes of both tasks wait for an approval."""
    return {each["step"] for each in shop.told("approvals", "list")} >= {
        "task-1/merge",
        "task-2/merge",
    }
