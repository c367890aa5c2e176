"""Pages of a mission where little is there: no scripts, no room, no colour of paper."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.scene import PHONE, Scene, Tab, assert_fits
from tests.console.mission_house import DECIDING_GOAL, small_repository

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def mission(scene: Scene) -> str:
    """A mission that has ended."""
    begun = scene.told("run", DECIDING_GOAL, "--repo", str(small_repository(scene.folder)))
    scene.mission("watch", begun["run"])
    return str(begun["mission"])


@pytest.mark.slow
def test_buttons_and_dialogs_work_without_scripts(
    scene: Scene, open_tab: Callable[..., Tab], mission: str
) -> None:
    tab = open_tab(java_script_enabled=False)
    tab.expect_fault("status of 404")  # of the link, once it is revoked
    page = tab.go(f"/missions/{mission}?view=documents")
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
    page = tab.go(f"/decisions/{mission}:D1")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("accepted", exact=True).first).to_be_visible()
    page = tab.go(f"/missions/{mission}?view=documents&document=report")
    expect(page.get_by_role("button", name="Cancel mission")).to_be_hidden()
    page.get_by_label("Audience", exact=True).fill("the architects")
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_role("region", name="Link", exact=True).inner_text().strip()
    page.goto(link)
    expect(page.locator("body")).to_contain_text(DECIDING_GOAL)
    page = tab.go(f"/missions/{mission}?view=documents&document=report")
    page.get_by_role("button", name="Revoke").click()
    page.goto(link)
    expect(page.locator("body")).not_to_contain_text(DECIDING_GOAL)
    page = tab.go(f"/missions/{mission}?view=plan")
    page.locator(".tasks summary").first.click()
    page.get_by_role("link", name="Change the files of").first.click()
    page.get_by_label("Other files, one per line").fill("shop/discounts.py")
    page.locator("#scope-reason").fill("It is a part of its own")
    page.get_by_role("button", name="Save files").click()
    expect(page.locator("main")).to_contain_text("“It is a part of its own”")
    page = tab.go("/settings/tokens")
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("region", name="Token", exact=True)).to_contain_text("mc")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("link", name="Stop all").click()
    page.get_by_role("textbox", name="Reason").fill("a trial")
    page.get_by_role("button", name="Stop everything").click()
    expect(page.locator("#stage")).to_contain_text("Everything is stopped")
    scene.mission("start", "--stage", "all", "--reason", "it was a trial")
    page = tab.go("/memory")
    page.get_by_label("Title").fill("Prices are in cents")
    page.get_by_label("Text for planners").fill("Every price is a whole number of cents.")
    page.get_by_role("button", name="Add item").click()
    expect(page.locator("h1")).to_have_text("Prices are in cents")


@pytest.mark.parametrize(
    ("view", "table", "labels"),
    [
        ("plan&show=trace", "Trace matrix, table", ("Tasks", "Files", "Tests", "Status")),
        (
            "documents&document=findings",
            "Evidence, table",
            ("State", "Checks passed", "Evidence", "Artifacts"),
        ),
    ],
)
def test_tables_lose_nothing_on_a_phone(
    open_tab: Callable[..., Tab], mission: str, view: str, table: str, labels: tuple[str, ...]
) -> None:
    page = open_tab(size=PHONE).go(f"/missions/{mission}?view={view}")
    row = page.get_by_role("region", name=table).locator("tbody tr").first
    for label in labels:
        cell = row.locator(f"td[data-of='{label}']")
        expect(cell).to_be_visible()
        shown = cell.evaluate("one => getComputedStyle(one, '::before').content")
        assert shown == f'"{label}"'
    assert_fits(page)


def test_a_page_of_what_goes_on_loads_itself_again_and_can_be_held_still(
    scene: Scene, open_tab: Callable[..., Tab]
) -> None:
    scene.save(
        "slow", "name: slow\nsteps:\n  wait: {agent: command, with: {argv: [sleep, '60']}}\n"
    )
    run = scene.told("workflow", "run", "slow")["run"]
    tab = open_tab(java_script_enabled=False)
    page = tab.go(f"/runs/{run}")
    again = page.locator("meta[http-equiv=refresh]")
    expect(again).to_have_count(1)
    page.get_by_role("link", name="Pause reloading").click()
    expect(page).to_have_url(re.compile("still=1"))
    expect(again).to_have_count(0)
    page.get_by_role("button", name="Cancel run").click()
    expect(page.locator(".head .verdict")).to_contain_text(re.compile("[Cc]ancel"))


def test_paper_is_white_and_has_no_buttons(tab: Tab, mission: str) -> None:
    page = tab.go(f"/missions/{mission}?view=documents")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("nav.nav")).to_be_hidden()
    expect(page.get_by_role("button", name="Save as version 1")).to_be_hidden()
    dark = page.evaluate(
        "() => { const t = document.createElement('i'); t.style.color = 'light-dark(#fff, #000)';"
        " document.body.append(t); return getComputedStyle(t).color; }"
    )
    assert dark == "rgb(255, 255, 255)"
