"""Files of decisions read on a page: first shown, then imported."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from tests.console.hostile import ALL, assert_harmless
from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository

MADR = """# Where prices are rounded

* Status: accepted
* Date: 2024-05-01

## Context and Problem Statement

Sums differ by a cent.

## Considered Options

* At the end
* At each line

## Decision Outcome

Chosen option: "At the end", because customers add the lines up themselves.
"""


def test_records_of_a_repository_are_shown_first_and_taken_in_then(tmp_path: Path) -> None:
    repository = small_repository(tmp_path)
    folder = repository / "docs" / "decisions"
    folder.mkdir(parents=True)
    (folder / "0001-where-prices-are-rounded.md").write_text(MADR)
    (folder / "0002-picture.md").write_bytes(b"\x89PNG\0")
    (folder / "0003-long.md").write_bytes(b"a" * 400_001)
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *author, "commit", "-qm", "Decide"], cwd=repository, check=True)

    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "repository": str(repository), "execute": False}
            begun = (await client.post("/api/v1/missions", json=asked)).json()
            await ended(house, begun["run"])
            await _taken_in(house, client, begun["mission"])
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            assert (await client.get("/decisions/import")).status_code == 403

    asyncio.run(tell())


async def _taken_in(house: House, client: Any, mission: str) -> None:
    form = {"mission": mission, "folder": "docs/decisions"}
    shown = await client.post("/decisions/import", data=form)
    assert "1 decision to import" in shown.text
    assert "0002-picture.md" in shown.text
    assert "it is no text: it holds a zero byte" in shown.text
    assert "it has more than 400,000 bytes" in shown.text
    assert_harmless(shown.text)
    assert "Where prices are rounded" not in (await client.get("/decisions")).text
    response = await client.post("/decisions/import", data=form | {"apply": "yes"})
    assert response.status_code == 303
    assert "Where prices are rounded" in (await client.get("/decisions")).text
    again = await client.post("/decisions/import", data=form)
    assert "No new decisions" in again.text
    for wrong in ({"folder": "../etc"}, {"folder": "src"}, {"folder": "nowhere"}):
        refused = await client.post("/decisions/import", data=form | wrong)
        assert refused.status_code == 422
        assert "The files could not be read" in refused.text


def test_a_text_is_read_as_a_file_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            for text in (MADR, ALL, f"# {ALL}\n\n{MADR}"):
                shown = await client.post("/decisions/import", data={"text": text, "name": ALL})
                assert shown.status_code == 200
                assert_harmless(shown.text)
            empty = await client.post("/decisions/import", data={})
            assert empty.status_code == 422

    asyncio.run(tell())
