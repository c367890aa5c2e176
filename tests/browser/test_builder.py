"""The editor of workflows in a real browser: by mouse, by keyboard, and beside another user."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.scene import PHONE, TABLET, Scene, Tab, assert_accessible, assert_fits
from tests.some import some

pytestmark = pytest.mark.journey

TEXT = """() => {
    const code = document.querySelector("[data-part=code]").shadowRoot;
    return [...code.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\\n");
}"""

NOTES = """\
# Kept by hand.
name: {name}
steps:
  # The first of them.
  list:   # lists
    agent: command
    effects: [reads_files]
    with: {{argv: [ls,   "-a"]}}   # as it is

  count:
    agent: command
    needs: list
    effects: [reads_files]
    with: {{argv: [echo, "${{{{ steps.list.output.stdout }}}}"]}}
# The end.
"""


def text_of(page: Page) -> str:
    found: str = page.evaluate(TEXT)
    return found


def node(page: Page, key: str) -> Locator:
    return page.locator(f'.node[data-key="{key}"]')


def opened(tab: Tab, path: str) -> Page:
    page = tab.go(path)
    begin(page)
    expect(page.locator(".dag .node").first).to_be_visible()
    return page


def begin(page: Page) -> None:
    """Move the mouse: the first sign of a user loads what changes the text."""
    page.mouse.move(2, 2)
    expect(page.locator("[data-part=code] .cm-content")).to_be_visible()


def drag(page: Page, source: Locator, target: Locator, at: tuple[float, float]) -> None:
    """Drag from the middle of one thing to a place of another."""
    one, other = source.bounding_box(), target.bounding_box()
    assert one is not None
    assert other is not None
    page.mouse.move(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2)
    page.mouse.down()
    page.mouse.move(other["x"] + at[0] - 4, other["y"] + at[1] - 4, steps=4)
    page.mouse.move(other["x"] + at[0], other["y"] + at[1])
    page.mouse.up()


def rename(page: Page, key: str, name: str) -> None:
    expect(page.locator(".panel-head h2")).to_have_text(key)
    page.get_by_label("name", exact=True).fill(name)
    page.keyboard.press("Enter")
    expect(node(page, name)).to_be_visible()


def is_sound(page: Page) -> None:
    expect(page.locator("[data-part=faults]")).to_have_text("No errors")


def test_four_steps_are_built_with_the_mouse_saved_started_and_seen_to_run(tab: Tab) -> None:
    page = opened(tab, "/workflows/new")
    canvas = page.locator("[data-part=canvas]")
    node(page, "first").click()
    page.locator("[data-palette=command]").click()
    expect(node(page, "command")).to_be_visible()
    rename(page, "command", "middle")
    drag(page, page.locator("[data-palette=command]"), canvas, (20, 500))
    rename(page, "command", "last")
    node(page, "middle").hover()
    drag(page, node(page, "middle").locator(".port.out"), node(page, "last"), (30, 12))
    assert "  last:\n    agent: command\n    needs: middle\n" in text_of(page)
    drag(page, page.locator("[data-palette=condition]"), node(page, "last"), (30, 20))
    assert "    if: steps.middle.state == 'succeeded'\n" in text_of(page)
    drag(page, page.locator("[data-palette=approval]"), canvas, (20, 500))
    rename(page, "approval", "publish")
    node(page, "last").hover()
    drag(page, node(page, "last").locator(".port.out"), node(page, "publish"), (30, 12))
    assert "    approval: true" in text_of(page)
    node(page, "first").click()
    page.get_by_role("button", name="Close step").click()
    expect(page.locator(".panel-head h2")).to_have_text("new-workflow")
    page.get_by_label("name", exact=True).fill("by-mouse")
    page.keyboard.press("Enter")
    is_sound(page)
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("by-mouse saved as version 1.")).to_be_visible()
    page.get_by_role("link", name="Start run").click()
    page.get_by_role("button", name="Start run").click()
    page.wait_for_url("**/runs/run-*")
    run = page.url.rpartition("/")[2]
    page.goto(tab.url + "/workflows/by-mouse")
    expect(page.locator(f'#workflow-runs [title="{run}"]')).to_be_visible()
    expect(page.locator("#workflow-runs tbody tr")).to_have_count(1)


def test_the_same_is_built_with_the_keyboard_alone(tab: Tab) -> None:
    page = opened(tab, "/workflows/new")
    press = page.keyboard.press
    node(page, "first").focus()
    press("Space")
    page.locator("[data-palette=command]").focus()
    press("Enter")
    expect(node(page, "command")).to_be_visible()
    press("Enter")
    expect(node(page, "command_2")).to_be_visible()
    page.locator("[data-palette=condition]").focus()
    press("Enter")
    assert "    if: steps.command.state == 'succeeded'\n" in text_of(page)
    node(page, "command_2").focus()
    press("ArrowUp")
    expect(node(page, "command")).to_be_focused()
    press("F2")
    expect(page.locator("#field-key")).to_be_focused()
    page.keyboard.type("check")
    press("Enter")
    expect(node(page, "check")).to_be_visible()
    assert "steps.check.state" in text_of(page)
    node(page, "first").focus()
    press("c")
    press("ArrowDown")
    press("ArrowDown")
    press("Enter")
    assert "    needs: [check, first]\n" in text_of(page)
    page.locator("[data-palette=approval]").focus()
    press("Enter")
    node(page, "command_2").focus()
    press("Delete")
    expect(node(page, "command_2")).to_have_count(0)
    press("Control+z")
    expect(node(page, "command_2")).to_be_visible()
    expect(page.locator("[data-part=said]")).to_have_text("Undone.")


def test_both_views_share_one_history_and_keep_every_comment(scene: Scene, tab: Tab) -> None:
    text = NOTES.format(name="commented")
    scene.save("commented", text)
    page = opened(tab, "/workflows/commented/edit")
    assert text_of(page) == text
    node(page, "list").click()
    rename(page, "list", "files")
    renamed = text.replace("  list:", "  files:").replace("needs: list", "needs: files")
    assert text_of(page) == renamed.replace("steps.list", "steps.files")
    code = page.locator("[data-part=code] .cm-content")
    code.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# typed")
    node(page, "count").click()
    expect(page.locator(".panel-head h2")).to_have_text("count")
    page.get_by_role("button", name="Delete step").click()
    assert "count:" not in text_of(page)
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    for _ in range(3):
        undo.click()
    assert text_of(page) == text
    expect(undo).to_be_disabled()
    for _ in range(3):
        redo.click()
    assert "count:" not in text_of(page)
    assert text_of(page).endswith("# The end.\n# typed")


def test_faults_are_underlined_listed_and_reached_by_keyboard(scene: Scene, tab: Tab) -> None:
    scene.save("faulty", NOTES.format(name="faulty"))
    page = opened(tab, "/workflows/faulty/edit")
    is_sound(page)
    page.locator("[data-part=code] .cm-line", has_text="needs: list").click()
    page.keyboard.press("End")
    page.keyboard.type("x")
    faults = page.locator("[data-part=fault-list] button")
    expect(faults.first).to_contain_text("There is no step 'listx'.")
    expect(faults.first).to_contain_text("line 12")
    expect(page.locator("[data-part=code] .cm-lintRange-error").first).to_have_text("needs: listx")
    expect(node(page, "count")).to_have_attribute("data-s", "failed")
    page.locator("[data-part=undo]").click()
    is_sound(page)
    page.locator("[data-part=code] .cm-line", has_text="steps:").first.click()
    page.keyboard.press("Home")
    page.keyboard.type("  [")
    expect(page.get_by_text("The text has errors; the last valid graph is shown.")).to_be_visible()
    expect(node(page, "count")).to_be_visible()
    expect(faults.first).to_be_visible()


def test_who_saved_meanwhile_is_shown_and_nothing_is_lost(scene: Scene, tab: Tab) -> None:
    text = NOTES.format(name="shared")
    scene.save("shared", text)
    page = opened(tab, "/workflows/shared/edit")
    node(page, "list").click()
    expect(page.locator(".panel-head h2")).to_have_text("list")
    page.get_by_label("title", exact=True).fill("Mine")
    page.keyboard.press("Tab")
    assert "    title: Mine\n" in text_of(page)
    scene.save("shared", text.replace("needs: list\n", "needs: list\n    retry: 3\n"))
    tab.expect_fault("409")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("saved version 2 while you edited version 1")).to_be_visible()
    assert "    title: Mine\n" in text_of(page)
    page.get_by_role("button", name="Merge").click()
    assert "    title: Mine\n" in text_of(page)
    assert "    retry: 3\n" in text_of(page)
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("shared saved as version 3.")).to_be_visible()


def test_under_another_name_it_is_another_workflow_and_lines_that_clash_are_told(
    scene: Scene, tab: Tab
) -> None:
    text = NOTES.format(name="first-name")
    scene.save("first-name", text)
    page = opened(tab, "/workflows/first-name/edit")
    name = page.get_by_label("name", exact=True)
    name.fill("second-name")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("second-name saved as version 1.")).to_be_visible()
    assert page.url.endswith("/workflows/second-name/edit")
    expect(page.locator(".panel-head h2")).to_have_text("second-name")
    name.fill("first-name")
    page.keyboard.press("Enter")
    node(page, "list").click()
    expect(page.locator(".panel-head h2")).to_have_text("list")
    page.get_by_label("title", exact=True).fill("Mine")
    page.keyboard.press("Enter")
    tab.expect_fault("409")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("while you edited a new workflow of that name")).to_be_visible()
    page.get_by_role("button", name="Overwrite with mine").click()
    expect(page.get_by_text("first-name saved as version 2.")).to_be_visible()


def test_what_was_not_saved_is_there_again(scene: Scene, tab: Tab) -> None:
    scene.save("kept", NOTES.format(name="kept"))
    page = opened(tab, "/workflows/kept/edit")
    node(page, "list").click()
    expect(page.locator(".panel-head h2")).to_have_text("list")
    page.get_by_label("title", exact=True).fill("Not saved")
    page.keyboard.press("Tab")
    expect(page.get_by_text("unsaved", exact=True)).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page = opened(tab, "/workflows/kept/edit")
    assert "    title: Not saved\n" in text_of(page)
    page.get_by_role("button", name="Discard").click()
    assert text_of(page) == NOTES.format(name="kept")


def test_hostile_texts_are_texts(scene: Scene, tab: Tab) -> None:
    hostile = "<img src=x onerror=alert(1)>${{ '</script><script>alert(2)</script>' }}"
    text = NOTES.format(name="hostile").replace(
        "agent: command\n", f'title: "{hostile}"\n    agent: command\n', 1
    )
    scene.save("hostile", text)
    page = opened(tab, "/workflows/hostile/edit")
    node(page, "list").click()
    expect(page.locator("#field-title")).to_have_value(hostile)
    page.goto(f"{tab.url}/workflows/hostile")
    expect(page.locator("#step-list")).to_contain_text(hostile)
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_smaller_windows_hold_the_editor(
    scene: Scene, open_tab: Callable[..., Tab], size: tuple[int, int]
) -> None:
    scene.save("small", NOTES.format(name="small"))
    page = open_tab(size=size).go("/workflows/small/edit")
    expect(page.locator("[data-part=code] .cm-content")).to_be_visible()
    is_sound(page)
    assert_fits(page)
    if size == PHONE:
        expect(page.locator(".editor-list")).to_contain_text("count")
        expect(page.locator("[data-part=canvas]")).to_be_hidden()


@pytest.mark.parametrize(
    "path",
    some(["/workflows/new", "/workflows/looked-at/edit", "/workflows/looked-at/start"], 1),
)
def test_axe_finds_nothing(scene: Scene, tab: Tab, path: str) -> None:
    text = NOTES.format(name="looked-at")
    inputs = "inputs:\n  folder: {type: path}\n  mode: {enum: [a, b], default: a}\nsteps:\n"
    scene.save("looked-at", text)
    scene.save("looked-at", text.replace("steps:\n", inputs, 1))
    page = tab.go(path)
    if path.endswith(("new", "edit")):
        begin(page)
        is_sound(page)
        page.locator(".dag .node").first.click()
    assert_accessible(page)
