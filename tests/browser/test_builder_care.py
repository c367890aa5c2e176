"""A user's text in the editor of workflows is never lost, and the page is light at first."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import Scene, Tab
from tests.browser.test_builder import NOTES, begin, drag, is_sound, node, opened, text_of

pytestmark = pytest.mark.journey

KILOBYTES_MAX = 150
STILL = "() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))"


def loaded(page: Page) -> tuple[list[str], float]:
    """Return the scripts that a page has loaded, and what all of it weighs in kB as it was sent."""
    found = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"),
                  ...performance.getEntriesByType("resource")]
            .map((each) => [each.name, each.encodedBodySize])"""
    )
    return [name for name, _ in found], sum(size for _, size in found) / 1_000


def test_at_first_there_is_the_text_and_the_drawing_and_little_is_loaded(
    scene: Scene, tab: Tab
) -> None:
    scene.save("light", NOTES.format(name="light"))
    page = tab.go("/workflows/light/edit")
    expect(node(page, "count")).to_be_visible()
    expect(page.locator(".editor-plain textarea")).to_have_value(NOTES.format(name="light"))
    names, weight = loaded(page)
    assert not [name for name in names if "codemirror" in name or "yaml" in name]
    assert weight < KILOBYTES_MAX
    area = page.locator(".editor-plain textarea")
    area.press_sequentially("# typed at once")
    expect(page.locator("[data-part=code] .cm-content")).to_be_visible()
    assert "# typed at once" in text_of(page)
    is_sound(page)
    page.get_by_role("button", name="Undo", exact=True).click()
    page.on("dialog", lambda dialog: dialog.accept())


def test_a_field_that_is_being_written_in_keeps_what_is_typed(scene: Scene, tab: Tab) -> None:
    scene.save("written", NOTES.format(name="written"))
    page = opened(tab, "/workflows/written/edit")
    node(page, "list").click()
    expect(page.locator(".panel-head h2")).to_have_text("list")
    page.get_by_label("title", exact=True).fill("One")
    page.keyboard.press("Tab")
    with page.expect_response("**/workflow-check"):
        page.locator("#field-model").press_sequentially("half a na")
    page.evaluate(STILL)
    expect(page.locator("#field-model")).to_have_value("half a na")
    expect(page.locator("#field-model")).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("written saved as version 2.")).to_be_visible()
    assert "    title: One\n" in text_of(page)
    assert "    model: half a na\n" in text_of(page)


def test_a_press_right_after_typing_is_not_lost(scene: Scene, tab: Tab) -> None:
    scene.save("pressed", NOTES.format(name="pressed"))
    page = opened(tab, "/workflows/pressed/edit")
    node(page, "count").click()
    expect(page.locator(".panel-head h2")).to_have_text("count")
    page.get_by_label("title", exact=True).fill("Typed")
    button = page.get_by_role("button", name="Delete step")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    for _ in range(4):
        page.evaluate(STILL)
    page.mouse.up()
    expect(node(page, "count")).to_have_count(0)
    undo = page.get_by_role("button", name="Undo", exact=True)
    undo.click()
    assert "    title: Typed\n" in text_of(page)
    undo.click()
    assert text_of(page) == NOTES.format(name="pressed")


def test_a_comment_alone_makes_a_version_and_an_older_one_is_brought_back(
    scene: Scene, tab: Tab
) -> None:
    text = NOTES.format(name="remarked")
    scene.save("remarked", text)
    page = opened(tab, "/workflows/remarked/edit")
    page.locator("[data-part=code] .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# Only a remark.")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("remarked saved as version 2.")).to_be_visible()
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("No changes since version 2")).to_be_visible()
    page = opened(tab, "/workflows/remarked/edit")
    assert text_of(page).endswith("# Only a remark.")
    page = opened(tab, "/workflows/remarked/edit?version=1")
    expect(page.get_by_text("You are editing version 1; version 2 is the newest.")).to_be_visible()
    assert text_of(page) == text
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("remarked saved as version 3.")).to_be_visible()
    page = opened(tab, "/workflows/remarked/edit")
    assert text_of(page) == text


def test_one_tab_does_not_forget_what_another_keeps(scene: Scene, tab: Tab) -> None:
    scene.save("two-tabs", NOTES.format(name="two-tabs"))
    page = opened(tab, "/workflows/two-tabs/edit")
    other = page.context.new_page()
    other.goto(f"{tab.url}/workflows/two-tabs/edit")
    begin(other)
    node(page, "list").click()
    expect(page.locator(".panel-head h2")).to_have_text("list")
    page.get_by_label("title", exact=True).fill("Mine")
    page.keyboard.press("Tab")
    draft = "localStorage.getItem('workflow-draft:two-tabs')"
    page.wait_for_function(f"() => ({draft} ?? '').includes('Mine')")
    other.close(run_before_unload=True)
    page.wait_for_function("() => document.visibilityState === 'visible'")
    assert "Mine" in page.evaluate(draft)


def test_a_text_that_is_no_workflow_is_told_and_left_alone(tab: Tab) -> None:
    page = opened(tab, "/workflows/new")
    page.locator("[data-part=code] .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("- a list\n- of texts\n")
    page.locator("[data-palette=command]").click()
    expect(page.get_by_text("A workflow is an object with a name and steps")).not_to_have_count(0)
    assert text_of(page) == "- a list\n- of texts\n"
    page.keyboard.press("Control+z")


def test_steps_are_moved_in_the_file_by_mouse_and_by_keyboard(scene: Scene, tab: Tab) -> None:
    text = NOTES.format(name="moved")
    scene.save("moved", text)
    page = opened(tab, "/workflows/moved/edit")
    node(page, "count").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-part=said]")).to_have_text("count moved before list.")
    moved = text_of(page)
    assert moved.index("  count:") < moved.index("  # The first of them.\n  list:   # lists")
    drag(page, node(page, "count").locator(".t"), node(page, "list"), (150, 20))
    expect(page.locator("[data-part=said]")).to_have_text("count moved after list.")
    assert text_of(page) == text
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Connect to another step")


def test_a_large_workflow_is_shown_from_its_first_step_and_as_a_whole(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    steps = [
        f"  s{n}:\n    agent: command\n    effects: [reads_files]\n"
        + (f"    needs: s{(n - 1) // 3}\n" if n else "")
        + "    with: {argv: [echo]}\n"
        for n in range(200)
    ]
    scene.save("wide", f"name: wide\nsteps:\n{''.join(steps)}")
    page = opened(open_tab(), "/workflows/wide/edit")
    expect(node(page, "s0")).to_be_in_viewport()
    page.get_by_role("button", name="Fit").click()
    expect(node(page, "s199")).to_be_in_viewport()
    expect(node(page, "s150")).to_be_in_viewport()
