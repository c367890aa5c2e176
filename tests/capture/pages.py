"""A page of a shop in a real browser, which sends events by a library, and is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser.conftest import program

SHOP = "http://localhost:1"
"""No server listens there: the browser gets the page from a route."""

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
OPTIONS = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
"""Pages of the web may speak to this machine, as they may to a console that is elsewhere."""


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Start a browser; the test is left out where there is none."""
    found = program()
    if found is None:
        pytest.skip("No Chromium on this machine: `apt-get install chromium`, or MISSION_BROWSER.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield started
        started.close()


@contextmanager
def page_with(browser: Browser, library: Path, script: str, config: Any) -> Iterator[Page]:
    """Open the page with a library; its script fetches `config`, and sets `isReady`."""

    def give(route: Route) -> None:
        path = route.request.url.removeprefix(SHOP)
        if path == "/library.js":
            route.fulfill(path=library, content_type="text/javascript")
        elif path == "/told":
            route.fulfill(json=config)
        else:
            body = f"<!doctype html><title>Shop</title>{script if path == '/page' else ''}"
            route.fulfill(body=body, content_type="text/html")

    with browser.new_context(user_agent=AGENT) as context:
        context.route(f"{SHOP}/**", give)
        page = context.new_page()
        page.goto(f"{SHOP}/page")
        page.wait_for_function("window.isReady")
        yield page
