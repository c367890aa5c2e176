"""Runs through the browser: watched live, opened step by step, done again, and replayed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import PHONE, Scene, Tab, assert_accessible, assert_fits
from tests.some import some

pytestmark = pytest.mark.journey

FLOW = """
name: deliver
concurrency: 4
inputs:
  name: {type: string, default: Ada}
  seconds: {type: string, default: "0"}
steps:
  fetch:
    title: Fetch the sources
    agent: command
    effects: [reads_files]
    with:
      argv:
        - sh
        - -c
        - 'echo fetched for "$0"; sleep "$1"'
        - "${{ inputs.name }}"
        - "${{ inputs.seconds }}"
  each:
    title: Look at each part
    needs: fetch
    for_each: [one, two, three]
    agent: command
    effects: [reads_files]
    with: {argv: [echo, "${{ item }}"]}
  verify:
    title: Verify who asked
    needs: fetch
    agent: command
    effects: [reads_files]
    with:
      argv:
        - sh
        - -c
        - 'test "$0" != nobody || { echo nobody asked >&2; exit 3; }'
        - "${{ inputs.name }}"
  finish:
    title: Finish
    needs: [each, verify]
    agent: command
    effects: [reads_files]
    with: {argv: ["true"]}
"""


@pytest.fixture(scope="module")
def begin(scene: Scene) -> Callable[..., str]:
    scene.save("deliver", FLOW)

    def asked(*, ends: bool = True, **inputs: str) -> str:
        given = [part for name, value in inputs.items() for part in ("--input", f"{name}={value}")]
        run = str(scene.told("workflow", "run", "deliver", *given)["run"])
        if ends:
            scene.mission("watch", run, code=1 if inputs.get("name") == "nobody" else 0)
        return run

    return asked


DEAR = """
name: dear
budget: {tokens: 1000}
steps:
  speak: {agent: command, budget: {tokens: 500}, with: {argv: [echo, spoken], reports: true}}
"""

MANY = """
name: many
concurrency: 16
steps:
  each:
    title: Look at a number
    for_each: "${{ [NUMBERS] }}"
    agent: command
    effects: [reads_files]
    with: {argv: ["true"]}
  last: {needs: each, agent: command, effects: [reads_files], with: {argv: ["true"]}}
""".replace("NUMBERS", ",".join("1" * 300))


@pytest.fixture(scope="module")
def many(scene: Scene) -> str:
    scene.save("many", MANY)
    run = str(scene.told("workflow", "run", "many")["run"])
    scene.mission("watch", run)
    return run


@pytest.fixture(scope="module")
def failed(begin: Callable[..., str]) -> str:
    return begin(name="nobody")


def opened(tab: Tab, path: str) -> Page:
    """Open a page, and wait for its graph where it has one."""
    page = tab.go(path)
    if page.locator("#graph").count():
        expect(page.locator("#graph[data-ready]")).to_be_attached()
    page.evaluate("window.__same = true")
    return page


def is_the_same(page: Page) -> bool:
    return bool(page.evaluate("window.__same === true"))


def test_a_run_is_watched_to_its_end_without_loading_again(
    tab: Tab, begin: Callable[..., str]
) -> None:
    run = begin(ends=False, seconds="4")
    page = opened(tab, f"/runs/{run}")
    fetch = page.locator('.node[data-key="fetch"]')
    expect(fetch).to_have_attribute("data-s", "running")
    expect(page.locator(".head .verdict")).to_have_text(
        re.compile("^Running: 0 of 4 steps done, 1 at work")
    )
    expect(page.locator(".head .verdict")).to_have_text("Succeeded: 4 of 4 steps done.")
    expect(fetch).to_have_attribute("data-s", "succeeded")
    expect(page.locator('.node[data-key="each[2]"]')).to_have_attribute("data-s", "succeeded")
    expect(page.locator('.node[data-key="finish"]')).to_have_attribute("data-s", "succeeded")
    assert is_the_same(page)


def test_a_step_opens_by_mouse_by_keyboard_and_by_its_address(tab: Tab, failed: str) -> None:
    run = failed
    page = opened(tab, f"/runs/{run}")
    page.locator('.node[data-key="verify"]').click()
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text("Verify who asked")
    expect(drawer).to_contain_text("command.failed")
    expect(page).to_have_url(re.compile(f"/runs/{run}/steps/verify$"))
    expect(page.locator('.node[data-key="verify"]')).to_have_attribute("aria-current", "true")
    page.locator('.node[data-key="verify"]').focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('.node[data-key="finish"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(drawer.locator("h2")).to_have_text("Finish")
    expect(drawer).to_contain_text("It needs 'verify', which did not succeed.")
    assert page.locator('#graph [tabindex="0"]').count() == 1, "Tab enters a graph once"
    assert is_the_same(page)
    page = opened(tab, f"/runs/{run}/steps/each%5B1%5D")
    expect(page.locator("#drawer")).to_contain_text("each[1]")
    expect(page.locator("#drawer pre").first).to_contain_text('"two"')
    assert_accessible(page)


def test_a_failed_run_is_retried_and_forked_with_another_input(tab: Tab, failed: str) -> None:
    run = failed
    page = opened(tab, f"/runs/{run}")
    page.get_by_role("button", name="Retry").first.click()
    expect(page).not_to_have_url(re.compile(run))
    expect(page.locator(".head .verdict")).to_have_text(
        re.compile("^Failed: “Verify who asked” ended with exit status 3")
    )
    expect(page.locator("#run-head")).to_contain_text("Retry of")
    page = opened(tab, f"/runs/{run}/steps/verify")
    page.get_by_role("button", name="Fork…").click()
    dialog = page.get_by_role("dialog", name="Fork this run")
    assert_accessible(page)
    expect(dialog.get_by_label("Start from step")).to_have_value("verify")
    dialog.get_by_label("name").fill("Bo")
    dialog.get_by_role("button", name="Start fork").click()
    expect(page.locator(".head .verdict")).to_have_text("Succeeded: 4 of 4 steps done.")
    expect(page.locator("#run-head")).to_contain_text("Fork of")
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(".head .verdict")).to_have_text(re.compile("of 7 steps differs?"))
    expect(page.locator("main")).to_contain_text("nobody")
    assert_accessible(page)


def test_a_run_is_cancelled_after_a_question(tab: Tab, begin: Callable[..., str]) -> None:
    run = begin(ends=False, seconds="60")
    page = opened(tab, f"/runs/{run}")
    page.get_by_role("button", name="Cancel run").click()
    question = page.get_by_role("dialog", name="Cancel this run?")
    question.get_by_role("button", name="Cancel run").click()
    expect(page.locator(".head .verdict")).to_have_text("Cancelled with 0 of 4 steps done.")
    expect(page.get_by_role("button", name="Cancel run")).to_have_count(0)


def test_a_run_is_replayed_by_hand_and_played(tab: Tab, failed: str) -> None:
    run = failed
    page = opened(tab, f"/runs/{run}/replay")
    moment = page.get_by_role("slider", name="Position")
    expect(page.locator("#replay-verdict")).to_have_text(re.compile("^Failed"))
    moment.focus()
    page.keyboard.press("Home")
    expect(page.locator("#replay-verdict")).to_have_text("Queued: no step has started yet.")
    expect(page.locator('.node[data-key="verify"]')).to_have_attribute("data-s", "waiting")
    page.get_by_label("Jump to the next event of a kind").select_option("Next failure")
    expect(moment).to_have_attribute("aria-valuetext", re.compile("Step failed Verify who asked"))
    expect(page.locator('.node[data-key="verify"]')).to_have_attribute("data-s", "failed")
    page.locator('.node[data-key="fetch"]').click()
    expect(page.locator("#drawer h2")).to_have_text("Fetch the sources")
    page.keyboard.press("Escape")
    moment.focus()
    page.keyboard.press("Home")
    expect(page.locator("#drawer")).to_contain_text("Due")
    page.get_by_label("Speed").select_option("Each event")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#replay-verdict")).to_have_text(re.compile("^Failed"))
    expect(page.locator("#replay-behind")).to_have_text("past state, 0 events behind")
    assert is_the_same(page)
    assert_accessible(page)
    assert_fits(page)


def test_new_runs_are_offered_and_none_moves_under_the_pointer(
    tab: Tab, begin: Callable[..., str]
) -> None:
    begin()
    page = opened(tab, "/runs")
    first = page.locator("tbody tr").first.get_attribute("id")
    newer = begin()
    expect(page.locator(".newer")).to_have_text("1 new")
    assert page.locator("tbody tr").first.get_attribute("id") == first
    assert is_the_same(page)
    page.locator(".newer").click()
    expect(page.locator("tbody tr").first).to_have_attribute("id", f"row-{newer}")
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page).to_have_url(re.compile("status=failed"))
    expect(page.locator("tbody tr").first).to_have_attribute("data-s", "failed")


@pytest.mark.slow
def test_a_timeline_is_moved_and_read_by_keyboard(tab: Tab, many: str) -> None:
    page = opened(tab, f"/runs/{many}?tab=timeline")
    expect(page.locator("#timeline[data-ready]")).to_be_visible()
    assert page.locator(".tl-row").count() < 80, "only what is in the window is in the page"
    body = page.get_by_role("listbox", name=re.compile("^Timeline"))
    body.focus()
    page.keyboard.press("ArrowDown")
    tip = page.locator(".tl-tip")
    expect(tip).to_contain_text("Look at a number [0]")
    expect(tip).to_contain_text("worked")
    before = page.locator("#tl-1 rect").bounding_box()
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    assert before is not None
    page.keyboard.press("0")
    page.keyboard.press("End")
    expect(tip).to_contain_text("last")
    expect(body).to_have_attribute("aria-activedescendant", "tl-301")
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_have_text("last")
    expect(body).to_be_focused()
    page.locator("#tl-301").hover()
    expect(tip).to_be_visible()
    assert is_the_same(page)


def test_who_works_by_keyboard_keeps_their_place(tab: Tab, failed: str) -> None:
    page = opened(tab, f"/runs/{failed}?tab=steps")
    page.locator('[data-step-row="fetch"] a').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_have_text("Fetch the sources")
    page.get_by_role("link", name="Step below").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_have_text("Look at each part")
    expect(page.get_by_role("link", name="Step below")).to_be_focused()
    page.get_by_role("link", name="Close step").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_focused()
    assert is_the_same(page)


def test_a_halted_run_is_let_go_on_where_it_is_looked_at(scene: Scene, tab: Tab) -> None:
    scene.save("dear", DEAR)
    cap = ("--tokens", "10", "--reason", "try")
    scene.mission("budget", "set", "workflow", "dear", *cap)
    run = scene.told("workflow", "run", "dear")["run"]
    page = opened(tab, f"/runs/{run}")
    expect(page.locator(".head .verdict")).to_have_text(
        re.compile("^Stuck: This run may need 500 tokens")
    )
    expect(page.locator("main")).not_to_contain_text("mission budget")
    page.get_by_role("button", name="Raise the cap…").click()
    dialog = page.get_by_role("dialog", name="Raise caps and resume")
    assert_accessible(page)
    expect(dialog.get_by_label("New cap in tokens")).to_have_value("500")
    tab.expect_fault("422")
    dialog.get_by_label("New cap in tokens").fill("many")
    dialog.get_by_label("Reason").fill("It is worth it")
    dialog.get_by_role("button", name="Raise and resume").click()
    expect(dialog).to_contain_text("'many' is no number of tokens")
    expect(dialog.get_by_label("Reason")).to_have_value("It is worth it")
    dialog.get_by_label("New cap in tokens").fill("900")
    dialog.get_by_role("button", name="Raise and resume").click()
    expect(page.locator(".head .verdict")).to_have_text("Succeeded: 1 of 1 step done.")


@pytest.mark.parametrize("view", some(["graph", "steps", "timeline", "log"], 0))
def test_a_side_that_shows_a_failure_is_for_everybody(tab: Tab, failed: str, view: str) -> None:
    run = failed
    page = opened(tab, f"/runs/{run}?tab={view}")
    assert_accessible(page)
    for size in ((1440, 900), (1024, 768), PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert_fits(page)


def test_on_a_phone_the_graph_is_a_list_of_steps(phone: Tab, failed: str) -> None:
    run = failed
    page = phone.go(f"/runs/{run}")
    expect(page.locator("#graph")).to_be_hidden()
    page.locator(".phone-steps").get_by_role("link", name="Verify who asked").click()
    expect(page.locator("#drawer h2")).to_have_text("Verify who asked")
    expect(page.locator("#drawer")).to_be_in_viewport()
    page.get_by_role("link", name="Close step").click()
    expect(page.locator(".phone-steps")).to_be_visible()
    assert_accessible(page)
