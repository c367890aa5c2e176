"""The frame of every page: counts, the record, refusals, the palette, and what macros show."""

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from markupsafe import Markup

from missioncontrol import operations
from missioncontrol.application.asks import StopAll
from missioncontrol.application.authority import NEEDED
from missioncontrol.application.queries.actions import ACTIONS
from missioncontrol.application.queries.commands import may_do
from missioncontrol.domain.lifecycle.agent_count import count_agents
from missioncontrol.domain.principal import PERMISSIONS, Needed, Principal, permissions_of
from missioncontrol.interfaces.web import formats, rendering
from missioncontrol.interfaces.web.diffs import ROWS_MAX, diff_rows
from missioncontrol.interfaces.web.mission_tabs import TABS, moved_query
from missioncontrol.interfaces.web.navigation import PLACES, here, visible
from missioncontrol.interfaces.web.values import TEXT_MAX, json_rows
from missioncontrol.interfaces.web.words import LOOKS, look_of
from missioncontrol.surfaces.palette import INTERNAL, declared_actions
from tests.console.governed import waiting
from tests.console.houses import House, console_house

HTML = {"Accept": "text/html"}
KITCHEN = Path(__file__).parent / "kitchen.html"


def test_a_page_shows_what_waits_and_how_far_the_record_is(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            text = (await client.get("/runs", headers=HTML)).text
            assert f'seq <b id="strip-seq">{house.console.present.position}' in text
            assert 'aria-current="page"' in text
            assert "Stop everything" in text
            assert "$0.00 today" in text

    asyncio.run(look())


def test_a_stop_is_said_on_every_page_until_work_goes_on(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            assert "Everything is stopped" not in (await client.get("/runs", headers=HTML)).text
            await house.held.command_bus.do(StopAll("A drill"), "user:alice")
            text = (await client.get("/runs", headers=HTML)).text
            assert "Everything is stopped" in text
            assert "A drill" in text
            assert "/agents#start" not in text  # Who may not govern is offered nothing.

    asyncio.run(look())


def test_nobody_is_offered_what_they_may_not(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house:
            offered = {
                role: await _palette(house, role)
                for role in ("viewer", "operator", "approver", "auditor", "admin")
            }
            assert "stop.all" not in offered["viewer"]
            assert "stop.all" in offered["approver"]
            assert "new.mission" in offered["operator"]
            assert "new.mission" not in offered["approver"]
            assert set(offered["viewer"]) < set(offered["operator"]) < set(offered["admin"])

    asyncio.run(look())


async def _palette(house: House, role: Any) -> list[str]:
    async with house.client(role) as client:
        answer = await client.get("/palette")
        assert answer.status_code == 200
        return [each["id"] for each in answer.json()["actions"]]


NOT_FOR_PEOPLE = {
    "TrialAsked": "an evaluation begins each of its trials",
    "TrialEnded": "an evaluation judges each of its trials",
    "FindingsTaken": "the detection of changes reports what it found",
    "DigestTaken": "the summary of a product reports itself",
    "ExportNoted": "each export of the log notes itself",
    "WorkersListed": "it changes nothing",
}
"""Requests of the engine that no person makes in the console, and why."""


@pytest.mark.parametrize("role", ["viewer", "operator", "approver", "auditor", "admin"])
def test_the_palette_has_every_verb_that_a_person_may_and_no_other(role: Any) -> None:
    """Whether there is anything to do it to is another question."""
    who = _principal(role)
    needed: dict[str, Needed] = {each.name: each.permission for each in operations.every()}
    needed |= NEEDED
    for name in (*NOT_FOR_PEOPLE, *INTERNAL):
        del needed[name]
    offered = {
        name
        for each in (*ACTIONS, *declared_actions())
        if may_do(who, each)
        for name in each.covers
    }
    expected = {name for name, each in needed.items() if each == "sign_in" or who.may(each)}
    assert expected <= offered
    assert not {name for name in offered - expected if name in needed}


def test_the_palette_names_each_action_once_and_loses_no_secret() -> None:
    actions = (*ACTIONS, *declared_actions())
    covered = [name for each in actions for name in each.covers]
    asked = [each for each in operations.every() if each.name in covered]
    assert {*covered} <= {each.name for each in asked} | {*NEEDED}
    assert len({each.title for each in actions}) == len(actions)
    # What acts at once shows no answer.
    secret = {each.name for each in asked if each.shown_once}
    assert not [each.id for each in actions if each.post and secret.intersection(each.covers)]


def test_what_the_palette_does_is_a_route_that_needs_the_same(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house:
            needed = _needed(house.app)
            actions = (*ACTIONS, *declared_actions())
            assert len({each.id for each in actions}) == len(actions)
            for action in actions:
                ways = (action.href, action.post, action.opens, action.command)
                assert sum(map(bool, ways)) == 1, action.id
                assert action.needs in {*PERMISSIONS, "sign_in"}
                if action.post:
                    path = "/api/v1" + re.sub(r"\{\w+\}", "{}", action.post)
                    assert needed[action.method, path] == action.needs
                    names = re.findall(r"\{(\w+)\}", action.post)
                    assert {*names} <= {each.name for each in action.arguments}, action.id
                elif action.href and not action.href.startswith("/api/"):
                    path = re.sub(r"\{\w+\}", "{}", action.href.partition("?")[0])
                    assert ("GET", path) in needed, action.id

    asyncio.run(look())


def test_the_palette_begins_with_what_needs_the_person(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("approver") as client:
            await waiting(house)
            [first] = (await client.get("/palette")).json()["needed"]
            assert first["title"].startswith("Approve: ")
            page = await client.get(first["href"], headers=HTML)
            assert first["title"].removeprefix("Approve: ") in html.unescape(page.text)
            async with house.client("viewer") as viewer:
                assert (await viewer.get("/palette")).json()["needed"] == []

    asyncio.run(look())


def test_the_palette_leads_to_views_of_a_mission_that_there_are() -> None:
    led = {action.href.partition("?view=")[2] for action in ACTIONS} - {""}
    views = {view.partition("&")[0] for view in led}
    assert all(view in TABS or moved_query({"view": view}) for view in views)
    assert {"plan", "decisions", "documents"} <= views


def _needed(app: Litestar) -> dict[tuple[str, str], str]:
    return {
        (method, re.sub(r"\{[^}]+\}", "{}", route.path)): handler.opt.get("permission", "")
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in getattr(handler, "http_methods", ())
    }


TEN = [
    "Inbox",
    "Home",
    "Board",
    "Missions",
    "Repositories",
    "Automations",
    "Agents",
    "Product",
    "Knowledge",
    "Record",
]


@pytest.mark.parametrize("role", ["viewer", "operator", "approver", "auditor", "admin"])
def test_every_role_has_ten_places_and_the_tabs_that_it_may_see(tmp_path: Path, role: Any) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client(role) as client:
            page = (await client.get("/events", headers=HTML)).text
            nav = page.partition('<nav class="nav"')[2].partition("</nav>")[0]
            assert re.findall(r'<span class="t">(\w+)</span>', nav) == [*TEN, "Menu", "Settings"]
            assert re.findall(r'href="([^"]+)" aria-current', nav) == ["/events"]
            phone = re.findall(r'<li class="phone">.*?<span class="t">(\w+)<', nav)
            assert phone == ["Inbox", "Home", "Board", "Missions", "Menu"]
            tabs = page.partition('<nav class="tabs" aria-label="Record"')[2].partition("</nav>")[0]
            assert ('href="/audit"' in tabs) == (role in ("auditor", "admin"))
            for place in PLACES:
                for tab in visible(place.tabs, _principal(role)):
                    for href in {tab.href, *(each.href for each in tab.views)}:
                        status = (await client.get(href, headers=HTML)).status_code
                        may = href != "/settings/webhooks" or role == "admin"
                        may = may and (href != "/settings/users" or role in ("auditor", "admin"))
                        assert status == (200 if may else 403), href

    asyncio.run(look())


def _principal(role: Any) -> Principal:
    return Principal("user:alice", (role,), permissions_of([role]), "password", "session")


def test_a_part_of_a_page_is_in_the_place_of_the_page() -> None:
    admin = _principal("admin")
    assert here("/approvals/parts/heading", admin).title == "Inbox"
    assert here("/cockpit/dashboards/mornings", admin).title == "Product"
    rows = here("/settings/prices", admin).rows
    assert [title for title, _ in rows] == ["Settings", "Budgets and prices"]
    assert [tab.title for _, row in rows for tab, is_current in row if is_current] == [
        "Budgets and prices",
        "Prices",
    ]
    assert here("/", admin).rows == ()


def test_the_keys_of_places_are_those_of_the_map() -> None:
    assert "".join(place.key for place in PLACES) == "ihbmruapkl,"


def test_the_navigation_comes_again_alone(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("auditor") as client:
            answer = await client.get("/shell?area=audit")
            assert answer.status_code == 200
            assert "<html" not in answer.text
            assert re.search(r'href="/events" aria-current="page" title="Record"', answer.text)

    asyncio.run(look())


def test_agents_are_counted_alike_everywhere(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            new = {
                "name": "typist",
                "declared": {"kind": "command", "settings": {"argv": ["true"]}},
            }
            assert (await client.post("/api/v1/agents", json=new)).status_code < 300
            listed = (await client.get("/api/v1/agents?limit=200")).json()["items"]
            shell = (await client.get("/shell")).text
            words = f"{len(listed)} agents, 0 working"
            health = (await client.get("/api/v1/health")).json()
            assert f'{len(listed)}<span class="vh"> agents, 0 working</span>' in shell
            assert sum(health["agents"].values()) == len(listed)
            for path in ("/", "/agents"):
                assert words in (await client.get(path, headers=HTML)).text, path
            await house.held.journal.durable()
            parts = house.held.agents.lives()
            assert count_agents(parts, {}).words == words

    asyncio.run(look())


def test_a_person_gets_a_page_of_a_problem_and_a_program_gets_its_details(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            page = await client.get("/nowhere<script>", headers=HTML)
            assert page.status_code == 404
            assert "Page not found" in page.text
            assert "<script>" not in page.text.partition("<main")[2].partition("</main")[0]
            program = await client.get("/nowhere")
            assert program.headers["content-type"] == "application/problem+json"
            part = await client.get("/nowhere", headers={**HTML, "HX-Request": "true"})
            assert part.headers["content-type"] == "application/problem+json"

    asyncio.run(look())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_840_213, "$1.84"),
        (0, "$0.00"),
        (9_999, "<$0.01"),
        (-1_500_000, "-$1.50"),
        (12_345_678_900_000, "$12\u202f345\u202f678.90"),
        (None, "unknown"),
    ],
)
def test_money_in_lists_has_cents(value: int | None, shown: str) -> None:
    assert formats.money(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1_840_213, "$1.840213"), (2_000_000, "$2.00"), (1, "$0.000001")]
)
def test_money_in_detail_is_exact(value: int, shown: str) -> None:
    assert formats.money(value, exact=True) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (870, "870"), (12_900, "12.9 k"), (1_390_000, "1.39 M"), (345_600, "346 k")],
)
def test_tokens_have_three_digits(count: int, shown: str) -> None:
    assert formats.tokens(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.84, "840 ms"),
        (12.44, "12.4 s"),
        (1_104, "18:24"),
        (7_500, "2 h 05 min"),
        (273_600, "3 d 4 h"),
        (-1, "0 ms"),
        (None, "unknown"),
    ],
)
def test_durations_are_read_at_a_glance(seconds: float | None, shown: str) -> None:
    assert formats.duration(seconds) == shown


def test_a_time_ago_has_the_exact_one_on_hover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "now", lambda: 1_000_900.0)
    assert formats.ago(1_000_000.0) == (
        '<time datetime="1970-01-12T13:46:40.000+00:00" title="1970-01-12 13:46:40 UTC" '
        'data-time="ago">15 min</time>'
    )
    assert ">in 1 h<" in formats.ago(1_004_500.0)
    assert formats.ago(0, "none yet") == "<span class='dim'>none yet</span>"


def test_a_diff_is_numbered_on_both_sides() -> None:
    rows = diff_rows("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n\\ No newline\n three\n")
    assert [(row.kind, row.old, row.new, row.text) for row in rows] == [
        ("file", None, None, "x"),
        ("hunk", None, None, "@@ -1,3 +1,3 @@"),
        ("same", 1, 1, "one"),
        ("del", 2, None, "two"),
        ("add", None, 2, "2"),
        ("same", 3, 3, "three"),
    ]


def test_what_is_long_is_cut_and_says_so() -> None:
    assert diff_rows("@@ -1 +1 @@\n" + "+x\n" * ROWS_MAX)[-1].text == "1 more lines"
    assert json_rows("x" * (TEXT_MAX + 8)).endswith("… 10 more characters")


def test_every_state_has_a_glyph_and_a_word() -> None:
    icons = (Path(rendering.__file__).parent / "static/icons.svg").read_text("utf-8")
    glyphs = set(re.findall(r'<symbol id="([^"]+)"', icons))
    assert {look.glyph for look in LOOKS.values()} <= glyphs
    assert {place.icon for place in PLACES} | {action.icon for action in ACTIONS} <= glyphs
    assert look_of("never_seen").word == "Never seen"


MACROS = """
{{ ui.head(x, x) }}{{ ui.kpi(x, x, x, x) }}{{ ui.json([x]) }}{{ ui.code(x) }}{{ ui.who(x) }}
{{ ui.diff("@@ -1 +1 @@\n+" ~ x) }}{{ ui.field("n", x, x, hint=x) }}{{ ui.error(x, x, x, [x]) }}
{{ ui.act("", "/x", x, sure=x, why=x, fields={"a": x}) }}{{ ui.island("graph", {"a": x}) }}
{{ ui.id(x) }}{{ ui.copy(x) }}{{ ui.state(x) }}{{ ui.empty(x, x) }}{{ ui.faults([x]) }}
{{ ui.tag(x) }}{{ ui.banner("ask", x) }}{{ ui.tabs([(x, x, x)], x) }}{{ ui.kv([(x, x)]) }}
{{ ui.choice(x, x, [(x, x)], x, error=x) }}{{ ui.pick(x, x, [x]) }}{{ ui.search(x, x, x) }}
"""


def test_macros_escape_what_they_are_given() -> None:
    text = _rendered(MACROS, x="<b \"'>")
    assert "<b " not in text
    assert not re.search(r'="[^"]*"\'', text)


def _rendered(source: str, **values: Any) -> str:
    found: str = rendering._templates().from_string(source).render(**values)
    return found


def test_a_form_keeps_what_was_typed_and_says_what_does_not_fit() -> None:
    text = _rendered("{{ ui.field('goal', 'Goal', 'as typed', error='Too short.') }}")
    assert 'value="as typed"' in text
    assert 'aria-invalid="true" aria-describedby="f-goal-e"' in text
    assert 'id="f-goal-e"' in text


def test_a_gauge_without_a_cap_claims_nothing() -> None:
    text = _rendered("{{ ui.gauge(5, 0, none) }}")
    assert "no cap" in text
    assert "<rect" not in text
    assert 'width="100%"' not in _rendered("{{ ui.gauge(5, 1, 10) }}")
    assert 'data-tone="bad"' in _rendered("{{ ui.gauge(9, 1, 10) }}")


def test_no_template_asks_for_what_the_policy_forbids() -> None:
    folder = Path(rendering.__file__).parent / "templates"
    for path in folder.rglob("*.html"):
        text = re.sub(r"{#.*?#}", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r'\sstyle="|\son[a-z]+="|hx-on|javascript:', text), path
        assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text), path
        assert "|safe" not in text.replace(" ", ""), path


def test_the_kitchen_is_whole() -> None:
    source = KITCHEN.read_text("utf-8")
    used = set(re.findall(r"ui\.(\w+)", source))
    made = set(vars(rendering._templates().globals["ui"]))
    assert used <= made
    assert isinstance(_rendered("{{ ui.icon('runs') }}"), str)
    assert Markup(_rendered("{{ ui.tag('x') }}"))
