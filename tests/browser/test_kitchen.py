"""Every macro in a real browser: for everybody, in both themes, at every width."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from missioncontrol.interfaces.listeners import listening
from missioncontrol.interfaces.sign_in.masking import unmasked
from tests.browser.scene import Tab, assert_accessible, assert_fits, new_context, watched

pytestmark = pytest.mark.journey
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with listening(0) as listener:
        number = listener.fileno()
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        command = [sys.executable, "-m", "tests.browser.kitchen", str(number)]
        served = subprocess.Popen(command, pass_fds=[number], cwd=ROOT, env=environment)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        served.terminate()
        served.wait(30)


@pytest.fixture
def kitchen(browser: Browser, url: str) -> Iterator[Tab]:
    context = new_context(browser)
    with watched(context, url) as tab:
        tab.expect_fault("live")
        tab.go("/")
        yield tab
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_every_macro_is_for_everybody(kitchen: Tab, width: int) -> None:
    kitchen.page.set_viewport_size({"width": width, "height": 900})
    assert_accessible(kitchen.page)
    assert_fits(kitchen.page)


def test_what_cant_be_undone_is_asked_before(kitchen: Tab) -> None:
    page, asked = kitchen.page, []
    page.on("request", lambda request: asked.append(request.method))
    page.get_by_role("button", name="Cancel run").click()
    dialog = page.locator("#sure")
    expect(dialog).to_contain_text("Cancel run R-2291?")
    expect(dialog).to_contain_text("No more steps start.")
    assert_accessible(page)
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(dialog).to_be_hidden()
    assert "POST" not in asked
    kitchen.expect_fault("status of 404")
    page.get_by_role("button", name="Cancel run").click()
    with page.expect_request("**/kitchen/cancel") as sent:
        dialog.get_by_role("button", name="Cancel run").click()
    assert unmasked(sent.value.headers["x-csrf-token"]) == "0" * 64
    expect(page.locator("#toasts")).to_contain_text("Not Found")


def test_a_refusal_in_a_dialog_is_told_in_it_and_what_was_typed_stays(kitchen: Tab) -> None:
    page = kitchen.page
    kitchen.expect_fault("status of 404")
    page.get_by_role("button", name="Raise the cap").click()
    dialog = page.locator("#raise")
    dialog.get_by_label("New cap").fill("45")
    dialog.get_by_role("button", name="Raise").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Not Found")
    expect(dialog.get_by_label("New cap")).to_have_value("45")


def test_rows_are_stepped_through_by_keys(kitchen: Tab) -> None:
    page = kitchen.page
    page.locator("#main").focus()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    row = page.locator("tbody tr").nth(1)
    expect(row.locator("a").first).to_be_focused()


def test_a_filter_says_only_what_was_chosen(kitchen: Tab) -> None:
    page = kitchen.page
    kitchen.expect_fault("status of 404")
    field = page.get_by_label("Search runs")
    field.fill("")
    with page.expect_navigation():
        field.press("Enter")
    assert page.url.endswith("/kitchen?state=failed")
