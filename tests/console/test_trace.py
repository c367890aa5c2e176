"""The trace through the console: its graph, its gaps, who waives them, and who sees to a risk."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.queries import run_outcome
from tests.console.hostile import ALL
from tests.console.hostile_mission import MISSION, write_hostile_mission
from tests.console.houses import console_house
from tests.console.mission_house import ended, small_repository

API = "/api/v1"
SAID = "Add discount codes in Redis to the cart. We sell tea by the pound."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home in which one mission was planned and carried out."""
    root = tmp_path_factory.mktemp("trace")
    repository = small_repository(root)

    async def work() -> str:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": SAID, "repository": str(repository), "constraints": ["Keep Cart"]}
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            await ended(house, begun["run"])
            return str(begun["mission"])

    return root, asyncio.run(work())


def look(home: tuple[Path, str], check: Any, *roles: Any) -> None:
    root, mission = home

    async def ask() -> None:
        async with console_house(root) as house, house.client(*(roles or ("viewer",))) as client:
            await check(house, client, f"{API}/missions/{mission}")

    asyncio.run(ask())


def test_an_ordinary_mission_has_a_whole_trace_and_is_not_completed(home: Any) -> None:
    async def check(_: Any, client: Any, at: str) -> None:
        body = (await client.get(f"{at}/trace/check")).json()
        assert body["gaps"] == []
        assert body["is_clean"]
        assert not body["is_completed"]
        assert {each["state"] for each in body["undone"]} == {"handed_over"}
        assert "handed over and not done" in body["lacking"]
        view = (await client.get(at)).json()
        assert (view["status"], view["run_status"]) == ("ready_to_build", "succeeded")
        assert view["trace"]["lacking"] == body["lacking"]
        (line,) = (await client.get(f"{API}/missions")).json()["items"]
        left = len(body["undone"])
        assert line["lacking"] == f"{left} of {body['tasks']} tasks not done here"

    look(home, check)


def test_everything_in_the_graph_leads_back_to_the_goal(home: Any) -> None:
    async def check(_: Any, client: Any, at: str) -> None:
        answer = await client.get(f"{at}/trace")
        body = answer.json()
        graph = body["graph"]
        above: dict[str, list[str]] = {}
        for edge in graph["edges"]:
            above.setdefault(edge["target"], []).append(edge["source"])
            assert edge["why"].endswith((".", ")", "”", "…")), edge
        for node in graph["nodes"]:
            seen, todo = {node["id"]}, [node["id"]]
            while todo:
                todo += [one for one in above.get(todo.pop(), ()) if one not in seen]
                seen |= set(todo)
            assert "goal" in seen, node
        kinds = {node["kind"] for node in graph["nodes"]}
        assert kinds >= {"goal", "sentence", "constraint", "background", "requirement", "task"}
        assert kinds >= {"risk", "artifact", "file"}
        assert [row["requirement"] for row in body["matrix"]] == ["R1", "R2"]
        etag = answer.headers["etag"]
        again = await client.get(f"{at}/trace", headers={"if-none-match": etag})
        assert again.status_code == 304

    look(home, check)


def test_who_is_named_for_a_risk_sees_to_it_from_then_on(home: Any) -> None:
    async def check(_: Any, client: Any, at: str) -> None:
        answer = await client.put(f"{at}/risks/K1/owner", json={"owner": "Jonas Weber"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["is_new"]
        again = await client.put(f"{at}/risks/K1/owner", json={"owner": "Jonas  Weber"})
        assert not again.json()["is_new"]
        body = (await client.get(f"{at}/trace")).json()
        assert body["owners"][0]["owner"] == "Jonas Weber"
        assert body["owners"][0]["assigned_by"].startswith("user:")
        for risk, owner, status in (("K99", "Jonas", 404), ("K1", " ", 422), ("K1", "…", 422)):
            answer = await client.put(f"{at}/risks/{risk}/owner", json={"owner": owner})
            assert answer.status_code == status, answer.text

    look(home, check, "operator")


def test_what_is_no_gap_is_not_waived_and_not_by_whoever_may_not(home: Any) -> None:
    async def check(_: Any, client: Any, at: str) -> None:
        asked = {"gap": "risk.unowned:K1", "reason": "It is small."}
        answer = await client.post(f"{at}/waivers", json=asked)
        assert answer.status_code == 404
        assert answer.json()["code"] == "gap.unknown"
        answer = await client.post(f"{at}/waivers/withdraw", json=asked)
        assert answer.json()["code"] == "waiver.unknown"

    look(home, check, "approver")

    async def refused(_: Any, client: Any, at: str) -> None:
        answer = await client.post(f"{at}/waivers", json={"gap": "x", "reason": "y"})
        assert answer.status_code == 403

    look(home, refused, "operator")


def test_the_page_says_the_same_and_works_without_a_script(home: Any) -> None:
    async def check(house: Any, client: Any, at: str) -> None:
        mission = at.rpartition("/")[2]
        page = await client.get(f"/missions/{mission}?view=plan&show=trace&node=requirement:R1")
        assert page.status_code == 200, page.text
        assert "Traceability complete" in page.text
        assert "Why does this exist?" in page.text
        assert "R1 comes from these words." in page.text
        story = await run_outcome.load_run_report(house.console.present, mission)
        for node in story.reading.trace_graph.nodes:
            answer = await client.get(
                f"/missions/{mission}", params={"view": "plan", "show": "trace", "node": node.id}
            )
            assert answer.status_code == 200, node
        nothing = await client.get(f"/missions/{mission}?view=plan&show=trace&node=nobody")
        assert "Select a node in the graph" in nothing.text

    look(home, check)


def test_gaps_are_waived_and_taken_back_on_the_page_whatever_they_are_called(
    tmp_path: Path,
) -> None:
    write_hostile_mission(tmp_path)

    async def story() -> None:
        async with console_house(tmp_path) as house, house.client("approver") as client:
            at = f"{API}/missions/{MISSION}/trace/check"
            before = (await client.get(at)).json()
            assert {gap["code"] for gap in before["gaps"]} == {
                "task.unsuccessful",
                "risk.unowned",
            }
            for gap in before["gaps"]:
                form = {"gap": gap["id"], "digest": gap["digest"], "reason": f"Known. {ALL[:99]}"}
                answer = await client.post(f"/missions/{MISSION}/waivers", data=form)
                assert answer.status_code == 303, answer.text
            after = (await client.get(at)).json()
            assert after["is_clean"]
            assert not after["is_completed"], "its run failed, whatever is waived"
            assert [gap["id"] for gap in after["waived"]] == [gap["id"] for gap in before["gaps"]]
            page = await client.get(f"/missions/{MISSION}?view=plan&show=trace")
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert page.text.count("Withdraw waiver") == len(before["gaps"])
            view = (await client.get(f"{API}/missions/{MISSION}")).json()
            titles = [each["title"] for each in view["needs_a_person"]]
            assert f"{len(before['gaps'])} gaps of the trace are waived" in titles
            gone = {"gap": before["gaps"][0]["id"], "reason": "No more."}
            answer = await client.post(f"{API}/missions/{MISSION}/waivers/withdraw", json=gone)
            assert answer.status_code == 200, answer.text
            assert len((await client.get(at)).json()["gaps"]) == 1

    asyncio.run(story())
