"""The pages of the cockpit over a product that has events: what they show, keep and hand out."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from missioncontrol.application.analytics.alerts import WATCHER, FindingsTaken
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.principal import Asking
from missioncontrol.interfaces.web.pages import cockpit
from tests.application.parts import StandingClock
from tests.console.houses import House, console_house
from tests.console.test_analytics import API, SHOP, event, keep
from tests.console.test_cockpit_pages import fallen

DAYS = {"product": "shop", "since": "2026-11-17", "until": "2026-11-21"}
ASKED = {"asked": "1", **DAYS}
SOURCES = re.compile(r'href="(/cockpit/people\?[^"]+)"[^>]*>([0-9]+)<')

Told = Callable[[House, httpx.AsyncClient], Awaitable[None]]


def told(root: Path, *stories: Told) -> None:
    async def scenario() -> None:
        async with console_house(root) as house, house.client("admin") as client:
            clock = StandingClock()
            clock.time = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
            house.console.analytics.clock = clock  # The events are of fixed days.
            await client.post(f"{API}/products", json={**SHOP, "zone": "UTC"})
            for name in ("ann", "ben", "cleo"):
                await keep(house, event(name, "signup"))
            await keep(house, event("eve", "signup", -96.0))
            await keep(house, event("eve", "visit", -300.0))  # Data before the days before.
            await keep(house, event("ann", "order", 1.0), event("ben", "order", 3.0))
            await keep(house, event("ben", "left", 2.0))
            for story in stories:
                await story(house, client)

    asyncio.run(scenario())


async def shown(client: httpx.AsyncClient, path: str, **fields: Any) -> str:
    answer = await client.get(f"{path}?{urlencode(fields, doseq=True)}" if fields else path)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def as_many_as(client: httpx.AsyncClient, page: str) -> int:
    """Open the list behind every count of a page, and return how many there were."""
    links = set(SOURCES.findall(page))
    for url, count in links:
        people = await shown(client, url)
        assert re.search(rf"<b>{count} (people are|person is)", people), (count, url)
    return len(links)


async def asked_with_what_must_not_happen_and_of_whom(
    house: House, client: httpx.AsyncClient
) -> None:
    steps = {"step": ["signup", "order"], "within": ["", "1d"]}
    page = await shown(client, "/cockpit/funnel", **ASKED, **steps)
    assert "2 of 3 reached order" in page
    without = {"exclude": ["left"], "exclude_after": ["1"], "exclude_before": [""]}
    page = await shown(client, "/cockpit/funnel", **ASKED, **steps, **without)
    assert "1 of 3 reached order" in page
    assert 'value="left"' in page
    who = {"deed": "left", "who": "not", "in": "range"}
    page = await shown(client, "/cockpit/funnel", **ASKED, **steps, **who)
    assert "1 of 2 reached order" in page
    assert "People who did not left in these days" in page
    assert await as_many_as(client, page) > 2
    [dropped] = re.findall(r'href="([^"]+)" aria-label="Remove People who did not', page)
    assert "2 of 3 reached order" in await shown(client, dropped)


async def kept_where_it_can_not_be_asked(house: House, client: httpx.AsyncClient) -> None:
    query = {**ASKED, "step": ["signup", "order"], "within": ["", "soon"], "constant": "cart"}
    answer = await client.get(f"/cockpit/funnel?{urlencode(query, doseq=True)}")
    assert answer.status_code == 422
    assert "no time such as 7d" in answer.text
    for value in ('value="order"', 'value="soon"', 'value="cart"'):
        assert value in answer.text


async def counted_beside_the_days_before(house: House, client: httpx.AsyncClient) -> None:
    days = {"product": "shop", "since": "2026-11-19", "until": "2026-11-21"}
    page = await shown(client, "/cockpit", **days, whole=1)
    assert page.count("data-loaded") == len(cockpit.PARTS)
    assert re.search(r'<time data-updated datetime="20[0-9T:-]+Z">[0-9:]{8}</time>', page)
    funnel = await shown(client, "/cockpit/panels/funnel", **days)
    assert ", whole days" in funnel
    assert await as_many_as(client, funnel) >= 2
    figures = await shown(client, "/cockpit/panels/figures", **days, **{"as": "absolute"})
    assert "as=absolute" in figures
    trend = {"event": ["signup"], "count": ["people"]}
    page = await shown(client, "/cockpit/trends", **{**ASKED, **days}, **trend)
    assert "Sign-up, before" in page
    assert await as_many_as(client, page) >= 2


async def told_of_a_segment_that_nobody_meets(house: House, client: httpx.AsyncClient) -> None:
    about = {**DAYS, "where": "plan=team"}
    summary = await shown(client, "/cockpit/panels/summary", **about)
    assert "No event has plan=team</b>" in summary
    assert "No significant changes" not in summary
    assert "0 open, for all people" in await shown(client, "/cockpit/panels/alerts", **about)
    assert "for all people" not in await shown(client, "/cockpit/panels/alerts", **DAYS)
    for name, words in (("active", "No active users"), ("conversion", "No entries")):
        panel = await shown(client, f"/cockpit/panels/{name}", **about)
        assert f"{words} in this period" in panel
        assert "data-island" not in panel


async def handed_out_as_files(house: House, client: httpx.AsyncClient) -> None:
    for name, column in (("summary", "part"), ("figures", "figure"), ("alerts", "alert")):
        answer = await client.get(f"/cockpit/csv?product=shop&panel={name}")
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.text.startswith(f"{column},")
        assert f"shop-{name}.csv" in answer.headers["content-disposition"]
    assert (await client.get("/cockpit/csv?product=shop&panel=funnel")).status_code == 404


async def kept_where_nobody_can_be_meant(house: House, client: httpx.AsyncClient) -> None:
    query = {**ASKED, "event": "signup", "where": ["plan", "price>=10"]}
    answer = await client.get(f"/cockpit/active?{urlencode(query, doseq=True)}")
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert "'plan' is no condition" in page
    assert page.count('name="where" value="') == 2
    assert 'value="price>=10"' in page


async def asked_as_of_a_moment(house: House, client: httpx.AsyncClient) -> None:
    funnel = (
        '{"measure":"funnel","product":"shop","range":{"since":"2026-11-17","until":'
        '"2026-11-21"},"steps":[{"pattern":{"event":"signup"}},{"pattern":{"event":"order"}}]}'
    )
    then = await shown(client, "/cockpit/funnel", q=funnel, as_of="2026-11-20T14:00:00Z")
    assert "1 of 3 reached order" in then
    assert "run with current data" in then
    assert "2 of 3 reached order" in await shown(client, "/cockpit/funnel", q=funnel)
    bad = await client.get(f"/cockpit/funnel?{urlencode({'q': funnel, 'as_of': 'soon'})}")
    assert bad.status_code == 422


async def measured_by_its_own_words(house: House, client: httpx.AsyncClient) -> None:
    page = await shown(client, "/cockpit/products/shop")
    assert "defaults of definition kpis" in page
    assert 'value="onboarding_complete"' in page
    form = {"step": ["signup", "order"], "within": ["", "1d"], "activated_at": "2"}
    url = "/cockpit/products/shop/measures"
    done = await client.post(url, data={**form, "actions": "order", "active": "visit"})
    assert done.status_code == 303, done.text
    page = await shown(client, "/cockpit/products/shop")
    assert "customised for this product" in page
    funnel = await shown(client, "/cockpit/panels/funnel", **DAYS)
    assert "<b>order</b>" in funnel
    assert "onboarding" not in funnel
    bad = await client.post(url, data={**form, "activated_at": "7"})
    assert bad.status_code == 422
    assert "none of the 2 steps" in bad.text
    own = "/cockpit/products/mission-control"
    form = {"step": "mission_created", "within": "", "activated_at": "1", "active": "mission_run"}
    assert (await client.post(f"{own}/measures", data=form)).status_code == 303
    assert 'value="mission_run"' in await shown(client, own)


async def kept_as_cohorts(house: House, client: httpx.AsyncClient) -> None:
    page = await shown(
        client, "/cockpit/trends", **ASKED, event="signup", count="people", did="left"
    )
    assert "Save as a cohort" in page
    [question] = set(re.findall(r'name="q" value="({.*?})"', page))
    done = await client.post("/cockpit/people/cohort", data={"q": question, "name": "Leavers"})
    assert done.headers["location"] == "/cockpit?product=shop&cohort=leavers"
    page = await shown(client, "/cockpit/products/shop")
    assert "people who did left in the last 5 days" in page
    funnel = await shown(client, "/cockpit/panels/funnel", **DAYS, cohort="leavers")
    assert "1 started" in funnel
    gone = {"product": "shop", "cohort": "leavers"}
    assert (await client.post("/cockpit/people/cohort/remove", data=gone)).status_code == 303
    assert "Leavers" not in await shown(client, "/cockpit/products/shop")


async def too_long(house: House, client: httpx.AsyncClient) -> None:
    analyst = await house.console.analytics.analyst()

    async def slow(question: Any, *, as_of: Any = None) -> Any:
        raise Unavailable("analytics.slow", "The question took longer than 20 s.")

    analyst.answer = slow  # type: ignore[method-assign]
    answer = await client.get("/cockpit/paths?product=shop&asked=1&anchor=&within=1d")
    assert answer.status_code == 503
    assert "every event would start its own path" in answer.text
    assert "Query the last 7 days" in answer.text
    panel = await client.get("/cockpit/panels/retention?product=shop")
    assert "data-broken" in panel.text
    assert "data-loaded" in (await client.get("/cockpit/panels/alerts?product=shop")).text


async def said_in_the_bar_and_not_understood(_: House, client: httpx.AsyncClient) -> None:
    page = await shown(client, "/cockpit", product="shop", where="plan=", days="14")
    assert 'role="alert"' in page
    assert 'name="where" value="plan="' in page, "what was typed is kept"
    assert 'id="p-funnel"' in page, "the page is there all the same"


def test_questions_are_asked_with_all_that_a_form_offers(tmp_path: Path) -> None:
    told(
        tmp_path,
        asked_with_what_must_not_happen_and_of_whom,
        said_in_the_bar_and_not_understood,
        kept_where_it_can_not_be_asked,
        kept_where_nobody_can_be_meant,
        asked_as_of_a_moment,
    )


def test_panels_count_what_their_lists_hold_and_are_files_and_fail_alone(tmp_path: Path) -> None:
    told(
        tmp_path,
        counted_beside_the_days_before,
        handed_out_as_files,
        told_of_a_segment_that_nobody_meets,
        kept_as_cohorts,
        measured_by_its_own_words,
        too_long,
    )


def test_who_removes_somebody_is_told_where_an_id_of_theirs_still_stands(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json={**SHOP, "zone": "UTC"})
            await keep(house, event("qa-7", "signup"), event("ben", "signup"))
            without = {"people": ["qa-7"]}
            await client.put(f"{API}/products/shop/exclusions", json=without)
            url = "/cockpit/products/shop/forget"
            response = await client.post(url, data={"person": "qa-7", "reason": "asked for"})
            assert response.status_code == 200
            assert "still contain an id of the person" in response.text
            assert "Web shop" in response.text
            silent = await client.post(url, data={"person": "ben", "reason": "asked for"})
            assert silent.status_code == 303

    asyncio.run(scenario())


def test_the_heat_map_frames_what_an_open_alert_names(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json={**SHOP, "zone": "UTC"})
            await keep(house, event("ann", "signup", -24.0 * 14), event("ann", "order"))
            began = date(2026, 11, 6)
            asked = {"measure": "retention", "product": "shop", "start": {"event": "signup"}}
            asked |= {"back": {}, "range": {"since": "2026-11-01", "until": "2026-11-22"}}
            known = msgspec.structs.replace(
                fallen("open").reading, since=began, until=began, question=asked
            )
            console = house.console
            asking = Asking("watch-shop", (), "token", "console", "")
            found = msgspec.to_builtins(FindingsTaken("shop", (known,)))
            await console.line.ask("FindingsTaken", found, WATCHER, asking)
            await console.present.catch_up()
            panel = await shown(client, "/cockpit/panels/retention", product="shop")
            assert panel.count("person, has an alert</span>") == 1
            assert "framed: has an alert" in panel
            alert = re.search(r'class="mark" href="([^"]+)"', panel)
            assert alert is not None
            assert "D7 retention fell" in await shown(client, alert[1])
            segment = {"product": "shop", "where": "plan=team"}
            assert "framed" not in await shown(client, "/cockpit/panels/retention", **segment)

    asyncio.run(scenario())


def test_a_saved_funnel_stands_beside_the_days_before(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json={**SHOP, "zone": "UTC"})
            await keep(house, event("ann", "signup"), event("eve", "signup", -96.0 - 72.0))
            await keep(house, event("eve", "visit", -300.0))
            steps = [{"pattern": {"event": "signup"}}]
            days = {"since": DAYS["since"], "until": DAYS["until"]}
            asked = {"measure": "funnel", "product": "shop", "range": days, "steps": steps}
            panels = [{"title": "Sign-ups", "question": asked}]
            saved = {"name": "Daily", "panels": panels}
            done = await client.put(f"{API}/products/shop/dashboards/daily", json=saved)
            assert done.is_success, done.text
            at = "/cockpit/dashboards/daily/panels/0"
            panel = await shown(client, at, product="shop")
            assert "compared with 10 Nov\N{EN DASH}14 Nov" in panel
            assert "Previous" in panel
            assert await as_many_as(client, panel) == 2

    asyncio.run(scenario())


def test_a_product_of_other_events_is_shown_by_what_its_people_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json={**SHOP, "zone": "UTC"})
            for name in ("ann", "ben", "cleo"):
                await keep(house, event(name, "visit"))
            await keep(house, *(event("ann", "order", 1.0 + at) for at in range(5)))
            for path in ("/cockpit/funnel", "/cockpit/retention", "/cockpit/trends"):
                page = await shown(client, path, product="shop", days="30")
                assert "Web shop sent no step of the activation funnel in its last" in page
                assert 'value="visit"' in page
                assert 'value="signup"' not in page
            funnel = await shown(client, "/cockpit/funnel", product="shop", days="30")
            assert "1 of 3 reached order, 33.3 %" in funnel
            for name in ("funnel", "conversion", "retention"):
                panel = await shown(client, f"/cockpit/panels/{name}", product="shop", days="30")
                assert "No entries in this period" not in panel, name
                assert name == "retention" or await as_many_as(client, panel)
            figures = await shown(client, "/cockpit/panels/figures", product="shop")
            assert figures.count("set the activation funnel") == 2
            assert "Set the activation funnel" in await shown(
                client, "/cockpit/panels/funnel", product="shop"
            )
            page = await shown(client, "/cockpit/products/shop")
            assert "proposed, not saved" in page
            form = {"step": ["visit", "order"], "within": ["", "7d"], "activated_at": "2"}
            url = "/cockpit/products/shop/measures"
            assert (await client.post(url, data=form)).status_code == 303
            assert "customised for this product" in await shown(client, "/cockpit/products/shop")
            assert "No step of the activation" not in await shown(
                client, "/cockpit/funnel", product="shop"
            )

    asyncio.run(scenario())
