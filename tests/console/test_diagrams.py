"""Diagrams and the blueprint through the console: as resources, and on the page of a mission."""

import asyncio
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository

API = "/api/v1"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a mission that has ended."""
    root = tmp_path_factory.mktemp("diagrams")
    repository = small_repository(root)

    async def work() -> str:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "repository": str(repository)}
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            await ended(house, begun["run"])
            return str(begun["mission"])

    return root, asyncio.run(work())


def look(home: tuple[Path, str], check: Any) -> None:
    root, mission = home

    async def ask() -> None:
        async with console_house(root) as house, house.client("viewer") as client:
            await check(house, client, f"{API}/missions/{mission}")

    asyncio.run(ask())


def test_the_list_says_what_each_drawing_shows_or_why_there_is_none(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, url: str) -> None:
        lines = {each["kind"]: each for each in (await client.get(f"{url}/diagrams")).json()}
        assert list(lines) == ["flow", "as-is", "proposed", "deployment", "data-model", "tasks"]
        assert lines["as-is"]["nodes"] == 2
        assert lines["data-model"]["nodes"] == 0
        assert lines["data-model"]["said"].startswith("This repository defines no table")

    look(home, check)


def test_a_drawing_comes_as_svg_png_mermaid_and_json(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, url: str) -> None:
        svg = await client.get(f"{url}/diagrams/flow")
        assert svg.headers["content-type"].startswith("image/svg+xml")
        assert "sandbox" in svg.headers["content-security-policy"]
        assert ET.fromstring(svg.text).tag.endswith("svg")
        png = await client.get(f"{url}/diagrams/flow?format=png")
        assert png.content.startswith(PNG)
        text = await client.get(f"{url}/diagrams/flow?format=mermaid")
        assert text.text.startswith("flowchart LR")
        graph = (await client.get(f"{url}/diagrams/flow?format=json")).json()["graph"]
        assert GOAL in {node["label"] for node in graph["nodes"]}
        again = await client.get(
            f"{url}/diagrams/flow", headers={"If-None-Match": svg.headers["etag"]}
        )
        assert again.status_code == 304

    look(home, check)


def test_what_is_not_there_is_a_problem_with_a_reason(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, url: str) -> None:
        unknown = await client.get(f"{url}/diagrams/cloud")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "diagram.unknown")
        empty = await client.get(f"{url}/diagrams/data-model")
        assert (empty.status_code, empty.json()["code"]) == (404, "diagram.empty")

    look(home, check)


def test_the_blueprint_names_the_place_of_each_statement(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, url: str) -> None:
        body = (await client.get(f"{url}/blueprint")).json()
        assert all(each["source"] for each in body["text"]["operating"])
        assert {each["topic"] for each in body["text"]["operating"]} >= {"Hand-off"}
        assert body["places"]["deployment"][0]["where"] == "pyproject.toml:2"

    look(home, check)


def test_the_page_draws_them_with_links_that_lead_on(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, url: str) -> None:
        mission = url.rpartition("/")[2]
        page = (await client.get(f"/missions/{mission}?view=documents&document=diagrams")).text
        assert page.count('class="drawing"') == 5
        assert "This repository defines no table" in page
        led = set(re.findall(r'<a class="d-node" href="(/missions/[^"]+/code\?path=[^"]+)"', page))
        assert led
        for each in led:
            assert (await client.get(each.replace("&amp;", "&"))).status_code == 200
        assert f'href="/missions/{mission}?view=plan&amp;show=requirements#' in page

    look(home, check)
