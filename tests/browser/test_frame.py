"""What every page has: navigation, record, theme, keyboard, palette, refusals, a phone's width."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.scene import PASSWORD, TABLET, Scene, Tab, assert_accessible, assert_fits
from tests.some import some

pytestmark = pytest.mark.journey

WHERE = ["/", "/board", "/missions", "/repositories", "/workflows", "/agents"]
WHERE += ["/cockpit", "/knowledge", "/events"]

SLOW = """
name: slow
steps:
  wait:
    agent: command
    with: {argv: [sleep, "60"]}
"""
QUICK = """
name: quick
inputs:
  word: {type: string, default: hello}
steps:
  say:
    agent: command
    with: {argv: [echo, done]}
"""


@pytest.fixture(scope="module", autouse=True)
def workflows(scene: Scene) -> None:
    scene.save("slow", SLOW)
    scene.save("quick", QUICK)


def test_the_navigation_leads_everywhere(tab: Tab) -> None:
    page = tab.go("/")
    hrefs = page.locator("nav.nav a").evaluate_all("all => all.map(one => one.pathname)")
    assert len(hrefs) == len(set(hrefs)) == 11
    for href in hrefs:
        tab.go(href)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("nav.nav a[aria-current=page]")).to_have_count(1)


def test_the_record_is_in_sight_and_moves_without_a_reload(scene: Scene, tab: Tab) -> None:
    page = tab.go("/")
    expect(page.locator("#strip-live")).to_contain_text("live")
    page.evaluate("window.__same = true")
    before = page.locator("#strip-seq").inner_text()
    run = scene.told("workflow", "run", "quick")["run"]
    expect(page.locator("#strip-seq")).not_to_have_text(before)
    expect(page.locator("#strip-last")).to_contain_text(run)
    assert page.evaluate("window.__same")


def test_a_live_run_is_counted_in_the_navigation(scene: Scene, tab: Tab) -> None:
    page = tab.go("/")
    badge = page.locator("nav.nav a[href='/workflows'] .n")
    expect(badge).to_have_count(0)
    run = scene.told("workflow", "run", "slow")["run"]
    expect(badge).to_contain_text("1")
    scene.mission("cancel", run)
    expect(badge).to_have_count(0)


def test_the_theme_that_was_chosen_is_kept(tab: Tab) -> None:
    page = tab.go("/")
    page.emulate_media(color_scheme="dark")
    page.get_by_role("button", name="Switch theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    tab.go("/runs")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    background = "getComputedStyle(document.body.parentElement).backgroundColor"
    assert page.evaluate(background) == "rgb(242, 245, 244)"


def test_the_navigation_folds_and_stays_so(tab: Tab) -> None:
    page = tab.go("/")
    wide = page.locator("nav.nav").bounding_box()
    page.get_by_role("button", name="Collapse navigation").click()
    tab.go("/runs")
    narrow = page.locator("nav.nav").bounding_box()
    assert wide
    assert narrow
    assert narrow["width"] < wide["width"] / 2
    expect(page.get_by_role("link", name="Automations")).to_be_visible()


def test_g_and_a_letter_lead_to_a_place(tab: Tab) -> None:
    page = tab.go("/inbox")
    for key, path in zip("hbmruapkl", WHERE, strict=True):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{path}$"))
        # The address changes before the page that has it listens to keys.
        expect(page.locator("#strip-live")).to_contain_text("live")


def test_a_list_is_worked_with_by_keys(tab: Tab) -> None:
    page = tab.go("/workflows")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="quick")).to_be_focused()
    page.keyboard.press(" ")
    preview = page.locator("#preview")
    expect(preview.get_by_role("heading", level=2).first).to_have_text("quick")
    expect(preview.locator("#preview-body .panel, #preview-body .sub").first).to_be_visible()
    assert_accessible(page, "#preview")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("tr[data-marked]")).to_have_count(2)
    page.keyboard.press("l")
    expect(page.locator("#toasts")).to_contain_text("2 links copied")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert [each.rpartition("/")[2] for each in copied] == ["quick", "slow"]
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("/workflows/slow/edit$"))


def test_n_makes_what_the_page_lists_and_otherwise_shows_all_that_can_be_made(tab: Tab) -> None:
    page = tab.go("/schedules")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/schedules/new$"))
    page = tab.go("/events")
    page.keyboard.press("n")
    expect(page.locator("#palette").get_by_role("option", name="New mission").first).to_be_visible()


def test_single_keys_are_listed_and_can_be_switched_off(tab: Tab) -> None:
    page = tab.go("/runs")
    page.keyboard.press("?")
    keys = page.locator("#keys")
    expect(keys).to_contain_text("Search or run a command")
    for word in ("Product", "Copy link", "Request changes", "Next view"):
        expect(keys).to_contain_text(word)
    keys.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_keys_are_only_letters_where_something_is_typed(tab: Tab) -> None:
    page = tab.go("/runs")
    page.keyboard.press("/")
    expect(page.locator("[data-focus-key='/']")).to_be_focused()
    page.keyboard.type("gr?")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("[data-focus-key='/']")).to_have_value("gr?")


def test_the_first_tab_leads_to_the_content(tab: Tab) -> None:
    page = tab.go("/runs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_palette_finds_places_and_remembers_them(tab: Tab) -> None:
    page = tab.go("/settings/workspace")
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    expect(palette.get_by_role("option").first).to_be_visible()
    page.keyboard.type("schd")
    chosen = palette.locator("[aria-selected=true]")
    expect(chosen).to_contain_text("Schedules")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/schedules$"))
    expect(page.locator("#strip-live")).to_contain_text("live")
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("group", name="Recent")).to_contain_text("Schedules")


def test_the_palette_shows_what_fits_best_first_and_nothing_that_fits_badly(tab: Tab) -> None:
    page = tab.go("/")
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("option", name="Verify the log")).to_be_attached()
    titles = palette.locator("[role=option] .t")
    for typed, first in [
        ("run", "Runs"),
        ("log", "Logs"),
        ("storage", "Storage"),
        ("verify", "Verify the log"),
        ("invite", "Invite a user"),
    ]:
        palette.get_by_role("combobox").fill(typed)
        expect(titles.first).to_have_text(first)
    palette.get_by_role("combobox").fill("set")
    expect(titles.first).to_have_text("Settings")
    assert "Delegate an approval" not in titles.all_inner_texts()
    palette.get_by_role("combobox").fill("zzxq")
    expect(titles).to_have_count(1)  # To search everywhere for it.


def test_the_palette_offers_what_was_opened_lately_first(scene: Scene, tab: Tab) -> None:
    run = scene.told("workflow", "run", "quick")["run"]
    scene.mission("watch", run)
    page = tab.go("/")
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("option", name="Open run")).to_be_attached()
    page.keyboard.type(run)
    expect(palette.locator("[aria-selected=true]")).to_contain_text(run)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{run}$"))
    tab.go("/costs")
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("group", name="Recent").get_by_role("option").first).to_contain_text(
        run
    )


def test_a_page_says_that_the_console_is_gone_and_goes_on_by_itself(
    open_tab: Callable[..., Tab], scene: Scene
) -> None:
    scene.mission("watch", scene.told("workflow", "run", "quick")["run"])
    tab = open_tab()
    tab.expect_fault("ERR_")
    tab.page.route("**/live?*", lambda route: route.abort())
    page = tab.go("/runs")
    page.evaluate("window.__same = true")
    expect(page.locator("#lost")).to_contain_text("The console does not respond")
    run = scene.told("workflow", "run", "quick")["run"]
    scene.mission("watch", run)
    page.unroute("**/live?*")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.get_by_role("link", name="1 new")).to_be_visible()
    assert page.evaluate("window.__same")
    page.get_by_role("link", name="1 new").click()
    expect(page.locator(f"#row-{run}")).to_contain_text("Succeeded")


def test_the_palette_cancels_a_run_by_keyboard_alone(scene: Scene, tab: Tab) -> None:
    run = scene.told("workflow", "run", "slow")["run"]
    page = tab.go("/runs")
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("option", name="Cancel run")).to_be_attached()
    page.keyboard.type("cancel run")
    page.keyboard.press("Enter")
    expect(palette.locator(".step")).to_have_text("Cancel run")
    page.keyboard.type(run)
    expect(palette.locator("[aria-selected=true]")).to_contain_text(run)
    page.keyboard.press("Enter")
    page.keyboard.type("not needed")
    page.keyboard.press("Enter")
    expect(palette.locator("[aria-selected=true]")).to_contain_text("Cancel")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Cancel run: done")
    expect(palette).to_be_hidden()
    shown = scene.told("show", run)
    assert (shown["status"], shown["cancel_reason"]) == ("cancelled", "not needed")


def test_the_palette_goes_a_step_back_and_then_closes(tab: Tab) -> None:
    page = tab.go("/")
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("search every")
    page.keyboard.press("Enter")
    expect(palette.locator(".step")).to_have_text("Search everywhere")
    page.keyboard.press("Backspace")
    expect(palette.locator(".step")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("Search or run"))).to_be_visible()


def test_the_palette_is_for_everybody(tab: Tab) -> None:
    page = tab.go("/")
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette").get_by_role("option").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert_accessible(page)


def test_emergency_stop_is_one_gesture_away_and_asks(scene: Scene, tab: Tab) -> None:
    page = tab.go("/runs")
    page.keyboard.press("Control+Shift+.")
    dialog = page.locator("#stop-all")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    dialog.get_by_label("Reason").fill("A drill")
    dialog.get_by_role("button", name="Stop everything").click()
    expect(page.locator("#stage .stage")).to_contain_text("Everything is stopped")
    expect(page.locator("#stage .stage")).to_contain_text("A drill")
    scene.mission("start", "--stage", "all", "--reason", "The drill is over")


def test_what_is_not_there_is_said_with_its_request(tab: Tab) -> None:
    tab.expect_fault("status of 404")
    page = tab.go("/nothing/here")
    expect(page.locator("h1")).to_have_text("Page not found")
    expect(page.locator(".problem")).to_contain_text("There is no page at /nothing/here")
    assert_accessible(page)


def test_a_phone_has_five_places_and_the_rest_in_a_menu(phone: Tab) -> None:
    page = phone.go("/")
    expect(page.locator("nav.nav li:visible")).to_have_count(5)
    page.get_by_role("button", name="Menu").click()
    menu = page.locator("#more")
    expect(menu.get_by_role("link", name="Product")).to_be_visible()
    assert_accessible(page)
    menu.get_by_role("link", name="Automations").click()
    expect(page).to_have_url(re.compile("/workflows$"))


@pytest.mark.parametrize("path", some(["/", "/approvals", "/runs", "/missions"], 0, 2))
def test_a_phone_shows_what_it_is_made_for(phone: Tab, path: str) -> None:
    page = phone.go(path)
    assert_fits(page)
    assert_accessible(page)


def test_a_narrow_window_keeps_everything_in_it(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(size=TABLET)
    for path in ("/", "/runs", "/approvals"):
        assert_fits(tab.go(path))


def test_two_people_see_the_same_and_may_not_do_the_same(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    viewer, operator = open_tab("vera", "viewer"), open_tab("oscar", "operator")
    watching, doing = viewer.go("/runs"), operator.go("/runs")
    expect(watching.get_by_role("button", name="Stop all")).to_have_count(0)
    expect(doing.get_by_role("button", name="Stop all")).to_be_visible()
    badge = watching.locator("nav.nav a[href='/workflows'] .n")
    expect(badge).to_have_count(0)
    run = scene.told("workflow", "run", "slow")["run"]
    expect(badge).to_contain_text("1")
    doing.keyboard.press("Control+k")
    palette = doing.locator("#palette")
    expect(palette.get_by_role("option", name="Cancel run")).to_be_attached()
    for typed in ("cancel run", run, ""):
        doing.keyboard.type(typed)
        doing.keyboard.press("Enter")
    doing.keyboard.press("ArrowUp")
    doing.keyboard.press("Enter")
    expect(badge).to_have_count(0)
    watching.keyboard.press("Control+k")
    expect(watching.locator("#palette").get_by_role("option", name="Open run")).to_be_attached()
    expect(watching.locator("#palette").get_by_role("option", name="Cancel run")).to_have_count(0)


def test_somebody_signs_in_with_a_password_and_out_again(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab("petra", "operator")
    page = tab.go("/runs?status=failed")
    page.get_by_role("button", name=re.compile("signed in as petra")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-"))
    assert_accessible(page)
    tab.go("/runs?status=failed")
    expect(page).to_have_url(re.compile("/sign-in"))
    assert_accessible(page)
    page.get_by_label("Name").fill("petra")
    page.get_by_label("Password").fill("not this one")
    tab.expect_fault("status of 401")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    expect(page.get_by_label("Name")).to_have_value("petra")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs\?status=failed$"))


def test_a_dialog_that_is_a_form_keeps_its_distance_from_the_edge(tab: Tab) -> None:
    page = tab.go("/")
    page.get_by_role("button", name="Stop all").click()
    box, words = page.locator("#stop-all"), page.locator("#stop-all h2")
    expect(box).to_be_visible()
    frame, title = box.bounding_box(), words.bounding_box()
    assert frame is not None
    assert title is not None
    assert title["x"] - frame["x"] >= 12
    assert title["y"] - frame["y"] >= 12
