"""Knowledge, over the API and on its page: one search finds what missions and people leave."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from missioncontrol.application.learning import PATTERNS, STREAM
from missioncontrol.application.missions import Goal
from missioncontrol.domain.learned import Learned, LearnPattern, NoteUse
from tests.console.houses import console_house
from tests.console.mission_house import small_repository
from tests.console.test_memory import NEXT, a_mission

LESSON = {"title": "Compared without case", "text": "Customers type the codes on phones."}
DECISION = {"title": "Keep prices in minor units", "context": "A refund gives back all cents."}


def test_one_search_finds_missions_runs_decisions_and_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            run = await a_mission(house, Goal(NEXT, str(small_repository(tmp_path))))
            lesson = (await client.post("/api/v1/memory", json=LESSON)).json()["item"]["id"]
            recorded = (await client.post("/api/v1/decisions", json={"text": DECISION})).json()
            decision = recorded.get("decision", recorded)["id"]

            found = await _found(client, "when are old discount codes refused?")
            assert {"mission", "run"} <= {hit["kind"] for hit in found}
            assert any(hit["run"] == run for hit in found)
            [hit] = await _found(client, "customers with phones", kinds=["memory"])
            assert hit["id"] == lesson
            marked = [hit["passage"][start:end] for start, end in hit["marks"]]
            assert marked == ["Customers", "phones"]
            [hit] = await _found(client, "why does a refund give back cents")
            assert (hit["section"], hit["href"]) == ("Context", f"/decisions/{decision}#context")
            assert (await _found(client, "performance hunt"))[0]["id"] == (
                "template:performance-hunt"
            )
            assert await _found(client, "where do penguins breed") == []

            page = (await client.get("/knowledge?q=customers+with+phones")).text
            assert "<mark>Customers</mark>" in page
            assert f'href="/memory/{lesson}"' in page
            opened = await client.get(f"/knowledge?item={quote(f'decision:{decision}')}")
            assert DECISION["context"] in opened.text
            assert (await client.get("/knowledge?item=decision:D99")).status_code == 404
            none = (await client.get("/knowledge?q=where+penguins+breed")).text
            assert "No source answers this" in none

            await client.delete(f"/api/v1/memory/{lesson}?reason=wrong")
            assert await _found(client, "customers with phones", kinds=["memory"]) == []
            everything = (await client.get("/api/v1/search?q=minor+uni")).json()
            assert [each["kind"] for each in everything["hits"]] == ["decision"]

    asyncio.run(scenario())


async def _found(client: Any, text: str, **filters: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/knowledge", params={"text": text, **filters})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_each_pattern_stands_with_its_cases_uses_and_command(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            templates = await client.get("/knowledge")
            assert templates.status_code == 200, "only templates are known, and one is opened"
            assert "mission pattern apply" not in templates.text
            empty = (await client.get("/knowledge/patterns")).text
            assert "No pattern is learned yet" in empty
            journal = house.held.journal
            await journal.find(PATTERNS, STREAM)
            text = ("Use pathlib", "It is shorter.", "/r", "ab" * 32, 7, 3)
            one = Learned("cm-1", "codemod", "python", *text)
            two = msgspec.structs.replace(one, id="cm-2")
            used = NoteUse("cm-1", "/r", 2, 4, passed=True)
            for command in (LearnPattern(one), LearnPattern(two), used):
                journal.tell(PATTERNS, STREAM, command, actor="user:ada")
            await journal.durable()
            await house.console.present.catch_up()
            page = (await client.get("/knowledge/patterns?kind=codemod")).text
            assert "2 patterns are offered" in page
            assert "1 of 1 use passed" in page
            assert "not used yet; 3 cases reproduced" in page
            assert "mission pattern apply cm-1" in page
            opened = (await client.get("/knowledge?kind=pattern&item=pattern:cm-1")).text
            assert "mission pattern apply cm-1" in opened
            assert "Use pathlib" not in (await client.get("/knowledge/patterns?kind=rule")).text

    asyncio.run(scenario())
