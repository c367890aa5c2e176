"""Products, their questions and the people behind each count, over the API."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.ports.warehouse import Captured
from tests.console.houses import House, console_house

API = "/api/v1"
SHOP = {"slug": "shop", "name": "Web shop", "zone": "Europe/Zurich"}
RANGE = {"since": "2026-11-17", "until": "2026-11-23"}
FUNNEL: dict[str, Any] = {
    "measure": "funnel",
    "product": "shop",
    "range": RANGE,
    "steps": [
        {"pattern": {"event": "signup"}},
        {"pattern": {"event": "order"}, "within": 86_400},
    ],
}
NOON = 1_795_176_000  # 2026-11-20, 12:00 UTC


def event(person: str, name: str, hours: float = 0.0) -> Captured:
    """Return what a person did, so many hours after noon."""
    at = int((NOON + hours * 3_600) * 1_000_000)
    return Captured(f"{person}-{name}", name, at, at, "web", person)


async def keep(house: House, *events: Captured) -> None:
    analyst = await house.console.analytics.analyst()
    await analyst.aside(lambda: analyst.warehouse.store("shop", events))


def test_a_product_is_added_changed_and_measured_by_its_own_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            assert not house.console.analytics.is_open
            made = await client.post(f"{API}/products", json=SHOP)
            assert made.status_code == 201
            assert made.headers["location"] == f"{API}/products/shop"
            assert (await client.post(f"{API}/products", json=SHOP)).status_code == 409
            listed = (await client.get(f"{API}/products")).json()["items"]
            assert [each["slug"] for each in listed] == ["shop", "mission-control"]
            assert [each["is_own"] for each in listed] == [False, True]

            at = f"{API}/products/shop"
            tag = (await client.get(at)).headers["etag"]
            change = {"retention_days": 400, "week_starts": "sunday"}
            response = await client.patch(at, json=change, headers={"if-match": tag})
            assert response.json()["retention_days"] == 400
            late = await client.patch(at, json=change, headers={"if-match": tag})
            assert late.status_code == 412
            bad = await client.patch(at, json={"zone": "Atlantis"})
            assert bad.json()["code"] == "analytics.bad_zone"
            without = {"people": ["*@example.com"], "properties": [["plan", "internal"]]}
            response = await client.put(f"{at}/exclusions", json=without)
            assert response.json()["exclusions"] == {"bots": True, **without}

            usual = response.json()["key_measures"]
            assert [each["pattern"]["event"] for each in usual["activation"]] == [
                *("signup", "onboarding_complete", "first_key_action", "invite")
            ]
            own = {"activation": FUNNEL["steps"], "actions": ["order"], "active": "visit"}
            response = await client.put(f"{at}/key-measures", json=own)
            assert response.json()["key_measures"]["activated_at"] == 2
            assert response.json()["key_measures"]["actions"] == ["order"]
            assert not house.console.analytics.is_open

    asyncio.run(scenario())


def test_a_write_key_is_shown_once_and_found_by_its_digest(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            at = f"{API}/products/shop/sources"
            body = {"id": "web", "name": "Site", "kind": "browser"}
            made = await client.post(at, json=body)
            assert made.status_code == 201
            key = made.json()["key"]
            shelf = house.console.analytics.products
            found = await shelf.source(key)
            assert found is not None
            assert (found.product, found.source, found.is_internal) == ("shop", "web", False)
            assert await shelf.source("mcw_nobody") is None
            assert await shelf.source("") is None

            log = await house.held.store.read(after=0, limit=1_000)
            assert not any(key.encode() in row.body for row in log)
            [source] = (await client.get(at)).json()["items"]
            assert "digest" not in source

            other = (await client.post(f"{at}/web/key")).json()["key"]
            assert await shelf.source(key) is None
            assert (await client.patch(f"{at}/web", json={"is_internal": True})).is_success
            found = await shelf.source(other)
            assert found is not None
            assert found.is_internal
            gone = await client.delete(f"{at}/web?reason=old")
            assert gone.json()["is_revoked"]
            assert await shelf.source(other) is None
            assert (await client.get(f"{at}/none")).status_code == 404

    asyncio.run(scenario())


def test_an_answer_comes_with_its_people_and_as_a_table(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            await keep(house, event("ann", "signup"), event("ben", "signup"))
            await keep(house, event("ann", "order", 1.0))
            answer = await client.post(f"{API}/analytics/answers", json=FUNNEL)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert [step["reached"] for step in body["steps"]] == [2, 1]
            assert (body["measure"], body["definition"]) == ("funnel", "funnel 1")

            asked = {"question": FUNNEL, "cell": {"step": 1, "state": "converted"}}
            query = {"as_of": body["as_of"]}
            people = await client.post(f"{API}/analytics/members", json=asked, params=query)
            assert people.json()["total"] == 1
            assert [each["label"] for each in people.json()["members"]] == ["ann"]

            file = await client.post(f"{API}/analytics/answers/csv", json=FUNNEL)
            assert file.headers["content-type"].startswith("text/csv")
            assert "all,,,1,signup,2,0,0,1.0" in file.text
            file = await client.post(f"{API}/analytics/members/csv", json=asked)
            assert file.text.splitlines()[1].startswith("ann,")

            then = {"as_of": "2026-11-20T12:30:00Z"}
            early = await client.post(f"{API}/analytics/answers", json=FUNNEL, params=then)
            assert [step["reached"] for step in early.json()["steps"]] == [2, 0]
            for moment in ("0.5", "soon", "0001-01-01T00:00+14:00"):
                query = {"as_of": moment}
                refused = await client.post(f"{API}/analytics/answers", json=FUNNEL, params=query)
                assert refused.json()["code"] == "analytics.bad_moment"
            written = await client.get(f"{API}/products/shop/events")
            assert written.headers["content-type"].startswith("application/jsonl")
            assert len(written.text.splitlines()) == 3
            assert (await client.get(f"{API}/products/none/events")).status_code == 404
            bad = await client.post(f"{API}/analytics/answers", json={**FUNNEL, "steps": []})
            assert bad.status_code == 422
            nothing = {**FUNNEL, "product": "none"}
            assert (await client.post(f"{API}/analytics/answers", json=nothing)).status_code == 404
            odd = {**FUNNEL, "measure": "guess"}
            assert (await client.post(f"{API}/analytics/answers", json=odd)).status_code == 400

    asyncio.run(scenario())


def holding(folder: Path, words: bytes) -> list[Path]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each for each in files if words in each.read_bytes()]


def test_a_removed_person_is_in_no_answer_and_in_no_line_of_the_log(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            await keep(house, event("ann@example.com", "signup"), event("ben", "signup"))
            at = f"{API}/products/shop"
            body = {"person": "ann@example.com", "reason": "asked for"}
            headers = {"idempotency-key": "one"}
            gone = await client.post(f"{at}/forget", json=body, headers=headers)
            assert gone.status_code == 200, gone.text
            assert gone.json()["events"] == 1
            answer = await client.post(f"{API}/analytics/answers", json=FUNNEL)
            assert answer.json()["steps"][0]["reached"] == 1
            log = await house.held.store.read(after=0, limit=1_000)
            types = [row.type for row in log]
            assert types.count("forgetting_begun") == types.count("person_forgotten") == 1
            assert not any(b"ann" in row.body for row in log)
            assert (await client.get(at)).json()["forgotten"] == 1
            unknown = await client.post(f"{at}/forget", json={"person": "nobody"})
            assert unknown.status_code == 404
            assert (await client.get(at)).json()["forgotten"] == 1

            cleared = await client.post(f"{at}/clear", json={"reason": "anew"})
            assert cleared.json()["events"] == 1

            without = {"people": ["ann@example.com"]}
            named = await client.put(f"{at}/exclusions", json=without, headers=headers)
            assert (named.status_code, named.json()["code"]) == (422, "analytics.names_person")
            assert holding(tmp_path, b"ann@example.com") == []
            assert holding(tmp_path, b"forgetting_begun") != []

    asyncio.run(scenario())


def test_cohorts_and_dashboards_are_saved_and_let_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            await keep(house, event("ann", "signup"), event("ben", "signup"))
            await keep(house, event("ann", "order", 1.0))
            at = f"{API}/products/shop"
            buyers = {"name": "Buyers", "segment": {"did": [{"pattern": {"event": "order"}}]}}
            saved = await client.put(f"{at}/cohorts/buyers", json=buyers)
            assert saved.status_code == 200, saved.text
            question = {**FUNNEL, "segment": {"cohorts": ["buyers"]}}
            answer = await client.post(f"{API}/analytics/answers", json=question)
            assert answer.json()["steps"][0]["reached"] in (0, 1)
            assert len((await client.get(f"{at}/cohorts")).json()["items"]) == 1
            assert (await client.delete(f"{at}/cohorts/buyers")).status_code == 204
            answer = await client.post(f"{API}/analytics/answers", json=question)
            assert answer.json()["code"] == "cohort.unknown"

            panels = [{"title": "Orders", "question": FUNNEL, "last_days": 30}]
            body = {"name": "Daily", "panels": panels}
            saved = await client.put(f"{at}/dashboards/daily", json=body)
            assert saved.json()["panels"][0]["title"] == "Orders"
            odd = {"name": "Odd", "panels": [{"title": "Odd", "question": {"measure": "x"}}]}
            assert (await client.put(f"{at}/dashboards/odd", json=odd)).status_code == 422
            assert (await client.delete(f"{at}/dashboards/daily")).status_code == 204
            assert (await client.get(f"{at}/dashboards")).json()["items"] == []

    asyncio.run(scenario())


def test_key_figures_and_changes_name_the_questions_they_come_from(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            await keep(house, event("ann", "signup"), event("ben", "signup"))
            at = f"{API}/products/shop"
            found = (await client.get(f"{at}/kpis", params=RANGE)).json()
            figures = {each["key"]: each for each in found}
            assert list(figures) == ["activated_users", "activation_rate", "dau", "wau"]
            assert figures["activated_users"]["value"] == 0
            assert figures["activation_rate"]["definition"] == "kpis 4"
            asked = figures["activation_rate"]["asked"]
            answer = (await client.post(f"{API}/analytics/answers", json=asked)).json()
            assert answer["question"] == figures["activation_rate"]["question"]
            assert answer["steps"][0]["reached"] == 2
            changed = await client.get(f"{at}/anomalies")
            assert changed.json() == []  # Two events are no reason for alarm.
            years = {"since": "2016-01-01", "until": "2026-11-20"}
            assert (await client.get(f"{at}/kpis", params=years)).status_code == 200
            too_long = {"since": "1900-01-01", "until": "2026-11-20"}
            assert (await client.get(f"{at}/kpis", params=too_long)).status_code == 422

    asyncio.run(scenario())


def test_definitions_say_what_every_figure_means(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            found: list[dict[str, Any]] = (await client.get(f"{API}/analytics/definitions")).json()
            assert {each["name"] for each in found} >= {"funnel", "retention", "trend", "paths"}
            assert all(each["wording"] and each["denominators"] for each in found)
            one = await client.get(f"{API}/analytics/definitions/funnel")
            assert one.json()["version"] == 1
            assert (await client.get(f"{API}/analytics/definitions/x")).status_code == 404

    asyncio.run(scenario())


def test_the_page_says_what_still_has_an_id_of_who_is_removed_and_takes_limits(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post(f"{API}/products", json=SHOP)
            await keep(house, event("qa-7", "signup"), event("ben", "signup"))
            without = {"people": ["qa-7"]}
            await client.put(f"{API}/products/shop/exclusions", json=without)
            at = "/cockpit/products/shop"
            response = await client.post(f"{at}/forget", data={"person": "qa-7"})
            assert "still contain an id of the person" in response.text
            assert (
                "The event log contains an id of the person in product_exclusions_changed of"
                in response.text
            )
            response = await client.post(f"{at}/forget", data={"person": "ben"})
            assert "still contain an id of the person" not in response.text

            settings = {"name": "Shop", "zone": "UTC", "retention_days": "0", "events_max": "9"}
            await client.post(f"{at}/settings", data=settings)
            limits = (await client.get(f"{API}/products/shop")).json()["limits"]
            assert (limits["events_max"], limits["megabytes_max"]) == (9, 50_000)
            bad = await client.post(f"{at}/settings", data={**settings, "events_max": "many"})
            assert (bad.status_code, "is not a number" in bad.text) == (422, True)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("role", "path", "body"),
    [
        ("operator", "products", SHOP),
        ("viewer", "products/mission-control/forget", {"person": "ann"}),
        ("approver", "products/mission-control/clear", {}),
    ],
)
def test_what_is_measured_is_for_those_who_govern(
    tmp_path: Path, role: Any, path: str, body: Any
) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client(role) as client:
            content = msgspec.json.encode(body)
            refused = await client.post(f"{API}/{path}", content=content)
            assert refused.status_code == 403

    asyncio.run(scenario())
