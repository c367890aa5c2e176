"""The cockpit in a browser: it fills, its numbers open their people, it keeps what it showed."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.scene import Scene, Tab, assert_accessible

pytestmark = pytest.mark.journey

PANELS = ("summary", "figures", "funnel", "alerts", "retention", "active", "conversion")


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Begin with a product in which things went wrong lately: the first look comes soon."""
    found = Scene(tmp_path_factory.mktemp("scene"))
    try:
        found.mission("analytics", "seed", "--users", "4000")
        found.start()
        yield found
    finally:
        found.stop()


def opened(tab: Tab, path: str = "/cockpit?product=sample") -> Page:
    page = tab.go(path)
    for name in PANELS:
        expect(page.locator(f"#p-{name} [data-loaded]")).to_have_count(1)
    expect(page.locator("[data-updated]")).to_have_attribute("datetime", re.compile("Z$"))
    return page


def count_of(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_the_page_fills_and_is_for_everybody(tab: Tab) -> None:
    page = opened(tab)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator(".verdict")).to_contain_text(re.compile("fell|rose"))
    expect(page.locator(".kpi")).to_have_count(4)
    expect(page.locator("[data-island=chart][data-drawn] canvas")).to_have_count(2)
    assert_accessible(page)
    page.locator("#p-active summary").click()
    expect(page.get_by_role("region", name="daily active users, as a table")).to_be_visible()


def test_on_paper_no_hole_is_left_where_a_button_was(tab: Tab) -> None:
    page = opened(tab)
    page.emulate_media(media="print")
    note, panel = (page.locator(f"#p-summary{each}").bounding_box() for each in (" > p", ""))
    assert note
    assert panel
    assert note["width"] >= panel["width"] - 4


def test_a_phone_shows_a_title_with_its_number_and_paths_as_wide_as_their_words(phone: Tab) -> None:
    page = opened(phone)
    assert page.locator(".kpi .tools").count() == 0
    tools = page.locator("#p-figures > .tools").bounding_box()
    last = page.locator(".kpi").last.bounding_box()
    assert tools
    assert last
    assert tools["y"] >= last["y"] + last["height"] - 1
    page = phone.go("/cockpit/paths?product=sample")
    expect(page.locator("[data-island=chart][data-drawn] canvas")).to_have_count(1)
    drawn = page.locator(".plot.flows .drawn").bounding_box()
    assert drawn
    assert drawn["width"] >= 4 * 190
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def test_in_the_dark_the_first_week_does_not_read_as_the_least(
    open_tab: Callable[..., Tab],
) -> None:
    page = opened(open_tab(color_scheme="dark"))
    first = page.locator("#p-retention .heat td.w0").first
    light = "each => parseFloat(getComputedStyle(each).backgroundColor.match(/[0-9.]+/)[0])"
    # `oklab(L ...)`: how light it is; the page below is at most 0.2.
    assert first.evaluate(light) > 0.2


def test_the_length_of_a_list_is_its_count(tab: Tab) -> None:
    page = opened(tab)
    link = page.locator("#p-funnel .funnel a.num").nth(2)
    count = count_of(link.inner_text())
    link.click()
    expect(page.locator(".verdict b")).to_have_text(re.compile(r"people are behind this count"))
    assert count_of(page.locator(".verdict b").inner_text()) == count
    expect(page.locator("tbody tr")).to_have_count(min(count, 50))


def test_what_is_chosen_before_the_page_listens_is_not_lost(tab: Tab) -> None:
    held: list[Route] = []
    tab.page.route(re.compile("islands/cockpit"), lambda route: held.append(route))
    page = tab.page
    page.goto(f"{tab.url}/cockpit?product=sample", wait_until="commit")
    page.get_by_label("Dates").select_option("14")
    page.wait_for_function("() => performance.getEntriesByType('resource').length > 3")
    assert "days" not in page.url
    while not held:
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile("days=14"))


def test_what_is_chosen_in_the_bar_stands_in_the_address(tab: Tab) -> None:
    page = opened(tab)
    began = count_of(page.locator("#p-funnel .funnel a.num").first.inner_text())
    page.get_by_label("Dates").select_option("14")
    expect(page).to_have_url(re.compile("days=14"))
    page.get_by_label("Segment, for example person.plan=team").fill("person.plan=pro")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("where=person.plan"))
    first = page.locator("#p-funnel .funnel a.num").first
    expect(first).to_be_visible()
    assert 0 < count_of(first.inner_text()) < began
    page.get_by_role("link", name="Remove person.plan=pro").click()
    expect(page.get_by_role("link", name="Remove person.plan=pro")).to_have_count(0)
    page.get_by_label("Show changes").select_option("absolute")
    expect(page).to_have_url(re.compile("as=absolute"))
    expect(page.locator(".kpi .delta").nth(1)).to_have_text(re.compile("points"))
    page.get_by_text("Behaviour", exact=True).click()
    page.get_by_label("People who did or did not").select_option("not")
    page.get_by_label("Event", exact=True).fill("invite")
    page.get_by_role("button", name="Add to the segment").click()
    expect(page.get_by_text("People who did not invite", exact=False).first).to_be_visible()
    expect(page.locator("#p-funnel .funnel a.num").last).to_have_text("0")
    page.go_back()
    expect(page.get_by_text("people who did not invite", exact=False)).to_have_count(0)
    expect(page.locator("#p-figures .delta").nth(1)).to_have_text(re.compile("points"))


def test_a_failed_refresh_keeps_the_last_good_numbers(tab: Tab) -> None:
    tab.expect_fault("Failed to load resource")
    page = opened(tab)
    shown = page.locator("#p-funnel .funnel").inner_text()
    time = page.locator("[data-updated]")
    # The other panels may reload meanwhile; the page is as old as its oldest panel.
    before = page.locator("#p-funnel [data-as-of]").first.get_attribute("data-as-of")
    page.wait_for_timeout(1_100)
    problem = json.dumps({"title": "Not now", "status": 503, "detail": "Not now."})

    def refuse(route: Route) -> None:
        route.fulfill(status=503, body=problem, content_type="application/problem+json")

    page.route("**/cockpit/panels/funnel*", refuse)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#p-funnel.stale")).to_be_visible()
    expect(time).to_have_attribute("datetime", before or "")
    assert page.locator("#p-funnel .funnel").inner_text() == shown
    expect(page.locator("#p-retention.stale")).to_have_count(0)
    page.unroute("**/cockpit/panels/funnel*")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#p-funnel.stale")).to_have_count(0)
    expect(time).not_to_have_attribute("datetime", str(before))


def test_a_panel_that_never_loaded_says_so_alone(scene: Scene, tab: Tab) -> None:
    tab.expect_fault("Failed to load resource")
    page = tab.page
    page.route("**/cockpit/panels/retention*", lambda route: route.fulfill(status=500, body="{}"))
    page.goto(f"{scene.url}/cockpit?product=sample")
    expect(page.locator("#p-retention [data-broken]")).to_contain_text("Retention did not load")
    expect(page.locator("#p-funnel [data-loaded]")).to_have_count(1)


def test_a_panel_is_saved_as_csv_and_as_png(tab: Tab, tmp_path: Path) -> None:
    page = opened(tab)
    expect(page.locator("#p-active [data-drawn] canvas")).to_have_count(1)
    for name in ("summary", "figures", "funnel", "alerts", "retention", "active"):
        with page.expect_download() as file:
            page.locator(f"#p-{name} a[download]").click()
        file.value.save_as(tmp_path / "panel.csv")
        assert (tmp_path / "panel.csv").read_text().count("\n") > 0
        with page.expect_download() as picture:
            page.locator(f"#p-{name} [data-png]").click()
        picture.value.save_as(tmp_path / "panel.png")
        content = (tmp_path / "panel.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 5_000
        page.wait_for_timeout(220)  # Chromium saves ten files of a page in a second, and no more.


def test_a_question_is_asked_saved_and_removed(tab: Tab) -> None:
    page = tab.go("/cockpit/trends?product=sample")
    page.get_by_label("Event of another series").fill("invite")
    page.get_by_label("Counted as, series another").select_option("people")
    page.get_by_label("Formula").fill("100 * B / A")
    page.get_by_role("button", name="Run query").click()
    expect(page.get_by_label("Formula")).to_have_value("100 * B / A")
    expect(page.locator("[data-drawn] canvas")).to_have_count(1)
    with page.expect_download() as picture:
        page.locator(".acts [data-png]").click()
    assert picture.value.suggested_filename == "trends.png"
    page.get_by_label("Formula").fill("A / nothing")
    page.get_by_role("button", name="Run query").click()
    tab.expect_fault("status of 422")
    expect(page.get_by_role("alert")).to_contain_text("Your input is preserved")
    page.get_by_label("Formula").fill("")
    page.get_by_role("button", name="Run query").click()
    page.get_by_role("button", name="Save to a dashboard").click()
    page.get_by_role("dialog").get_by_role("button", name="Save panel").click()
    expect(page.locator("[data-panel] [data-drawn] canvas")).to_have_count(1)
    assert_accessible(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#sure-yes").click()
    expect(page.get_by_text("No panels")).to_be_visible()


def test_a_source_shows_its_key_once(scene: Scene, tab: Tab) -> None:
    page = tab.go("/cockpit/products/sample")
    page.get_by_role("button", name="Add a source").click()
    page.get_by_role("dialog").get_by_label("Short name").fill("web")
    page.get_by_role("dialog").get_by_role("button", name="Add source").click()
    expect(page.locator("#key")).to_have_text(re.compile("^mcw_"))
    assert_accessible(page)
    page.goto(f"{scene.url}/cockpit/products/sample")
    expect(page.locator("#key")).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("web"))).to_be_visible()


def test_a_product_without_events_says_how_to_send_the_first(tab: Tab) -> None:
    page = tab.go("/cockpit/products")
    page.get_by_label("Short name").fill("web-shop")
    page.get_by_role("button", name="Add product").click()
    expect(page.locator("h1")).to_have_text(re.compile("No source of events for web-shop yet"))
    field = page.get_by_label("Retention, days")
    expect(field).to_have_accessible_description("0: unlimited.")
    page.get_by_role("link", name="Open cockpit").click()
    expect(page.locator("#verdict")).to_have_text("No events from web-shop yet")
    expect(page.get_by_role("heading", name="Send the first event")).to_be_visible()
    assert_accessible(page)


def test_an_alert_is_seen_to(scene: Scene, tab: Tab) -> None:
    page = tab.page

    def is_listed() -> int:
        page.goto(f"{scene.url}/cockpit/alerts?product=sample")
        return page.locator("main .list a").count()

    assert scene.until(is_listed)
    page.locator("main .list a").first.click()
    expect(page.locator("h1")).to_contain_text(re.compile("fell|rose"))
    assert_accessible(page)
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("dialog").get_by_label("Note").fill("Looked at with the release.")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Looked at with the release.")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Open query").click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()


TICKS = """\
async (values) => {
  const files = performance.getEntriesByType("resource").map((each) => each.name);
  const file = (name) => files.find((each) => each.includes(name));
  const { mount } = await import(file("islands/chart"));
  const { init } = await import(file("vendor/echarts"));
  const element = document.createElement("div");
  element.className = "plot";
  element.innerHTML = '<div class="drawn"></div>';
  document.querySelector("main").append(element);
  const data = { labels: values.map(String), unit: "people", kind: "lines", partial: [] };
  data.lines = [{ name: "People", values, is_before: false }];
  await mount(element, { ...data, open_from: null });
  const drawn = init(element.querySelector(".drawn"));
  return drawn.getModel().getComponent("yAxis").axis.scale.getTicks().map((tick) => tick.value);
}
"""


def test_an_axis_of_people_counts_nobody_in_parts(tab: Tab) -> None:
    page = opened(tab)
    expect(page.locator("#p-active [data-drawn] canvas")).to_have_count(1)
    tab.expect_fault("already initialized")  # It is how ECharts gives out a chart that there is.
    assert page.evaluate(TICKS, [0, 1, 1]) == [0, 1]
    assert any(each % 1 for each in page.evaluate(TICKS, [0.2, 1, 1])), "a mean has parts"
