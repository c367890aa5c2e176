"""Decisions and templates through the console: shown, judged, exchanged, and asked for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.console.houses import House, console_house
from tests.console.mission_house import DECIDING_GOAL, ended, small_repository

API = "/api/v1"
RECORD = {
    "text": {
        "title": "Keep `Cart` as it is",
        "choice": "Cancel",
        "reason": "callers rely on it",
        "options": [{"title": "Cancel"}, {"title": "<b>Split</b> it", "bad": ["two classes"]}],
    }
}
ADR = "# 4. Use TOML\n\nDate: 2024-05-06\n\n## Status\n\nAccepted\n\n## Decision\n\nWe use TOML.\n"
TRACE = (
    'Traceback (most recent call last):\n  File "/x/shop/cart.py", line 3, in total\nKeyError: 1\n'
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """A home with one planned mission, and its repository."""
    root = tmp_path_factory.mktemp("decisions")
    repository = small_repository(root)

    async def work() -> dict[str, str]:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": DECIDING_GOAL, "repository": str(repository), "execute": False}
            begun: dict[str, str] = (await client.post(f"{API}/missions", json=asked)).json()
            await ended(house, begun["run"])
            return begun

    return root, repository, asyncio.run(work())


def look(home: tuple[Path, Path, dict[str, str]], check: Any, *roles: Any) -> None:
    async def ask() -> None:
        client_of = roles or ("operator",)
        async with console_house(home[0]) as house, house.client(*client_of) as client:
            await check(house, client)

    asyncio.run(ask())


def test_what_a_plan_decided_is_in_the_log_by_itself_and_can_be_accepted(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        mission = home[2]["mission"]
        lines = (await client.get(f"{API}/decisions?mission={mission}")).json()["items"]
        first = min(lines, key=lambda each: each["id"])
        assert (first["id"], first["status"], first["number"]) == (f"{mission}/D1", "proposed", 0)
        address = f"{API}/decisions/{mission}:D1"
        answer = await client.post(f"{address}/accept", json={"reason": "It was tried."})
        assert answer.json() == {"id": f"{mission}/D1", "status": "accepted"}
        body = (await client.get(address)).json()
        assert body["decision"]["text"]["title"] == first["title"]
        assert [step["what"] for step in body["history"]] == ["accepted", "recorded"]
        page = await client.get(f"/decisions/{mission}:D1")
        assert "It was tried." in page.text

    look(home, check)


def test_a_decision_is_recorded_replaced_and_never_in_a_circle(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        made = await client.post(f"{API}/decisions", json=RECORD)
        assert made.status_code == 201, made.text
        older = made.json()["id"]
        assert made.headers["location"] == f"{API}/decisions/{older}"
        newer = (
            await client.post(f"{API}/decisions", json=RECORD | {"supersedes": [older]})
        ).json()
        answer = await client.post(f"{API}/decisions/{newer['id']}/supersede", json={"by": older})
        assert answer.status_code == 422
        assert answer.json()["code"] == "decision.cycle"
        unknown = {"tasks": [f"{home[2]['mission']}/nothing"]}
        answer = await client.post(f"{API}/decisions/{newer['id']}/links", json=unknown)
        assert answer.json()["code"] == "decision.unknown_task"
        page = (await client.get(f"/decisions/{older}")).text
        assert "&lt;b&gt;Split" in page
        assert "<b>Split" not in page

    look(home, check)


def test_files_are_tried_first_and_taken_when_asked(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        brought: dict[str, Any] = {
            "files": [{"name": "docs/adr/0004-use-toml.md", "content": ADR}],
            "repository": str(home[1]),
        }
        for verdict, apply in (("new", False), ("new", True), ("unchanged", True)):
            asked = brought | {"apply": apply}
            answer = await client.post(f"{API}/decisions/import", json=asked)
            (line,) = answer.json()["lines"]
            assert line["verdict"] == verdict
        files = (await client.get(f"{API}/decisions/export")).json()
        assert any("We use TOML." in each["content"] for each in files)

    look(home, check)


def test_the_pages_of_decisions_say_what_they_show(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        page = (await client.get("/decisions")).text
        assert "for a user to accept or reject." in page
        none = (await client.get("/decisions?q=zzz")).text
        assert "No matching decisions" in none
        typed = {"title": "Use TOML\n", "options": "YAML = many ways", "choice": "TOML"}
        token = {"X-CSRF-Token": house.csrf} if hasattr(house, "csrf") else {}
        made = await client.post("/decisions/new", data=typed, headers=token)
        assert made.status_code in (200, 302, 303), made.text

    look(home, check)


def test_a_template_asks_and_its_answers_become_the_goal(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        keys = [
            each["template"]["key"]
            for each in (await client.get(f"{API}/templates?limit=200")).json()["items"]
        ]
        assert {"feature", "security-review", "new-service"} <= set(keys)
        asked = {"repository": str(home[1]), "template": "dependency-upgrade", "execute": False}
        refused = await client.post(f"{API}/missions", json=asked)
        assert refused.status_code == 422
        assert "'package'" in refused.json()["detail"]
        answers = {"package": "attrs", "target": "24"}
        begun = await client.post(f"{API}/missions", json=asked | {"answers": answers})
        assert begun.status_code == 201, begun.text
        body = (await client.get(f"{API}/missions/{begun.json()['mission']}")).json()
        assert body["goal"] == "Upgrade attrs to 24."
        assert body["title"] == "Upgrade attrs to 24"
        await ended(house, begun.json()["run"])

    look(home, check)


def test_the_form_shows_the_questions_of_a_template_and_what_they_come_to(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    async def check(house: House, client: Any) -> None:
        page = (await client.get("/missions/new?template=bug-from-stack-trace")).text
        assert 'name="a.trace"' in page
        assert 'name="goal"' not in page
        assert "Unanswered" in page
        plain = (await client.get("/missions/new?template=nothing")).text
        assert 'name="goal"' in plain
        listed = (await client.get("/templates")).text
        assert "Security review" in listed

    look(home, check)


def test_a_template_of_the_home_goes_before_ours_and_a_bad_one_is_told_with_its_line(
    home: tuple[Path, Path, dict[str, str]],
) -> None:
    folder = home[0] / "templates"

    async def check(house: House, client: Any) -> None:
        root = Path(house.console.home) / "templates"
        root.mkdir(exist_ok=True)
        (root / "feature.toml").write_text('title = "Ours"\nsummary = "x"\ngoal = "Add x."\n')
        found = (await client.get(f"{API}/templates/feature")).json()
        assert (found["template"]["title"], found["is_own"]) == ("Ours", True)
        (root / "feature.toml").write_text('title = "Ours"\nsummary = "x"\ngoal = "{what}"\n')
        answer = await client.get(f"{API}/templates/feature")
        assert answer.json()["code"] == "template.malformed"
        assert "line 3" in answer.json()["detail"]
        assert "line 3" in (await client.get("/templates")).text
        assert 'name="goal"' in (await client.get("/missions/new")).text
        (root / "feature.toml").unlink()

    look(home, check)
    del folder
