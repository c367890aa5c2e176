"""Hostile texts of agents, opened in a browser: none of them runs, loads or sends anything."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Dialog

from missioncontrol.interfaces.web import mission_views
from missioncontrol.interfaces.web.mission_tabs import query_of
from tests.browser.scene import Scene, Tab
from tests.console.hostile_mission import CONTENTS, MISSION, RUN, write_hostile_mission

pytestmark = pytest.mark.journey

VIEWS = [urlencode(query_of(place)) for place in mission_views.VIEWS]


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def scene(
    browser: Browser, digests: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("hostile"))
    digests.update(write_hostile_mission(found.folder))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.mark.slow
def test_no_text_of_an_agent_runs_in_a_browser(tab: Tab, digests: dict[str, str]) -> None:
    """A text that runs is noticed: it opens a dialog."""
    opened: list[str] = []
    sent: list[str] = []

    def refuse(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    tab.page.on("dialog", refuse)
    tab.page.on("request", lambda request: sent.append(request.url))
    for view in VIEWS:
        tab.go(f"/missions/{MISSION}?{view}")
    for digest in digests.values():
        tab.go(f"/artifacts/{digest}?run={RUN}&step=task-1")
        tab.go(f"/artifacts/{digest}?run={RUN}&step=task-1&as=source")
    assert opened == []
    assert [url for url in sent if not url.startswith(tab.url)] == []
    assert set(CONTENTS) == set(digests)
