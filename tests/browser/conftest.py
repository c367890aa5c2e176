"""A real console and a real browser for tests of pages.

`scene` is a home with `mission up`, one for each module; `tab` is a tab in which its owner is
signed in, and which fails its test on an error of the console, a violation of the policy or an
unhandled rejection; `phone` is the same on a phone. `open_tab` opens more of them, of other sizes
and for other people: `open_tab("bob", "viewer", size=TABLET)`.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.scene import PHONE, Scene, Tab, watched

NAMES = (
    "chromium-headless-shell",  # draws no window, which takes a third of the time off
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def program() -> str | None:
    """Return where the browser is: `MISSION_BROWSER`, or the first Chromium on the path."""
    named = os.environ.get("MISSION_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start the browser; it is gone before other tests run, for it holds an event loop."""
    found = program()
    if found is None:
        pytest.skip("No Chromium on this machine: `apt-get install chromium`, or MISSION_BROWSER.")
    with sync_playwright() as playwright:
        # Without privileges of its own, a container can't give the browser a sandbox.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("scene"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture
def open_tab(scene: Scene, browser: Browser) -> Iterator[Callable[..., Tab]]:
    with ExitStack() as opened:

        def enter(name: str = "", *roles: str, **options: Any) -> Tab:
            context = scene.person(browser, name, *roles, **options)
            opened.callback(context.close)
            tab: AbstractContextManager[Tab] = watched(context, scene.url)
            return opened.enter_context(tab)

        yield enter


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab()


@pytest.fixture
def phone(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab(size=PHONE, has_touch=True, is_mobile=True)
