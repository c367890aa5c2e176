"""The five tabs of a mission: what stands where, old addresses, what is done in place."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.interfaces.web.mission_tabs import TABS, moved_query, place_of, query_of
from missioncontrol.interfaces.web.mission_views import VIEWS
from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository

API = "/api/v1"
PRODUCT = "A web app where small shops send invoices to customers and see who paid late"
OLD = (
    *("now", "summary", "plan", "design", "places", "requirements", "trace", "decisions"),
    *("blueprint", "documents", "findings", "artifacts", "log", "cost", "report"),
)
"""The views of the last release."""

Begun = dict[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Begun]:
    """A home with a mission on code that was carried out, one that is planned, and a product."""
    root = tmp_path_factory.mktemp("tabs")
    repository = str(small_repository(root))
    asked = {
        "code": {"goal": GOAL, "repository": repository},
        "planned": {"goal": "Empty the cart", "repository": repository, "execute": False},
        "product": {"goal": PRODUCT},
    }

    async def work() -> Begun:
        async with console_house(root) as house, house.client("operator") as client:
            found = {}
            for name, body in asked.items():
                begun = (await client.post(f"{API}/missions", json=body)).json()
                await ended(house, begun["run"])
                found[name] = begun["mission"]
            return found

    return root, asyncio.run(work())


def look(home: tuple[Path, Begun], check: Callable[..., Any], role: Any = "operator") -> None:
    root, begun = home

    async def ask() -> None:
        async with console_house(root) as house, house.client(role) as client:
            await check(house, client, begun)

    asyncio.run(ask())


@pytest.mark.parametrize("view", OLD)
def test_every_address_of_the_last_release_leads_to_a_tab(view: str) -> None:
    query = moved_query({"view": view, "run": "run-1"}) or {"view": view}
    place = place_of(query)
    assert place in VIEWS
    assert place.tab in TABS
    assert moved_query(query) is None, "one redirection is enough"
    if view not in TABS:
        assert query["run"] == "run-1"


def test_an_old_address_keeps_what_it_chose() -> None:
    assert moved_query({"view": "trace", "node": "task:a"}) == {
        "view": "plan",
        "show": "trace",
        "node": "task:a",
    }
    assert moved_query({"view": "now", "plan": "list"}) == {"view": "plan", "show": "list"}


def test_an_address_that_says_nothing_known_shows_the_first_part() -> None:
    assert place_of({"view": "x"}) == place_of({}) == ("overview", "")
    assert place_of({"view": "plan", "show": "x"}) == ("plan", "list")


@pytest.mark.parametrize("name", ["code", "planned", "product"])
def test_each_part_has_the_name_one_sentence_one_status_and_one_action(
    home: tuple[Path, Begun], name: str
) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        del house
        view = (await client.get(f"{API}/missions/{begun[name]}")).json()
        for place in VIEWS:
            answer = await client.get(f"/missions/{begun[name]}", params=query_of(place))
            assert answer.status_code == 200, (place, answer.text[:400])
            page = answer.text
            assert page.count("<h1") == 1
            assert f"<h1>{view['title']}</h1>" in page
            verdict = re.search(r'<p class="verdict">(.*?)</p>', page, re.DOTALL)
            assert verdict
            assert re.sub(r"<[^>]+>", "", verdict[1]).split() == view["headline"].split()
            head = page[page.index('<div class="head">') : page.index('<nav class="tabs"')]
            assert head.count("btn primary") == 1
            assert head.count('class="st pill"') == 1
            assert head.index(">More<") < head.index("btn primary")
            tabs = page[page.index('aria-label="Mission"') :]
            tabs = tabs[: tabs.index("</nav>")]
            assert re.findall(r"view=(\w+)", tabs) == list(TABS)

    look(home, check)


def test_an_old_address_redirects_for_browsers(home: tuple[Path, Begun]) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        del house
        answer = await client.get(f"/missions/{begun['code']}?view=findings&run=")
        assert answer.status_code == 302
        assert "view=documents&document=findings" in answer.headers["location"]

    look(home, check)


def test_a_viewer_sees_the_state_and_no_button_that_changes_it(home: tuple[Path, Begun]) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        del house
        page = (await client.get(f"/missions/{begun['planned']}")).text
        assert 'method="post" action="/missions' not in page

    look(home, check, "viewer")


def test_answers_are_given_in_place_and_show_what_they_change(home: tuple[Path, Begun]) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        at = f"/missions/{begun['product']}"
        before = (await client.get(f"{API}{at}")).json()
        assert before["next"]["kind"] == "answer_plan"
        assert before["questions"][0]["options"]
        assert 'name="answer.Q1"' in (await client.get(at)).text
        nothing = await client.post(f"{at}/answers", data={"answer.Q1": "  "})
        assert nothing.status_code == 422
        sent = await client.post(f"{at}/answers", data={"answer.Q1": "Only the owner."})
        assert sent.status_code == 303, sent.text
        await house.console.present.catch_up()
        newest = (await client.get(f"{API}{at}/runs")).json()["items"][0]
        assert newest["label"] == "Plan again with Q1: Only the owner."
        await ended(house, newest["id"])
        after = (await client.get(f"{API}{at}")).json()
        assert after["constraints"] == ["Q1: Only the owner."]
        assert after["questions"][0]["answer"] == "Only the owner."
        page = (await client.get(at)).text
        assert "What the answers changed" in page
        assert "Q1 is answered: " in page
        older = (await client.get(f"{at}?run={before['run']}")).text
        assert "What the answers changed" not in older
        assert "btn primary" not in older[: older.index('<nav class="tabs"')]

    look(home, check)


def test_a_version_is_previewed_and_signed_and_an_edit_needs_another_signature(
    home: tuple[Path, Begun],
) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        del house
        at = f"/missions/{begun['code']}"
        read = f"{at}?view=documents&document=prd"
        assert (await client.post(f"{at}/documents/prd/write")).status_code == 303
        text = (await client.get(f"{API}{at}/documents/prd")).json()["text"]
        mine = f"{text}\n\nAnd <b>mine</b>.\n"
        seen = await client.post(f"{at}/documents/prd/preview", data={"text": mine})
        assert seen.status_code == 200, seen.text
        assert "And" in seen.text
        assert "<b>mine</b>" not in seen.text
        assert (await client.get(f"{API}{at}/documents/prd")).json()["newest"] == 1
        assert "Sign version 1" in (await client.get(read)).text
        stale = await client.post(f"{at}/documents/prd/sign", data={"version": "9"})
        assert stale.status_code == 409
        signed = await client.post(f"{at}/documents/prd/sign", data={"version": "1"})
        assert signed.status_code == 303, signed.text
        page = (await client.get(read)).text
        assert "Signed by alice" in page
        assert "Sign version 1" not in page
        edited = await client.post(f"{at}/documents/prd/edit", data={"text": mine, "base": "1"})
        assert edited.status_code == 303, edited.text
        page = (await client.get(read)).text
        assert "Signed by" not in page
        assert "Sign version 2" in page

    look(home, check, "admin")


def test_a_plan_that_no_agent_can_build_says_so(home: tuple[Path, Begun]) -> None:
    async def check(house: House, client: Any, begun: Begun) -> None:
        del house
        at = f"/missions/{begun['code']}"
        assert (await client.get(f"{API}{at}")).json()["next"]["kind"] == "add_builder"
        refused = await client.post(f"{API}{at}/build", json={"builder": "nobody"})
        assert refused.json()["code"] == "mission.no_builder"

    look(home, check)
