"""The document of the API: complete, readable, served to all readers, and shown as pages."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.domain.principal import Role
from missioncontrol.interfaces.api.document import PERMISSION, document
from missioncontrol.interfaces.api.reference import operation, resources
from tests.console.houses import House, console_house


def _answers(tmp_path: Path, *roles: Role, paths: tuple[str, ...]) -> list[httpx.Response]:
    async def ask(house: House) -> list[httpx.Response]:
        async with house.client(*roles) as client:
            return [await client.get(path, headers={"accept": "text/html"}) for path in paths]

    async def live() -> list[httpx.Response]:
        async with console_house(tmp_path) as house:
            return await ask(house)

    return asyncio.run(live())


def _operations() -> list[dict[str, Any]]:
    return [each for item in document("").values() if isinstance(item, dict) for each in _of(item)]


def _of(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        op
        for methods in item.values()
        if isinstance(methods, dict)
        for op in methods.values()
        if isinstance(op, dict) and "operationId" in op
    ]


def test_each_operation_says_what_it_does_and_what_it_needs() -> None:
    found = _operations()
    assert len(found) > 100
    for each in found:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", each["operationId"])
        assert each["summary"], each
        assert each["description"], each
        assert each[PERMISSION], each
        assert len(each["tags"]) == 1


def test_each_operation_says_how_it_refuses() -> None:
    for each in _operations():
        assert {"400", "401", "403", "404", "422", "429", "503"} <= set(each["responses"])


def test_the_document_is_for_whoever_may_read(tmp_path: Path) -> None:
    path = "/api/openapi.json"
    assert _answers(tmp_path / "a", "viewer", paths=(path,))[0].json()["openapi"] == "3.1.0"
    assert _answers(tmp_path / "b", paths=(path,))[0].status_code == 401


def test_the_page_shows_every_operation_and_finds_some(tmp_path: Path) -> None:
    every, some, none = _answers(
        tmp_path, "viewer", paths=("/api", "/api?q=cancel+run", "/api?q=nothing+fits")
    )
    for resource in resources(""):
        for each in resource.operations:
            assert f'href="/api/operations/{each.id}"' in every.text
    assert "/api/operations/cancel_run" in some.text
    assert "/api/operations/list_agents" not in some.text
    assert "No matching operations" in none.text


def test_each_operation_has_a_page(tmp_path: Path) -> None:
    names = [each.id for resource in resources("") for each in resource.operations]
    paths = tuple(f"/api/operations/{name}" for name in names)
    for answer in _answers(tmp_path, "viewer", paths=(*paths, "/api/operations/none"))[:-1]:
        assert answer.status_code == 200, answer.text
        assert "curl -sS" in answer.text


def test_an_example_has_what_is_needed() -> None:
    command = operation("", "start_run").curl("http://127.0.0.1:8700")
    assert """-d '{"workflow": "WORKFLOW"}'""" in command
    assert command.endswith("'http://127.0.0.1:8700/api/v1/runs'")
