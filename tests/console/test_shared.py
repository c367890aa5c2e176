"""Links to reports: what they show to their holders, and what they never do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from missioncontrol.application.asks import BeginMission
from missioncontrol.application.missions import Goal
from missioncontrol.application.shares import SHARES, STREAM, ShareRun
from missioncontrol.domain.share import DAY, RevokeShare
from tests.console.doors import BROWSER, Door, closed_door
from tests.console.mission_house import ended

GOAL = "Add discount codes to the cart"
OWN = "Somebody is told of this alone"


def asked(goal: str, *, execute: bool = False, repository: str = "") -> BeginMission:
    return BeginMission(Goal(goal, repository=repository), execute, 4, 60.0, 60.0)


def with_report(
    root: Path, story: Callable[[Door, str, str], Awaitable[None]], *, is_executed: bool = False
) -> None:
    """Tell a story about a mission that has ended: its door, its id and that of its run."""

    async def run_story() -> None:
        async with closed_door(root) as door:
            office, owner = door.house.held.command_bus, f"user:{door.people.owner}"
            begun = await office.do(asked(GOAL, execute=is_executed), owner)
            await ended(door.house, begun["run"])
            await story(door, begun["mission"], begun["run"])

    asyncio.run(run_story())


async def link(door: Door, run: str, seconds: float = DAY, note: str = "") -> str:
    shares, owner = door.house.held.command_bus.shares, f"user:{door.people.owner}"
    made = await shares.make(ShareRun(run, seconds, note), actor=owner)
    await door.house.held.command_bus.journal.durable()
    return str(made.path)


def test_whoever_has_the_link_sees_the_report_without_signing_in(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        async with door.client() as stranger:
            shown = await stranger.get(await link(door, run), headers=BROWSER)
            assert shown.status_code == 200
            assert run in shown.text
            assert GOAL in shown.text
            assert shown.headers["referrer-policy"] == "no-referrer"
            assert "noindex" in shown.headers["x-robots-tag"]
            assert shown.headers["cache-control"] == "no-store"
            assert "sandbox" in shown.headers["content-security-policy"]
            assert "set-cookie" not in shown.headers
            assert "<script" not in shown.text

    with_report(tmp_path, story)


def test_outsiders_see_the_name_of_the_repository_and_not_where_it_lies(tmp_path: Path) -> None:
    place = tmp_path / "people" / "alice" / "bakery"
    (place / "src").mkdir(parents=True)
    (place / "src" / "cart.py").write_text("def add(item):\n    return item\n")

    async def run_story() -> None:
        async with closed_door(tmp_path / "home") as door:
            office, owner = door.house.held.command_bus, f"user:{door.people.owner}"
            begun = await office.do(asked(GOAL, execute=True, repository=str(place)), owner)
            await ended(door.house, begun["run"])
            async with door.client() as stranger:
                shown = await stranger.get(await link(door, begun["run"]), headers=BROWSER)
                assert shown.status_code == 200
                assert "bakery" in shown.text
                assert str(place.parent) not in shown.text

    asyncio.run(run_story())


def test_nothing_else_is_reached_with_it(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run)
        token = path.rpartition("/")[2]
        async with door.client() as stranger:
            await stranger.get(path, headers=BROWSER)
            for where in ("/", f"/missions/{mission}", f"/api/v1/runs/{run}", "/api/v1/shares"):
                assert (await stranger.get(where)).status_code == 401
                carried = {"authorization": f"Bearer {token}"}
                assert (await stranger.get(where, headers=carried)).status_code == 401
            assert (await stranger.get(f"{path}/artifacts")).status_code == 404

    with_report(tmp_path, story)


def test_a_revoked_link_shows_nothing(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run)
        key = path.split("_")[1]
        office, owner = door.house.held.command_bus, f"user:{door.people.owner}"
        await office.shares.revoke(RevokeShare(key, "sent to the wrong one"), actor=owner)
        await office.journal.durable()
        async with door.client() as stranger:
            answer = await stranger.get(path, headers=BROWSER)
            assert answer.status_code == 404
            assert run not in answer.text

    with_report(tmp_path, story)


def test_a_link_ends_at_its_time(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run, seconds=3_600)
        now = door.people.now()
        door.people.now = lambda: now + 3_601
        async with door.client() as stranger:
            assert (await stranger.get(path)).status_code == 404

    with_report(tmp_path, story)


def test_guesses_cost_time_and_no_sign_in(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run)
        guess = f"{path[:-4]}aaaa"
        async with door.client() as stranger:
            seen = [(await stranger.get(guess)).status_code for _ in range(5)]
            assert seen[:3] == [404, 404, 404]
            assert seen[-1] == 429
            assert (await stranger.get(path)).status_code == 429
            signing_in = await stranger.get(f"/sign-in/link?token={door.people.new_link()}")
            assert signing_in.status_code == 303
        async with door.client(address="10.1.1.1") as elsewhere:
            assert (await elsewhere.get(path)).status_code == 200

    with_report(tmp_path, story)


def test_the_log_knows_only_the_digest(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run, note=OWN)
        secret = path.split("_", 2)[2]
        stored = b"".join(row.body for row in await door.house.held.store.read(limit=1_000))
        assert OWN.encode() in stored
        assert secret.encode() not in stored
        shares = await door.house.console.present.find(SHARES, STREAM)
        assert shares is not None

    with_report(tmp_path, story)


def test_the_report_stays_as_it_stood(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        path = await link(door, run)
        async with door.client() as stranger:
            before = (await stranger.get(path)).text
            office, owner = door.house.held.command_bus, f"user:{door.people.owner}"
            again = await office.do(asked("Something else"), owner)
            await ended(door.house, again["run"])
            assert (await stranger.get(path)).text == before

    with_report(tmp_path, story)


async def _created(client: httpx.AsyncClient, **wanted: object) -> httpx.Response:
    return await client.post("/api/v1/shares", json=wanted)


def test_the_api_makes_lists_and_revokes_links(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        async with door.house.client("operator") as operator, door.house.client("viewer") as viewer:
            made = await _created(operator, run=run, note="for the architects")
            assert made.status_code == 201
            body = made.json()
            assert body["path"].startswith("/shared/mcs_")
            (listed,) = (await viewer.get("/api/v1/shares")).json()["items"]
            assert (listed["id"], listed["note"]) == (body["id"], "for the architects")
            assert body["path"].split("_", 2)[2] not in str(listed)
            refused = await _created(viewer, run=run)
            assert refused.status_code == 403
            gone = await operator.delete(f"/api/v1/shares/{body['id']}")
            assert gone.status_code == 204
            assert (await viewer.get(f"/api/v1/shares?run={run}")).json()["items"] == []
            long = await _created(operator, run=run, seconds=91 * DAY)
            assert long.status_code == 400
            unknown = await _created(operator, run="run-none")
            assert unknown.status_code == 404

    with_report(tmp_path, story)


def test_the_api_tells_the_cockpit(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        async with door.house.client("viewer") as viewer:
            body = (await viewer.get(f"/api/v1/missions/{mission}/summary")).json()
            assert body["run"] == run
            assert GOAL in body["outcome"]
            assert body["path"]
            assert {each["how"] for each in body["not_done"]} <= {"handed over", "left open"}
            assert body["evidence"]

    with_report(tmp_path, story, is_executed=True)


def test_the_page_shows_the_cockpit_and_makes_a_link(tmp_path: Path) -> None:
    async def story(door: Door, mission: str, run: str) -> None:
        async with door.house.client("operator") as operator:
            shown = await operator.get(f"/missions/{mission}")
            assert "Next steps" in shown.text
            assert "not done" in shown.text
            at = f"/missions/{mission}?view=documents&document=report"
            assert "Not shared" in (await operator.get(at)).text
            form = {"run": run, "days": "30", "note": "<b>the architects</b>"}
            made = await operator.post(f"/missions/{mission}/share", data=form)
            assert "/shared/mcs_" in made.text
            again = await operator.get(at)
            assert "&lt;b&gt;the architects" in again.text
            assert "mcs_" not in again.text

    with_report(tmp_path, story)
