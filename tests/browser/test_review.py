"""A review in the browser: comments at lines, by keyboard and by touch, and what comes of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.agents.repositories import git
from tests.browser.scene import PHONE, assert_accessible, assert_fits, watched
from tests.browser.shop_scene import ShopScene
from tests.cli.test_review import BETTER
from tests.cli.test_task_run import COUNT, COUNTED, ROUND, ROUNDED

pytestmark = pytest.mark.journey

KEY = "SHOP-1"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopScene]:
    script = {"1": [[ROUND, ROUNDED], [BETTER]], "2": [[COUNT, COUNTED]]}
    found = ShopScene(tmp_path_factory.mktemp("scene"), script)
    found.prepare()
    try:
        found.start()
        yield found
    finally:
        found.stop()


def line(page: Page, words: str) -> str:
    """Return the selector of the line of a diff that has these words."""
    found = page.locator("tr.add", has_text=words).first.get_attribute("id")
    return f"tr#{found}"


def test_a_change_is_commented_on_mended_and_merged_by_keyboard(
    shop: ShopScene, browser: Browser
) -> None:
    run = shop.build("1")
    context = shop.person(browser, "cleo", "approver", "operator")
    with watched(context, shop.url) as tab:
        page = tab.go(f"/reviews/{KEY}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Task number 1")
        expect(page.locator(".verdict")).to_contain_text("Round 1 changes 2 files")
        assert_accessible(page)
        page.keyboard.press("j")
        expect(page.locator("tr:focus")).to_contain_text("return sum(prices)")
        page.keyboard.press("ArrowDown")
        expect(page.locator("tr:focus")).to_contain_text("round(sum(prices), 2)")
        page.keyboard.press("c")
        expect(page.locator(".lineform textarea")).to_be_focused()
        page.keyboard.type("Say in which unit.")
        page.keyboard.press("Control+Enter")
        expect(page.locator("tr.said .comment")).to_contain_text("Say in which unit.")
        expect(page.locator(".verdict")).to_contain_text("1 comment is open")
        page.locator("body").press("r")
        expect(page.locator(".comment")).to_contain_text("with the builder")
        shop.until(lambda: len(shop.waiting(run)) == 1 and "#2" in shop.waiting(run)[0]["step"])
        expect(page.locator(".notice")).to_contain_text("Round 2 is ready for review.")
        page.get_by_role("link", name="Show", exact=True).click()
        expect(page.locator(".aside .comment")).to_contain_text("outdated")
        expect(page.locator(".aside .comment")).to_contain_text("return round(sum(prices), 2)")
        page.get_by_role("button", name="Resolve").click()
        expect(page.locator(".comment")).to_contain_text("resolved")
        page.locator("body").press("a")
        shop.until(lambda: git(shop.root, "branch", "--list", "mission/main"))
        shop.until(lambda: "in cents" in git(shop.root, "show", "mission/main:shop/prices.py"))
        assert_accessible(page)
    context.close()


def test_a_change_is_commented_on_by_touch_and_without_scripts(
    shop: ShopScene, browser: Browser
) -> None:
    shop.build("2")
    context = shop.person(
        browser, "cleo", "approver", "operator", size=PHONE, has_touch=True, is_mobile=True
    )
    with watched(context, shop.url) as tab:
        page = tab.go("/reviews/SHOP-2")
        assert_fits(page)
        page.locator(line(page, "len(list(prices))")).tap()
        page.locator(".lineform textarea").fill("Why a list?")
        page.locator(".lineform").get_by_role("button", name="Comment").tap()
        expect(page.locator("tr.said .comment")).to_contain_text("Why a list?")
        assert_fits(page)
        assert_accessible(page)
    context.close()
    context = shop.person(browser, "cleo", "approver", "operator", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop.url}/reviews/SHOP-2")
    page.get_by_text("Comment on a line by its number").click()
    page.get_by_label("File", exact=True).select_option("shop/prices.py")
    page.get_by_label("Line", exact=True).fill("400")
    page.get_by_label("Comment", exact=True).fill("There is none.")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not show line 400")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("There is none.")
    context.close()
