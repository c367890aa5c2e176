"""What changes in a product becomes an alert by itself, and people see to it."""

import asyncio
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from missioncontrol.app.console_app import watch
from missioncontrol.ports.warehouse import Captured
from tests.console.houses import House, console_house

API = "/api/v1"
DAYS, PEOPLE, ERRORS, MORE = 40, 60, 24, 80


def events(today: datetime) -> list[Captured]:
    """Return days of the same use, with many more errors in the last three."""
    made = []
    for ago in range(1, DAYS + 1):
        noon = today - timedelta(days=ago) + timedelta(hours=12)
        names = [("page_viewed", PEOPLE), ("error", MORE if ago <= 3 else ERRORS)]
        for name, times in names:
            for number in range(times):
                moment = int((noon + timedelta(minutes=number)).timestamp() * 1_000_000)
                made.append(
                    Captured(
                        f"{name}-{ago}-{number}",
                        name,
                        moment,
                        moment,
                        "web",
                        f"u{number % PEOPLE}",
                        properties=properties(
                            number % PEOPLE, is_more=name == "error" and ago <= 3
                        ),
                    )
                )
    return made


def now(house: House) -> datetime:
    return datetime.fromtimestamp(house.console.analytics.clock.now(), UTC)


def properties(person: int, *, is_more: bool) -> bytes:
    """Return what many share, and what names few."""
    plan = "team" if is_more else ("free", "pro", "team")[person % 3]
    return json.dumps({"plan": plan, "contact": f"{person // 3}@example.com"}).encode()


async def measured(house: House, client: Any) -> None:
    assert (
        await client.post(f"{API}/products", json={"slug": "shop", "name": "shop"})
    ).status_code == 201
    analyst = await house.console.analytics.analyst()
    today = datetime.combine(now(house).date(), datetime.min.time(), UTC)
    await analyst.aside(lambda: analyst.warehouse.store("shop", events(today)))


def test_what_changed_is_told_once_and_seen_to_until_it_is_resolved(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await measured(house, client)
            watching = watch(house.console)
            assert await watching.look() == 1
            assert await watching.look() == 0
            at = f"{API}/products/shop/alerts"
            [alert] = (await client.get(at)).json()["items"]
            reading = alert["reading"]
            assert (alert["state"], reading["metric"], reading["is_down"]) == (
                "open",
                "events.error",
                False,
            )
            assert any(each.startswith("plan team") for each in reading["slices"])
            assert "example.com" not in json.dumps(alert)  # What names people explains nothing.
            assert reading["figures"]
            for figure in reading["figures"]:
                asked = await client.post(f"{API}/analytics/answers", json=figure["question"])
                assert asked.status_code == 200, asked.text
            reply = await client.post(f"{at}/{alert['id']}/acknowledge", json={"note": "I look."})
            assert (reply.json()["state"], reply.json()["note"]) == ("acknowledged", "I look.")
            assert (await client.get(f"{at}?state=unresolved")).json()["items"]
            done = await client.post(f"{at}/{alert['id']}/resolve", json={})
            assert done.json()["state"] == "resolved"
            again = await client.post(f"{at}/{alert['id']}/resolve", json={})
            assert (again.status_code, again.json()["code"]) == (409, "alert.resolved")
            assert await watching.look() == 0
            none = await client.get(f"{at}/alert-none")
            assert (none.status_code, none.json()["code"]) == (404, "alert.unknown")

    asyncio.run(scenario())


def test_the_summary_is_made_of_figures_and_leads_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as viewer:
            async with house.client("admin") as client:
                await measured(house, client)
            today = now(house).date()
            days = f"since={today - timedelta(days=30)}&until={today - timedelta(days=1)}"
            found = (await viewer.get(f"{API}/products/shop/summary?{days}")).json()
            assert found["verdict"]["text"].startswith("Error rose by")
            assert [each["metric"] for each in found["changed"]][:1] == ["events.error"]
            assert found["actions"][0]["leads"] == "mission"
            assert (found["written_by"], found["updated"][:10]) == ("", str(today))
            refused = await viewer.post(f"{API}/products/shop/alerts/x/resolve", json={})
            assert refused.status_code == 403
            team = json.dumps({"where": [{"property": "plan", "values": ["team"]}]})
            alone = f"{API}/products/shop/summary?{days}&segment={quote(team)}"
            assert "of the segment alone" in (await viewer.get(alone)).json()["scope"]
            odd = await viewer.get(f"{API}/products/shop/summary?{days}&segment=odd")
            assert (odd.status_code, odd.json()["code"]) == (422, "analytics.bad_segment")

    asyncio.run(scenario())


def test_a_digest_is_written_by_a_run_and_whoever_follows_the_log_hears_of_it(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            async with house.client("admin") as admin:
                await measured(house, admin)
            today = now(house).date()
            days = f"since={today - timedelta(days=30)}&until={today}"
            at = f"{API}/products/shop/summary"
            begun = (await client.post(f"{at}/writing?{days}")).json()
            for _ in range(600):
                run = (await client.get(f"{API}/runs/{begun['run']}")).json()
                if run["status"] in ("succeeded", "failed"):
                    break
                await asyncio.sleep(0.05)
            assert run["status"] == "succeeded", run
            assert run["outputs"]["written_by"] == ""
            summary = (await client.get(f"{at}?{days}")).json()
            assert run["outputs"]["headline"] == summary["verdict"]["text"]
            digests = await house.console.analytics.products.digests("shop")
            assert digests is not None
            [digest] = digests.kept
            assert (digest.run, digest.facts) == (begun["run"], summary["facts"])
            assert digest.text.startswith("# shop: Error rose by")

    asyncio.run(scenario())


def test_an_alert_begins_a_mission_that_is_told_what_changed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "shop.py").write_text("def error(text):\n    raise ValueError(text)\n")
    for line in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", source, *name, *line], check=True)

    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await measured(house, client)
            await watch(house.console).look()
            at = f"{API}/products/shop/alerts"
            [alert] = (await client.get(at)).json()["items"]
            asked = {"repository": str(source), "execute": False}
            begun = await client.post(f"{at}/{alert['id']}/mission", json=asked)
            assert begun.status_code == 201, begun.text
            found = (await client.get(f"{at}/{alert['id']}")).json()
            assert found["missions"] == [[begun.json()["mission"], begun.json()["run"]]]
            mission = (await client.get(f"{API}/missions/{begun.json()['mission']}")).json()
            assert "Find out why error rose in shop since" in mission["goal"]

    asyncio.run(scenario())


def test_nothing_is_opened_where_nothing_was_ever_stored(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house:
            assert await watch(house.console).look() == 0
            assert not house.console.analytics.is_open

    asyncio.run(scenario())
