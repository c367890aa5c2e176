"""Agents, schedules, costs, prices and the emergency stop, through the API and on the pages."""

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from missioncontrol.application.elevations import ElevationWished
from tests.console.governed import RELEASE, got, waiting
from tests.console.hostile import ALL, PAYLOADS, assert_harmless
from tests.console.houses import House, console_house
from tests.console.running import API, ended, saved

HTML = {"accept": "text/html"}
FORM = {"hx-request": "true"}
PAGES = (
    "/approvals",
    "/approvals/parts/queue",
    "/agents",
    "/agents?view=cards&q=comm",
    "/agents?status=failed",
    "/agents/command",
    "/agents/new",
    "/schedules",
    "/schedules?removed=true",
    "/schedules/new?workflow=release",
    "/schedules/nightly",
    "/schedules/nightly/edit",
    "/schedules/preview?cron=30+2+*+*+*&zone=Europe/Berlin",
    "/schedules/preview?cron=nonsense",
    "/costs",
    "/settings/budgets",
    "/settings/prices",
    "/settings/prices?model=gpt-5",
    "/settings/prices?model=nobody-knows-it",
    "/settings/limits",
)

Story = Callable[[House, httpx.AsyncClient], Awaitable[None]]
QUICK = """\
name: quick
steps:
  say: {agent: command, effects: [reads_files], with: {argv: [echo, hi]}}
"""
NIGHTLY = {
    "name": "nightly",
    "workflow": "release",
    "cron": "30 2 * * *",
    "zone": "Europe/Berlin",
}


def tell(tmp_path: Path, story: Story) -> None:
    """Tell a story with the client of an admin, where `release` is saved."""

    async def run_story() -> None:
        async with console_house(tmp_path) as house, house.client("admin", name="ada") as client:
            await saved(client, RELEASE)
            await story(house, client)

    asyncio.run(run_story())


async def post(client: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    return await client.post(f"{API}{path}", json=body)


def test_every_page_of_governing_is_shown_to_whoever_may_see_it(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        await waiting(house)
        assert (await post(ada, "/schedules", **NIGHTLY)).status_code == 201
        for path in PAGES:
            answer = await ada.get(path, headers=HTML)
            assert answer.status_code == 200, (path, answer.text[:400])
        async with house.client("viewer") as viewer:
            for path in ("/approvals", "/agents", "/schedules", "/costs", "/settings/budgets"):
                page = await viewer.get(path, headers=HTML)
                assert page.status_code == 200
                assert "Configuration" not in page.text
                assert "Set cap" not in page.text
            assert (await viewer.get("/agents/new", headers=HTML)).status_code == 403

    tell(tmp_path, story)


def test_a_schedule_is_added_changed_skipped_paused_run_and_removed(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        made = await post(ada, "/schedules", **NIGHTLY)
        assert made.headers["location"] == f"{API}/schedules/nightly"
        first = made.json()["schedule"]
        assert len(first["next"]) == 10
        assert all(slot["local"][11:16] == "02:30" for slot in first["next"])
        slot = first["next"][0]["at"]
        skipped = (await post(ada, "/schedules/nightly/skip", slot=slot, reason="fair")).json()
        assert skipped["schedule"]["next"][0]["at"] == first["next"][1]["at"]
        assert skipped["past"][0]["data"]["reason"] == "by_hand"
        again = await post(ada, "/schedules/nightly/skip", slot=slot)
        assert again.json()["code"] == "schedule.answered"
        far = await post(ada, "/schedules/nightly/skip", slot=first["next"][5]["at"])
        assert far.json()["code"] == "schedule.bad_slot"
        tag = (await ada.get(f"{API}/schedules/nightly")).headers["etag"]
        change = {"workflow": "release", "cron": "0 9 * * 1", "inputs": {"tag": "v9"}}
        changed = await ada.put(f"{API}/schedules/nightly", json=change, headers={"If-Match": tag})
        assert changed.status_code == 200, changed.text
        assert changed.json()["schedule"]["cron"] == "0 9 * * 1"
        assert changed.json()["schedule"]["inputs"] == {"tag": "v9"}
        stale = await ada.put(f"{API}/schedules/nightly", json=change, headers={"If-Match": tag})
        assert stale.status_code == 412
        paused = await post(ada, "/schedules/nightly/pause", reason="holiday")
        assert paused.json()["schedule"]["status"] == "paused"
        assert paused.json()["schedule"]["next"] == []
        resumed = await post(ada, "/schedules/nightly/resume")
        assert resumed.json()["schedule"]["status"] == "active"
        run = await post(ada, "/schedules/nightly/run", reason="now")
        assert run.status_code == 201
        assert run.headers["location"].endswith(run.json()["run"])
        gone = await ada.delete(f"{API}/schedules/nightly")
        assert gone.status_code == 204
        assert (await got(ada, "/schedules"))["items"][0]["status"] == "removed"

    tell(tmp_path, story)


def test_a_run_of_a_schedule_that_was_changed_belongs_to_whoever_changed_it(
    tmp_path: Path,
) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        await post(ada, "/schedules", **NIGHTLY)
        async with house.client("operator", name="otto") as otto:
            change = {"workflow": "release", "cron": "@daily", "inputs": {"tag": "v2"}}
            changed = await otto.put(f"{API}/schedules/nightly", json=change)
            assert changed.json()["schedule"]["author"] == "user:otto"

    tell(tmp_path, story)


def test_the_preview_tells_what_daylight_saving_does(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        query = {"cron": "30 2 28-31 3 *", "zone": "Europe/Berlin"}
        found = await got(ada, "/schedule-preview", **query)
        assert len(found["next"]) == 10
        assert any(slot["note"] for slot in found["next"])
        bad = await ada.get(f"{API}/schedule-preview", params={"cron": "99 * * * *"})
        assert (bad.status_code, bad.json()["code"]) == (422, "schedule.bad_cron")
        page = await ada.get("/schedules/preview?cron=99+*+*+*+*", headers=FORM)
        assert page.status_code == 200
        assert "Invalid schedule" in page.text

    tell(tmp_path, story)


def test_a_cap_has_three_parts_and_goes_away_again(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        cap = {"scope": "workspace", "period": "day", "cost": 25_000_000, "reason": "enough"}
        answer = await ada.put(f"{API}/budgets", json=cap)
        assert answer.status_code == 200, answer.text
        found = next(
            each
            for each in (await got(ada, "/budgets"))["items"]
            if (each["scope"], each["period"]) == ("workspace", "day")
        )
        assert found["cap"] == {"cost": 25_000_000, "tokens": None}
        assert found["spent"]["cost"] == found["reserved"]["cost"] == 0
        assert found["left"]["cost"] == 25_000_000
        costs = await got(ada, "/costs")
        assert costs["forecasts"][0] == {
            "period": "day",
            "ends": costs["forecasts"][0]["ends"],
            "spent": 0,
            "cost": 0,
            "an_hour": 0.0,
            "cap": 25_000_000,
            "passes": None,
        }
        query = {"scope": "workspace", "period": "day", "reason": "no more"}
        gone = await ada.delete(f"{API}/budgets", params=query)
        assert gone.status_code == 200
        assert all(each["cap"] is None for each in gone.json())
        named = await ada.get(f"{API}/budgets/agent")
        assert (named.status_code, named.json()["code"]) == (422, "budget.bad_scope")

    tell(tmp_path, story)


def test_a_price_is_set_by_whoever_governs_and_told_with_the_reason(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        price = {"input": "2.50", "output": "10", "reason": "our contract"}
        answer = await ada.put(f"{API}/prices/house-model", json=price)
        assert answer.json()["input"] == "2.50"
        known = await got(ada, "/prices/house-model")
        assert (known["actor"], known["reason"]) == ("user:ada", "our contract")
        assert (await got(ada, "/prices/gpt-5"))["source"] == "genai-prices"
        missing = await ada.get(f"{API}/prices/never-heard-of")
        assert missing.status_code == 404
        async with house.client("operator") as otto:
            assert (await otto.put(f"{API}/prices/x", json=price)).status_code == 403

    tell(tmp_path, story)


def test_the_emergency_stop_is_for_operators_and_going_on_is_not(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        async with house.client("operator", name="otto") as otto:
            stopped = await otto.post("/stop", data={"reason": "smoke"}, headers=FORM)
            assert stopped.headers["hx-redirect"] == "/agents#start"
            assert (await got(otto, "/operation"))["stage"] == "stopped"
            page = await otto.get("/agents", headers=HTML)
            assert "smoke" in page.text
            assert (await otto.post("/start", data={"stage": "all"})).status_code == 403
        began = await post(ada, "/runs", workflow="release")
        assert began.status_code == 503
        wrong = await ada.post("/start", data={"stage": "stopped"}, headers=FORM)
        assert wrong.json()["code"] == "form.bad_choice"
        assert (await ada.post("/start", data={"stage": "all"}, headers=FORM)).status_code == 200
        assert (await got(ada, "/operation"))["may_begin"] is True
        empty = await post(ada, "/operation/stop", reason="  ")
        assert empty.json()["code"] == "operation.no_reason"

    tell(tmp_path, story)


def test_a_rate_limit_is_set_and_removed(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        limit = {"kind": "agent", "name": "command", "starts": 5, "reason": "calm"}
        found = await ada.put(f"{API}/limits", json=limit)
        assert found.json()["limits"][0]["starts"] == 5
        gone = await ada.delete(f"{API}/limits", params={"kind": "agent", "name": "command"})
        assert gone.json()["limits"] == []
        again = await ada.delete(f"{API}/limits", params={"kind": "agent", "name": "command"})
        assert again.status_code == 404

    tell(tmp_path, story)


def test_agents_are_told_with_what_they_did_and_steered(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        await saved(ada, QUICK)
        run = (await post(ada, "/runs", workflow="quick")).json()["run"]
        await ended(ada, run)
        found = (await got(ada, "/agents/command"))["agent"]
        assert (found["status"], found["measures"]["executions"]) == ("idle", 1)
        assert found["measures"]["succeeded"] == 1
        assert found["measures"]["seconds_p95"] > 0
        assert found["heard"] >= found["measures"]["since"]
        assert (await got(ada, "/health"))["agents"]["idle"] == len(
            (await got(ada, "/agents"))["items"]
        )
        new = await post(
            ada,
            "/agents",
            name="echoes",
            declared={"kind": "command", "settings": {"argv": ["echo"]}},
            start=False,
        )
        assert new.status_code == 201, new.text
        assert new.json()["agent"]["status"] == "stopped"
        scaled = await post(ada, "/agents/echoes/scale", scale=3, reason="more")
        assert scaled.json()["agent"]["scale"] == 3
        assert [entry["event"] for entry in scaled.json()["history"]] == [
            "agent_scaled",
            "agent_added",
        ]
        assert (await ada.delete(f"{API}/agents/echoes")).status_code == 204
        assert (await ada.get(f"{API}/agents/echoes")).status_code == 404
        bad = await post(ada, "/agents", name="x", declared={"kind": "command", "nonsense": 1})
        assert bad.json()["code"] == "agent.malformed"
        async with house.client("operator") as otto:
            assert (await post(otto, "/agents/command/stop")).status_code == 403

    tell(tmp_path, story)


def test_a_form_that_does_not_fit_comes_back_with_what_was_typed(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        typed = {**NIGHTLY, "cron": "61 * * * *", "reason": "kept as typed", "inputs": "{}"}
        answer = await ada.post("/schedules/new", data=typed, headers=FORM)
        assert answer.status_code == 422
        assert "kept as typed" in answer.text
        assert 'value="nightly"' in answer.text
        assert "61" in answer.text

    tell(tmp_path, story)


def test_a_form_that_somebody_was_faster_than_changes_nothing(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        cap = {"scope": "workspace", "period": "day", "cost": 25_000_000, "reason": "enough"}
        await ada.put(f"{API}/budgets", json=cap)
        await ada.put(f"{API}/prices/house", json={"input": "1", "output": "2", "reason": "x"})
        await post(ada, "/schedules", **NIGHTLY)
        budget = "/settings/budgets?scope=workspace&name=&period=day"
        forms = {
            "/settings/budgets": (budget, {"scope": "workspace", "period": "day", "cost": "30"}),
            "/settings/prices": (
                "/settings/prices?model=house",
                {"model": "house", "input": "3", "output": "4"},
            ),
            "/schedules/nightly/edit": ("/schedules/nightly/edit", {**NIGHTLY, "inputs": "{}"}),
        }
        for where, (page, typed) in forms.items():
            shown = (await ada.get(page, headers=HTML)).text
            [seen] = set(re.findall('name="seen" value="([^"]+)"', shown))
            form = {**typed, "seen": html.unescape(seen), "reason": "a change", "cron": "0 4 * * *"}
            first = await ada.post(where, data=form, headers=FORM)
            assert first.status_code == 200, first.text
            late = await ada.post(where, data={**form, "reason": "a late one"}, headers=FORM)
            assert late.status_code in (412, 422)
            assert "changed since you opened this" in late.text

    tell(tmp_path, story)


def test_a_cap_is_changed_with_what_it_was_in_sight_and_loses_what_is_emptied(
    tmp_path: Path,
) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        cap = {"scope": "agent", "name": "command", "cost": 25_500_000, "tokens": 7, "reason": "x"}
        assert (await ada.put(f"{API}/budgets", json=cap)).status_code == 200
        query = {"scope": "agent", "name": "command", "period": "total"}
        page = (await ada.get("/settings/budgets", params=query, headers=HTML)).text
        assert 'value="25.50"' in page
        [seen] = re.findall('name="seen" value="([^"]+)"', page)
        form = {**query, "seen": html.unescape(seen), "cost": "", "tokens": "9", "reason": "less"}
        assert (await ada.post("/settings/budgets", data=form, headers=FORM)).status_code == 200
        found = await got(ada, "/budgets/agent", name="command")
        assert found[0]["cap"] == {"cost": None, "tokens": 9}

    tell(tmp_path, story)


def test_the_tag_of_a_budget_tells_what_is_spent_and_a_change_does_not_ask_for_it(
    tmp_path: Path,
) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        cap = {"scope": "workspace", "cost": 25_000_000, "reason": "enough"}
        await ada.put(f"{API}/budgets", json=cap)
        tag = (await ada.get(f"{API}/budgets/workspace")).headers["etag"]
        known = {"If-None-Match": tag}
        assert (await ada.get(f"{API}/budgets/workspace", headers=known)).status_code == 304
        spent_since = {"If-Match": f'{tag[:-5]}0000"'}
        changed = await ada.put(f"{API}/budgets", json=cap | {"cost": 1}, headers=spent_since)
        assert changed.status_code == 200, changed.text
        stale = await ada.put(f"{API}/budgets", json=cap, headers={"If-Match": tag})
        assert stale.status_code == 412

    tell(tmp_path, story)


def test_somebody_who_is_late_is_told_what_differs_from_what_they_saw(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del ada
        approval = await waiting(house, "v1")
        async with (
            house.client("approver", name="ann") as ann,
            house.client("approver", name="bob") as bob,
        ):
            shown = await got(ann, f"/approvals/{approval}")
            wanted = {"inputs": {"argv": ["echo", "v2"]}, "reason": "the other tag"}
            await post(bob, f"/approvals/{approval}/request-changes", **wanted)
            for _ in range(200):
                if (await got(ann, "/approvals"))["items"]:
                    break
                await asyncio.sleep(0.02)
            answer = await ann.post(
                f"/approvals/{approval}/approve",
                data={"digest": shown["digest"], "reason": "typed with care"},
                headers=FORM,
            )
            assert answer.status_code == 422
            assert "Your decision was not recorded" in answer.text
            assert "inputs.argv" in answer.text
            assert "v2" in answer.text

    tell(tmp_path, story)


def test_the_page_of_an_approval_shows_hidden_characters_and_runs_no_markup(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        tag = "<script>alert(1)</script>\u202egpj.exe p\u0430ypal"
        approval = await waiting(house, tag)
        shown = await got(ada, f"/approvals/{approval}")
        assert {each["oddity"]["kind"] for each in shown["suspicious"]} == {
            "bidirectional",
            "lookalike",
        }
        page = (await ada.get(f"/approvals/{approval}", headers=HTML)).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩" in page
        assert "CYRILLIC SMALL LETTER A" in page

    tell(tmp_path, story)


def test_an_elevation_is_shown_with_the_time_left_and_runs_no_markup(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        new = await post(ada, "/agents", name="wide", declared={"kind": "codex"}, start=False)
        assert new.status_code == 201, new.text
        office = house.held.command_bus
        ask = ElevationWished("ask", "wide", ALL[:1_500], ("network",), seconds=7_200.0)
        await office.do(ask, "user:ann")
        page = (await ada.get("/agents/wide", headers=HTML)).text
        assert "ann requests elevation: network" in page
        assert_harmless(page)
        await office.do(ElevationWished("approve", "wide", elevation="elevation-1"), "user:ben")
        for path in ("/agents/wide", "/agents"):
            page = (await ada.get(path, headers=HTML)).text
            assert "levated: network" in page
            assert_harmless(page)
        agent = (await got(ada, "/agents/wide"))["agent"]
        assert agent["elevation"]["by"] == "user:ben"
        assert agent["elevation_asked"] is None

    tell(tmp_path, story)


def test_hostile_texts_of_agents_and_people_run_nowhere_on_these_pages(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        title = json.dumps(" ".join(PAYLOADS[:6]))
        approval = await waiting(house, ALL, text=RELEASE.replace("Publish the tag", title))
        why = ALL[:1_500]
        declared = {"kind": "command", "settings": {"argv": ["echo", ALL]}, "description": ALL}
        new = await post(ada, "/agents", name="x", declared=declared, start=False, reason=why)
        assert new.status_code == 201, new.text
        await post(ada, "/schedules", **NIGHTLY, inputs={"tag": ALL}, reason=why)
        await post(ada, "/schedules/nightly/pause", reason=why)
        cap = {"scope": "workflow", "name": PAYLOADS[0], "cost": 1, "reason": why}
        assert (await ada.put(f"{API}/budgets", json=cap)).status_code == 200
        limit = {"kind": "actor", "name": PAYLOADS[2], "starts": 5, "reason": "calm"}
        assert (await ada.put(f"{API}/limits", json=limit)).status_code == 200
        price = {"input": "1", "output": "1", "reason": why}
        assert (await ada.put(f"{API}/prices/house-model", json=price)).status_code == 200
        async with house.client("approver", name="ann") as ann:
            until = (await got(ann, f"/approvals/{approval}"))["requested"] + 600
            await post(ann, f"/approvals/{approval}/defer", until=until, reason=why)
        await post(ada, "/operation/stop", reason=why)
        for path in (*PAGES, f"/approvals/{approval}", "/agents/x"):
            answer = await ada.get(path, headers=HTML)
            assert answer.status_code == 200, path
            assert_harmless(answer.text)

    tell(tmp_path, story)
