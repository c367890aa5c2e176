"""Approvals in the browser: by keyboard, by two people at once, and on a phone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import PHONE, Scene, Tab, assert_accessible, assert_fits

pytestmark = pytest.mark.journey

RELEASE = """
name: release
inputs:
  tag: {type: string, default: v1}
steps:
  publish:
    title: Publish the tag
    agent: command
    effects: [pushes]
    approval: {from: [approver], expires: 2h}
    with: {argv: [echo, "${{ inputs.tag }}"]}
"""


@pytest.fixture(scope="module", autouse=True)
def workflow(scene: Scene) -> None:
    scene.save("release", RELEASE)


@pytest.fixture
def approval(scene: Scene) -> Iterator[str]:
    """A question of the owner of the home, who can't answer it themselves."""
    run = scene.told("workflow", "run", "release")["run"]
    found = _waiting(scene, run)
    yield found
    for each in scene.told("approvals", "list"):
        scene.mission("cancel", each["run"])


def _waiting(scene: Scene, run: str) -> str:
    for _ in range(100):
        for each in scene.told("approvals", "list"):
            if each["run"] == run:
                return str(each["id"])
    raise AssertionError(f"{run} asks for nothing")


def ann(open_tab: Callable[..., Tab], **options: Any) -> Tab:
    return open_tab("ann", "approver", **options)


def test_a_person_steps_through_the_queue_and_approves_by_keyboard(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    other = _waiting(scene, scene.told("workflow", "run", "release")["run"])
    page = ann(open_tab).go("/approvals")
    expect(page.locator(".verdict")).to_contain_text("2 items pending")
    page.keyboard.press("k")  # There is none before the first.
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"/approvals/{other}$"))
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(f"/approvals/{approval}$"))
    expect(page.get_by_role("region", name="Command")).to_have_text("$ echo v1")
    page.keyboard.press("a")
    expect(page.locator(".verdict")).to_contain_text("1 item pending")
    (shown,) = [scene.told("approvals", "show", approval)]
    assert shown["state"] == "approved"
    assert shown["given"] == ["user:ann"]


def test_a_rejection_needs_a_reason_and_a_confirmation(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    page = ann(open_tab).go(f"/approvals/{approval}")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Reject and fail the step?")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.type("The tag is not signed.")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_text("No pending approvals.")
    expect(page.locator("#queue")).to_contain_text("The tag is not signed.")
    assert scene.told("approvals", "show", approval)["state"] == "rejected"


def test_it_is_put_off_by_keyboard(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    page = ann(open_tab).go(f"/approvals/{approval}")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Defer")
    dialog.get_by_label("Reason").fill("After lunch.")
    page.keyboard.press("Enter")
    expect(page.locator("#queue li[data-tone=held]")).to_have_count(1)
    assert scene.told("approvals", "show", approval)["deferred_until"] is not None


def test_whoever_asked_is_told_that_somebody_else_decides(tab: Tab, approval: str) -> None:
    page = tab.go(f"/approvals/{approval}")
    expect(page.get_by_role("complementary", name="Decision")).to_contain_text(
        "Another person must decide."
    )
    expect(page.get_by_role("button", name="Approve this digest")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator(".verdict")).to_contain_text("1 item pending")


def test_two_people_see_one_decision_without_a_reload_and_the_late_one_is_told(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    first = ann(open_tab)
    late = open_tab("bob", "approver")
    page = first.go(f"/approvals/{approval}")
    other = late.go(f"/approvals/{approval}")
    other.evaluate("window.__same = true")
    other.get_by_label("Reason", exact=True).first.fill("I looked at it for long.")
    _ask_for(page, '{"argv": ["echo", "v2"]}')
    expect(other.locator("#ap-notice")).to_contain_text("It can no longer be decided")
    expect(other.locator("#queue li")).not_to_have_count(0)
    expect(other.get_by_label("Reason", exact=True).first).to_have_value("I looked at it for long.")
    late.expect_fault("422")
    other.get_by_role("button", name="Approve this digest").click()
    expect(other.get_by_role("alert")).to_contain_text("Your decision was not recorded")
    expect(other.get_by_role("region", name="Differences")).to_contain_text("v2")
    assert other.evaluate("window.__same")
    assert scene.told("approvals", "show", approval)["state"] == "changed"


def _ask_for(page: Page, inputs: str) -> None:
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Request changes")
    dialog.get_by_label("Inputs").fill(inputs)
    dialog.get_by_label("Reason").fill("The other tag.")
    dialog.get_by_role("button", name="Request changes").click()
    expect(dialog).to_have_count(0)


def test_the_badge_counts_what_comes_without_a_reload(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    page = ann(open_tab).go("/agents")
    badge = page.locator("nav.nav a[href='/inbox'] .n")
    expect(badge).to_have_count(0)
    run = scene.told("workflow", "run", "release")["run"]
    expect(badge).to_contain_text("1")
    scene.mission("cancel", run)
    expect(badge).to_have_count(0)


def test_on_a_phone_the_answer_stays_within_reach(
    approval: str, open_tab: Callable[..., Tab]
) -> None:
    page = ann(open_tab, size=PHONE, has_touch=True, is_mobile=True).go(f"/approvals/{approval}")
    bar = page.get_by_role("group", name="Decide")
    expect(bar.get_by_role("button", name="Approve")).to_be_in_viewport()
    assert_fits(page)
    assert_accessible(page)
    bar.get_by_role("button", name="Approve").click()
    expect(page.locator(".verdict")).to_have_text("No pending approvals.")


def test_the_page_is_accessible_with_and_without_something_to_decide(
    approval: str, open_tab: Callable[..., Tab]
) -> None:
    tab = ann(open_tab)
    page = tab.go(f"/approvals/{approval}")
    assert_accessible(page)
    page.keyboard.press("c")
    assert_accessible(page)


def test_the_link_of_a_run_leads_to_what_waits_of_it_alone(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    other = scene.told("workflow", "run", "release")["run"]
    _waiting(scene, other)
    page = ann(open_tab).go(f"/runs/{other}")
    page.get_by_role("link", name="Decide").first.click()
    expect(page.locator(".verdict")).to_contain_text("1 item pending for this run")
    expect(page.locator("#queue li[data-row]")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator(".verdict")).to_have_text("No pending approvals for this run.")
    expect(page).to_have_url(re.compile(f"run={other}$"))
    page.get_by_role("link", name="Show all").first.click()
    expect(page.locator(".verdict")).to_contain_text("1 item pending")
    expect(page.locator(f"#queue a[href='/approvals/{approval}']")).to_have_count(1)


def test_a_key_that_is_held_down_decides_one_thing(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    other = scene.told("workflow", "run", "release")["run"]
    _waiting(scene, other)
    page = ann(open_tab).go(f"/approvals/{approval}")
    page.keyboard.down("a")
    expect(page.locator(".verdict")).to_contain_text("1 item pending")
    for _ in range(10):
        page.keyboard.down("a")
    page.keyboard.up("a")
    expect(page.get_by_role("button", name="Approve this digest")).to_be_enabled()
    assert [each["run"] for each in scene.told("approvals", "list")] == [other]


def test_a_say_is_given_to_somebody_by_their_name_alone(
    scene: Scene, approval: str, open_tab: Callable[..., Tab]
) -> None:
    open_tab("bob", "approver")
    open_tab("vic", "viewer")
    page = ann(open_tab).go(f"/approvals/{approval}")
    page.get_by_role("button", name="Delegate").click()
    dialog = page.get_by_role("dialog", name="Delegate this decision")
    expect(dialog).to_contain_text("Possible approvers: bob.")
    dialog.get_by_label("To").fill("bob")
    dialog.get_by_label("Reason").fill("On leave.")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.goto(f"{page.url.partition('/approvals')[0]}/approvals/{approval}")
    side = page.get_by_role("complementary", name="Decision")
    expect(side).to_contain_text("ann gave their say to bob")
    expect(side).to_contain_text("Another person must decide.")
    expect(page.get_by_role("button", name="Approve this digest")).to_have_count(0)


def test_what_comes_while_nothing_waited_is_told_in_the_heading(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    page = ann(open_tab).go("/approvals")
    expect(page.locator(".verdict")).to_have_text("No pending approvals.")
    page.evaluate("window.__same = true")
    run = scene.told("workflow", "run", "release")["run"]
    expect(page.locator(".verdict")).to_contain_text("1 item pending")
    expect(page.locator("#queue li[data-row]")).to_have_count(1)
    assert page.evaluate("window.__same")
    scene.mission("cancel", run)
    expect(page.locator(".verdict")).to_have_text("No pending approvals.")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_decide_sees_all_and_no_key_does_anything(
    scene: Scene, approval: str, open_tab: Callable[..., Tab], role: str
) -> None:
    page = open_tab(f"the-{role}", role).go(f"/approvals/{approval}")
    side = page.get_by_role("complementary", name="Decision")
    expect(side).to_contain_text("Approvers decide this.")
    expect(side.get_by_role("button")).to_have_count(0)
    for key in "acdr":
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert scene.told("approvals", "show", approval)["state"] == "waiting"
