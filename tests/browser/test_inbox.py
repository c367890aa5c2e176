"""The inbox in the browser: by keyboard to the last item, on a phone, and without scripts."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.scene import (
    PASSWORD,
    PHONE,
    Scene,
    Tab,
    assert_accessible,
    assert_fits,
    new_context,
    watched,
)
from tests.browser.test_approvals import RELEASE
from tests.console.mission_house import small_repository

pytestmark = pytest.mark.journey

ANSWER = '{"type": "object", "required": ["why"], "properties": {"why": {"type": "string"}}}'
ASK = """
name: ask
steps:
  ask: {agent: boss, with: {question: "Ship it?"}}
"""
HOLDER = ("approver", "operator")


@pytest.fixture(scope="module", autouse=True)
def workflows(scene: Scene) -> None:
    (scene.folder / "answer.json").write_text(ANSWER, "utf-8")
    scene.mission("agent", "add", "boss", "--kind", "person", "--output", "answer.json")
    scene.save("release", RELEASE)
    scene.save("ask", ASK)


@pytest.fixture
def ann(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab("ann", *HOLDER)


@pytest.fixture
def approval(scene: Scene) -> Iterator[str]:
    run = scene.told("workflow", "run", "release")["run"]
    found = scene.until(lambda: [e for e in scene.told("approvals", "list") if e["run"] == run])
    yield str(found[0]["id"])
    if scene.told("approvals", "list"):
        scene.mission("cancel", run)


def state_of(scene: Scene, approval: str) -> Any:
    return scene.told("approvals", "show", approval)["state"]


def test_everything_is_settled_by_keyboard_to_the_last_item(
    scene: Scene, approval: str, ann: Tab
) -> None:
    """Approve, answer, start a mission, accept its decisions."""
    scene.told("workflow", "run", "ask")
    scene.until(lambda: scene.told("questions", "list"))
    shop = str(small_repository(scene.folder))
    scene.told("plan", "Let customers pay by invoice", "--repo", shop)
    page = ann.go("/inbox")
    count = page.locator(".item").count()
    expect(page).to_have_title(f"({count}) Inbox · Mission Control")
    page.keyboard.press("a")
    expect(page.locator("#item-h")).to_have_text("Ship it?")
    assert state_of(scene, approval) == "approved"
    page.keyboard.press("a")  # The answer is needed; the browser leads there.
    expect(page.get_by_label("why")).to_be_focused()
    page.keyboard.type("It is tested.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#item-h")).to_contain_text("Let customers pay by invoice")
    for _ in range(count):
        if page.get_by_role("heading", name="Nothing needs you").count():
            break
        before = page.locator(".item").count()
        page.keyboard.press("a" if page.locator('footer [data-key-press="a"]').count() else "r")
        expect(page.locator(".item")).not_to_have_count(before)
    expect(page.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    expect(page).to_have_title("Inbox · Mission Control")
    expect(page.locator('nav a[href="/inbox"] .n')).to_have_count(0)
    assert scene.told("inbox", "list", "--view", "mine") == []


def test_an_item_is_snoozed_undone_and_rejected_with_a_reason(
    scene: Scene, approval: str, ann: Tab
) -> None:
    page = ann.go(f"/inbox/approval:{approval}")
    page.keyboard.press("s")
    expect(page.get_by_role("status").filter(has_text="Snoozed until tomorrow")).to_be_visible()
    expect(page.get_by_role("link", name="Snoozed 1")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator("#item-h")).to_have_text("Publish the tag")
    page.keyboard.press("r")
    expect(page.locator("main").get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("main").get_by_label("Reason")).to_have_count(0)
    page.keyboard.press("r")
    expect(page.locator("main").get_by_label("Reason")).to_be_focused()
    page.keyboard.type("The tag is not signed.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Rejected")).to_be_visible()
    assert state_of(scene, approval) == "rejected"


def test_letters_that_come_before_the_form_decide_nothing(
    scene: Scene, approval: str, ann: Tab
) -> None:
    page = ann.go(f"/inbox/approval:{approval}")
    held: list[Any] = []
    page.route("**/inbox/*ask=reject*", lambda route: held.append(route))
    page.keyboard.press("r")
    page.keyboard.type("as typed")
    assert state_of(scene, approval) == "waiting"
    held[0].continue_()
    expect(page.locator("main").get_by_label("Reason")).to_be_focused()
    assert state_of(scene, approval) == "waiting"


def test_who_is_slower_reads_why_nothing_was_done(
    scene: Scene, approval: str, ann: Tab, open_tab: Callable[..., Tab]
) -> None:
    page = ann.go(f"/inbox/approval:{approval}")
    page.route("**/inbox/parts/**", lambda route: route.abort())
    ann.expect_fault("")
    other = open_tab("ben", *HOLDER).go(f"/inbox/approval:{approval}")
    other.keyboard.press("a")
    expect(other.get_by_role("status").filter(has_text="Approved")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("does not need a person")).to_be_visible()


def test_who_asked_sees_who_decides_and_why_they_do_not(
    scene: Scene, approval: str, tab: Tab
) -> None:
    page = tab.go(f"/inbox/approval:{approval}")
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    expect(
        page.get_by_text("are the only approver").or_(page.get_by_text("another person decides"))
    ).to_be_visible()
    assert_accessible(page)


def test_an_approval_is_decided_on_a_phone_from_a_link_after_signing_in(
    scene: Scene, approval: str, browser: Browser, ann: Tab
) -> None:
    ann.page.close()  # Ann has a password since her invitation.
    with (
        new_context(browser, size=PHONE, has_touch=True, is_mobile=True) as context,
        watched(context, scene.url) as tab,
    ):
        page = tab.go(f"/inbox/approval:{approval}")
        sign_in(page)
        expect(page).to_have_url(re.compile(f"/inbox/approval:{approval}$"))
        expect(page.get_by_role("region", name="Command")).to_have_text("$ echo v1")
        expect(page.locator(".item").first).to_be_hidden()
        assert_fits(page)
        assert_accessible(page)
        button = page.get_by_role("button", name="Approve")
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= PHONE[1]
        button.tap()
        expect(page.get_by_role("status").filter(has_text="Approved")).to_be_visible()
        assert state_of(scene, approval) == "approved"


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_forms_work_without_scripts(scene: Scene, approval: str, browser: Browser) -> None:
    with scene.person(browser, "ann", *HOLDER, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{scene.url}/inbox/approval:{approval}")
        page.get_by_role("button", name=re.compile("Reject")).click()
        page.locator("main").get_by_label("Reason").fill("Not today.")
        page.get_by_role("button", name=re.compile("Reject")).click()
        expect(page.get_by_role("status").filter(has_text="Rejected")).to_be_visible()
        assert state_of(scene, approval) == "rejected"
