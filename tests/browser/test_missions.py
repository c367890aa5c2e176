"""The life of a mission in a browser: asked for, watched to its end, viewed and repeated."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import Scene, Tab, assert_accessible, assert_fits
from tests.console.mission_house import GOAL, small_repository

pytestmark = pytest.mark.journey

TABS = ("Overview", "Plan", "Decisions", "Documents", "Activity")
PARTS = ("Graph", "Requirements", "Trace", "Report", "Findings and evidence", "Artifacts")
"""Links within a tab: the plan's first, then those of the documents."""


@pytest.fixture(scope="module")
def repository(scene: Scene) -> Path:
    return small_repository(scene.folder)


@pytest.fixture(scope="module")
def finished(scene: Scene, repository: Path) -> str:
    """Return the address of a mission that was carried out."""
    return f"/missions/{scene.told('run', GOAL, '--repo', str(repository))['mission']}"


def begin(tab: Tab, repository: Path, *, plan_only: bool = False) -> Page:
    """Fill the form of a new mission in, and begin it."""
    page = tab.go("/missions/new")
    page.get_by_label("Goal", exact=True).fill(GOAL)
    page.get_by_label("Repository").fill(str(repository))
    page.get_by_label("Constraints").fill("Keep the public API of Cart\n\n")
    if plan_only:
        page.get_by_label(re.compile("^Plan only")).check()
    expect(page.locator("#estimate")).to_contain_text("Git repository found")
    page.get_by_role("button", name="Start mission").click()
    page.wait_for_url(re.compile(r"/missions/mission-"))
    return page


def test_an_empty_home_leads_to_the_first_mission(tab: Tab) -> None:
    page = tab.go("/")
    expect(page.locator(".verdict")).to_have_text("Nothing has run here yet.")
    assert_accessible(page)
    page.get_by_role("link", name="Set a goal for a repository").click()
    expect(page.get_by_label("Goal", exact=True)).to_be_focused()
    assert_accessible(page)
    assert_fits(page)


def test_what_does_not_fit_is_told_and_what_was_typed_is_kept(tab: Tab, tmp_path: Path) -> None:
    tab.expect_fault("422")
    page = tab.go("/missions/new")
    page.get_by_label("Goal", exact=True).fill(GOAL)
    page.get_by_label("Repository").fill(str(tmp_path / "nowhere"))
    expect(page.locator("#estimate")).to_contain_text("The directory does not exist")
    page.get_by_label("Budget, US dollars").fill("much")
    page.get_by_role("button", name="Start mission").click()
    expect(page.get_by_role("alert")).to_contain_text("The mission was not started")
    expect(page.get_by_label("Goal", exact=True)).to_have_value(GOAL)
    expect(page.get_by_label("Budget, US dollars")).to_have_value("much")
    page.get_by_label("Budget, US dollars").fill("1.50")
    page.get_by_role("button", name="Start mission").click()
    expect(page.locator("#f-repository-e")).to_contain_text("nowhere")
    assert_accessible(page)


def test_a_mission_is_watched_to_its_end_without_a_reload(tab: Tab, repository: Path) -> None:
    # The report is in a frame without an origin: axe-core can't ask what is in it.
    tab.expect_fault("postMessage")
    page = begin(tab, repository)
    page.evaluate("window.__same = true")
    expect(page.locator("h1")).to_have_text(GOAL)
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    expect(page.locator(".verdict")).to_contain_text("ready to build")
    assert page.evaluate("window.__same"), "the page was loaded anew"
    assert_accessible(page)
    assert_fits(page)
    for tab_name in TABS:
        tabs = page.get_by_role("navigation", name="Mission", exact=True)
        tabs.get_by_role("link", name=re.compile(f"^{tab_name}")).click()
        expect(page.locator(".tabs [aria-current=page]")).to_contain_text(tab_name)
        assert_accessible(page)
        assert_fits(page)
        for part in PARTS:
            link = page.locator(".missionpage").get_by_role("link", name=re.compile(f"^{part}"))
            if tab_name in ("Plan", "Documents") and link.count():
                link.first.click()
                expect(page.locator("main [aria-current]").filter(has_text=part)).to_be_visible()
                assert_accessible(page)
                assert_fits(page)
    page.goto(f"{page.url.partition('?')[0]}?view=report")
    frame = page.frame_locator("iframe.report")
    expect(frame.locator("h1").first).to_be_visible()


@pytest.mark.slow
def test_artifacts_are_looked_at_and_saved(tab: Tab, repository: Path) -> None:
    page = begin(tab, repository)
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    address = page.url
    for name, shown in (
        ("survey.md", ".prose p"),
        ("survey.json", ".tree details"),
        ("modules.svg", ".pane img"),
        ("test-output.txt", ".lines td.no"),
    ):
        page.goto(f"{address}?view=artifacts")
        if not page.get_by_role("link", name=name, exact=True).count():
            continue  # Without tests in a project there is no output of them.
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("h1")).to_have_text(name)
        expect(page.locator(shown).first).to_be_visible()
        assert_accessible(page)
    page.goto(f"{address}?view=artifacts")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download all (zip)").click()
    names = zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())).namelist()
    assert "report.html" in names


@pytest.mark.slow  # `tests/console/test_missions.py` executes and retries without a browser.
def test_a_plan_is_looked_at_and_then_carried_out_and_a_part_done_again(
    tab: Tab, repository: Path
) -> None:
    page = begin(tab, repository, plan_only=True)
    page.get_by_role("button", name="Approve plan").click()
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    first = page.locator(".facts .id").first.get_attribute("title")
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Retry from").click()
    dialog = page.get_by_role("dialog", name="Retry from a task")
    dialog.get_by_label("From").select_option("survey")
    assert_accessible(page)
    dialog.get_by_role("button", name="Start new run").click()
    expect(page.locator(".facts")).to_contain_text("3 of 3")
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    assert page.locator(".facts .id").first.get_attribute("title") != first


def test_a_mission_fits_on_a_phone(phone: Tab, finished: str) -> None:
    page = phone.go(finished)
    expect(page.locator(".title .st.pill")).to_contain_text("Ready to build")
    assert_fits(page)
    for path in ("/", "/missions", "/missions/new"):
        assert_fits(phone.go(path))


@pytest.mark.usefixtures("finished")
def test_the_list_is_filtered_in_the_address(tab: Tab) -> None:
    page = tab.go("/missions")
    page.get_by_role("searchbox", name="Search missions").fill("no such mission")
    expect(page.locator("#list")).to_contain_text("No matching missions")
    assert "q=no+such+mission" in page.url
    page.get_by_role("searchbox", name="Search missions").fill("discount")
    expect(page.locator("#list tbody tr").first).to_contain_text(GOAL)
    assert_accessible(page)
