"""Missions through the console: asked for, listed, shown, repeated, and reported."""

import asyncio
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.asks import CarryOut
from missioncontrol.application.queries import missions, run_outcome
from missioncontrol.application.records import gather
from missioncontrol.documents.report import outcome_sentence, report_json
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage
from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository
from tests.console.running import GREETING, saved
from tests.console.running import begun as started

API = "/api/v1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home in which one mission was planned and carried out."""
    root = tmp_path_factory.mktemp("missions")
    repository = small_repository(root)

    async def work() -> dict[str, str]:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "repository": str(repository), "constraints": ["Keep Cart"]}
            answer = await client.post(f"{API}/missions", json=asked)
            assert answer.status_code == 201, answer.text
            begun: dict[str, str] = answer.json()
            assert answer.headers["location"] == f"{API}/missions/{begun['mission']}"
            await ended(house, begun["run"])
            return begun

    return root, asyncio.run(work())


def look(home: tuple[Path, dict[str, str]], check: Any, *roles: Any) -> None:
    """Have `check(house, client, begun)` look at the home."""
    root, begun = home

    async def ask() -> None:
        async with console_house(root) as house, house.client(*(roles or ("viewer",))) as client:
            await check(house, client, begun)

    asyncio.run(ask())


def test_the_likely_files_stand_on_the_page_and_in_the_api(
    home: tuple[Path, dict[str, str]],
) -> None:
    async def check(_house: House, client: Any, begun: dict[str, str]) -> None:
        body = (await client.get(f"{API}/missions/{begun['mission']}")).json()
        assert [each["requirement"] for each in body["likely"]] == ["R1", "R2"]
        first = body["likely"][0]["files"][0]
        assert (first["path"], first["share"]) == ("src/shop/cart.py", 1.0)
        page = (await client.get(f"/missions/{begun['mission']}?view=plan&show=requirements")).text
        assert "src/shop/cart.py" in page
        assert "ranked without a model" in page.lower()
        assert "Code experts" not in page  # One commit that brought everything in.

    look(home, check)


def test_a_mission_that_has_ended_is_opened_with_what_came_of_it(
    home: tuple[Path, dict[str, str]],
) -> None:
    async def check(_house: House, client: Any, begun: dict[str, str]) -> None:
        address = f"/missions/{begun['mission']}"
        page = (await client.get(address)).text
        assert re.search(r'view=overview" aria-current="page"', page)
        assert 'aria-label="What changes"' in page
        evidence = await client.get(f"{address}?view=documents&document=findings")
        assert 'aria-label="Evidence"' in evidence.text

    look(home, check)


def test_a_mission_says_what_its_report_says(home: tuple[Path, dict[str, str]]) -> None:
    async def check(house: House, client: Any, begun: dict[str, str]) -> None:
        answer = await client.get(f"{API}/missions/{begun['mission']}")
        assert answer.status_code == 200
        body = answer.json()
        present = house.console.present
        record = await gather(present.store, present.output, begun["run"], program="x")
        report = msgspec.json.decode(report_json(record))
        assert body["verdict"] == outcome_sentence(record) == report["outcome"]["sentence"]
        assert body["standing"] == report["outcome"]["standing"]
        assert [each["key"] for each in body["tasks"]] == [one.task.key for one in record.tasks]
        assert [each["state"] for each in body["tasks"]] == [one.state for one in record.tasks]
        assert [each["digest"] for each in body["artifacts"]] == [
            each["digest"] for each in report["artifacts"]
        ]
        assert [each["title"] for each in body["needs_a_person"]] == [
            each["title"] for each in report["needs_a_person"]
        ]
        assert body["stages"][0] == {
            "key": "plan",
            "title": "Plan",
            "state": "succeeded",
            "done": 1,
            "of": 1,
        }
        usage = sum((each.usage for one in record.tasks for each in one.attempts), Usage())
        assert body["usage"].get("input_tokens", 0) == usage.input_tokens

    look(home, check)


def test_what_has_not_changed_is_not_sent_again(home: tuple[Path, dict[str, str]]) -> None:
    async def check(_: House, client: Any, begun: dict[str, str]) -> None:
        for path in ("", "/plan", "/report?format=json", "/report?format=html"):
            first = await client.get(f"{API}/missions/{begun['mission']}{path}")
            assert first.status_code == 200
            again = await client.get(
                f"{API}/missions/{begun['mission']}{path}",
                headers={"If-None-Match": first.headers["etag"]},
            )
            assert again.status_code == 304
            assert not again.content

    look(home, check)


def test_the_report_comes_in_five_forms_and_runs_nothing(
    home: tuple[Path, dict[str, str]],
) -> None:
    async def check(_: House, client: Any, begun: dict[str, str]) -> None:
        url = f"{API}/missions/{begun['mission']}/report"
        page = await client.get(url, params={"inline": "true"})
        assert page.headers["content-type"].startswith("text/html")
        assert "sandbox" in page.headers["content-security-policy"]
        assert "allow-scripts" not in page.headers["content-security-policy"]
        assert page.headers["content-disposition"].startswith("inline")
        assert (await client.get(url, params={"format": "md"})).text.startswith("#")
        assert (await client.get(url, params={"format": "json"})).json()["schema"]
        packed = await client.get(url, params={"format": "zip"})
        assert packed.headers["content-disposition"].startswith("attachment")
        names = zipfile.ZipFile(io.BytesIO(packed.content)).namelist()
        assert {"report.html", "report.md", "report.pdf", "manifest.json"} <= set(names)
        printed = await client.get(url, params={"format": "pdf"})
        assert printed.headers["content-type"] == "application/pdf"
        assert printed.content.startswith(b"%PDF-")
        assert (await client.get(url, params={"format": "exe"})).status_code == 400

    look(home, check)


def test_a_task_that_is_handed_over_has_a_pack(home: tuple[Path, dict[str, str]]) -> None:
    async def check(_: House, client: Any, begun: dict[str, str]) -> None:
        url = f"{API}/missions/{begun['mission']}"
        listed = (await client.get(f"{url}/packs")).json()
        keys = [each["task"] for each in listed]
        assert keys[0] == ""
        assert len(keys) > 1
        whole = await client.get(f"{url}/pack")
        assert whole.headers["content-type"].startswith("text/markdown")
        for key in keys[1:]:
            response = await client.get(f"{url}/pack", params={"task": key, "format": "json"})
            assert response.json()["task"]["key"] == key
            assert response.json()["budget"]["tokens"] <= response.json()["budget"]["tokens_max"]
        known = {"if-none-match": whole.headers["etag"]}
        assert (await client.get(f"{url}/pack", headers=known)).status_code == 304
        lost = await client.get(f"{url}/pack", params={"task": "nothing"})
        assert (lost.status_code, lost.json()["code"]) == (404, "pack.unknown")

    look(home, check)


def test_a_mission_is_found_by_what_it_is_about(home: tuple[Path, dict[str, str]]) -> None:
    async def check(_: House, client: Any, begun: dict[str, str]) -> None:
        async def found(**choice: Any) -> list[str]:
            answer = await client.get(f"{API}/missions", params=choice)
            assert answer.status_code == 200, answer.text
            return [each["id"] for each in answer.json()["items"]]

        mission = begun["mission"]
        assert mission in await found()
        assert mission in await found(text="DISCOUNT")
        assert mission in await found(status="ready_to_build")
        assert mission in await found(since=1.0)
        assert mission not in await found(since=1e11)
        assert mission not in await found(status="failed")
        assert mission not in await found(text="no such words")
        assert mission not in await found(repository="/elsewhere")
        assert (await client.get(f"{API}/missions", params={"cursor": "!"})).status_code == 400
        assert (await client.get(f"{API}/missions", params={"limit": 0})).status_code == 400
        assert (await client.get(f"{API}/missions/run-x")).status_code == 404
        assert (await client.get(f"{API}/missions/mission-x")).status_code == 404
        url = f"{API}/missions/{mission}"
        assert (await client.get(url, params={"run": "run-x"})).status_code == 404
        listed = (await client.get(f"{url}/runs")).json()["items"]
        assert begun["run"] in [each["id"] for each in listed]

    look(home, check)


def test_an_estimate_says_what_it_is_based_on(home: tuple[Path, dict[str, str]]) -> None:
    async def check(_: House, client: Any, begun: dict[str, str]) -> None:
        del begun
        url = f"{API}/missions/estimate"
        estimate = (await client.post(url, json={})).json()
        assert estimate["missions"] == 1
        assert "1 mission that was carried out in this home" in estimate["basis"]
        assert 0 < estimate["seconds"]["least"] <= estimate["seconds"]["most"]
        assert estimate["tasks"]["median"] == 8 or estimate["tasks"]["median"] > 0
        none = (await client.post(url, json={"builder": "codex"})).json()
        assert none["missions"] == 0
        assert none["seconds"] is None
        assert "no estimate is available" in none["basis"]

    look(home, check)


def test_a_plan_is_carried_out_as_it_was_accepted(tmp_path: Path) -> None:
    repository = small_repository(tmp_path)

    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            asked = {
                "goal": GOAL,
                "repository": str(repository),
                "execute": False,
                "budget": {"cost": 2_000_000, "tokens": 1_000},
            }
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            row = await ended(house, begun["run"])
            assert (row.status, row.steps) == ("succeeded", 1)
            state = await house.console.present.run(begun["run"])
            assert state.budget == Amount(2_000_000, 1_000)
            url = f"{API}/missions/{begun['mission']}"
            plan = (await client.get(f"{url}/plan")).json()["plan"]
            again = await client.post(f"{url}/run")
            assert again.status_code == 201, again.text
            second = again.json()
            assert again.headers["location"] == f"{API}/runs/{second['run']}"
            assert (await ended(house, second["run"])).status == "succeeded"
            assert (await client.get(f"{url}/plan")).json()["plan"] == plan
            body = (await client.get(url)).json()
            assert body["run"] == second["run"]
            assert body["tally"]["succeeded"] == body["tally"]["local"] > 0
            assert (await client.post(f"{url}/run")).json()["code"] == "run.carried_out"
            retry = await client.post(f"{url}/retry", json={"task": "survey"})
            assert retry.status_code == 201, retry.text
            third = retry.json()["run"]
            cancelled = await client.post(f"{url}/cancel", json={"reason": "enough"})
            assert cancelled.status_code == 200, cancelled.text
            assert (await ended(house, third)).status == "cancelled"

    asyncio.run(ask())


def test_only_a_plan_that_was_made_and_not_carried_out_can_be(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "context": "A shop", "execute": False}
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            url = f"{API}/missions/{begun['mission']}"
            early = await client.post(f"{url}/run")
            assert early.json()["code"] in ("run.not_settled", "run.no_plan", "run.unknown_step")
            if (await client.post(f"{url}/cancel")).status_code == 200:
                assert (await ended(house, begun["run"])).status == "cancelled"
                late = await client.post(f"{url}/run")
                assert (late.status_code, late.json()["code"]) == (422, "run.no_plan")
            await saved(client, GREETING)
            run = await started(client, workflow="greeting")
            await ended(house, run)
            with pytest.raises(Rejected, match="no plan"):
                await house.held.command_bus.do(CarryOut(run), "user:alice")

    asyncio.run(ask())


def test_what_cannot_be_begun_is_told_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()

    async def ask() -> None:
        async with console_house(tmp_path) as house:
            async with house.client("operator") as client:

                async def code(**asked: Any) -> tuple[int, str]:
                    answer = await client.post(f"{API}/missions", json=asked)
                    return answer.status_code, answer.json()["code"]

                assert await code(goal="") == (400, "request.malformed")
                assert await code(goal="Add x") == (422, "mission.bad_input")
                assert await code(goal="Add x", repository="a/b") == (422, "repository.unusable")
                nowhere = str(tmp_path / "nowhere")
                assert await code(goal="Add x", repository=nowhere) == (422, "repository.unusable")
                plain = str(tmp_path / "plain")
                assert await code(goal="Add x", repository=plain, builder="b") == (
                    422,
                    "repository.unusable",
                )
                assert await code(goal="...", context="A shop") == (422, "mission.bad_input")
                assert await code(goal="Add x", context="A", colour="red") == (
                    400,
                    "request.malformed",
                )
            async with house.client("viewer") as client:
                answer = await client.post(f"{API}/missions", json={"goal": "x", "context": "y"})
                assert answer.status_code == 403

    asyncio.run(ask())


def test_pages_of_a_list_hold_every_mission_once(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            for number in range(7):
                asked = {"goal": f"Add {number}", "context": "A shop", "execute": False}
                assert (await client.post(f"{API}/missions", json=asked)).status_code == 201
            seen: list[str] = []
            cursor = ""
            while True:
                page = (
                    await client.get(f"{API}/missions", params={"limit": 3, "cursor": cursor})
                ).json()
                seen += [each["title"] for each in page["items"]]
                cursor = page["next"]
                if not cursor:
                    break
            assert seen == [f"Add {number}" for number in reversed(range(7))]
            present = house.console.present
            choice = missions.MissionChoice(text="add 3")
            found, last = missions.missions(present, choice, limit=1)
            assert [each.title for each in found] == ["Add 3"]
            rest, last = missions.missions(present, choice, before=last, limit=1)
            assert (rest, last) == ([], "")

    asyncio.run(ask())


def test_a_story_is_gathered_once_until_something_happens(
    home: tuple[Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any, begun: dict[str, str]) -> None:
        del client
        present = house.console.present
        first = await run_outcome.load_run_report(present, begun["mission"], begun["run"])
        assert await run_outcome.load_run_report(present, begun["mission"], begun["run"]) is first

    look(home, check)
