"""Workflows through the API: saved, read, compared, checked, and isolated from each other."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.console.houses import console_house

FIRST = """\
# What it is for.
name: notes
inputs:
  folder: {type: path, description: Where the notes are}
  words: {type: integer, default: 10}
  mode: {type: string, default: fast, enum: [fast, slow]}
  flag: {type: boolean, required: false}
steps:
  list:  # all of them
    agent: command
    effects: [reads_files]
    with: {argv: [ls]}
  count:
    agent: command
    needs: list
    if: inputs.words > 3
    effects: [reads_files]
    with: {argv: [wc]}
"""
SECOND = FIRST.replace("  count:", "  total:").replace("[ls]", "[ls, -a]")


def in_a_house(tmp_path: Path, story: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Tell a story with the client of an operator."""

    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            await story(client)

    asyncio.run(tell())


async def saved(client: httpx.AsyncClient, text: str, **more: Any) -> httpx.Response:
    return await client.post("/api/v1/workflows", json={"text": text, **more})


def test_a_saved_workflow_is_listed_read_and_exported_as_it_was_written(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        answer = await saved(client, FIRST)
        assert answer.status_code == 201
        assert answer.headers["location"] == "/api/v1/workflows/notes/versions/1"
        (item,) = (await client.get("/api/v1/workflows")).json()["items"]
        assert (item["name"], item["version"], item["steps"]) == ("notes", 1, 2)
        assert item["last_run"] is None
        assert item["success_rate"] is None
        view = (await client.get("/api/v1/workflows/notes")).json()
        assert [step["needs"] for step in view["steps"]] == [[], ["list"]]
        assert [step["kind"] for step in view["steps"]] == ["command", "command"]
        file = await client.get("/api/v1/workflows/notes/versions/1/file")
        assert file.text == FIRST
        assert 'filename="notes@1.yaml"' in file.headers["content-disposition"]

    in_a_house(tmp_path, story)


def test_saving_the_same_again_makes_no_version(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        answer = await saved(client, f"{FIRST}# Another comment says nothing new.\n")
        assert (answer.status_code, answer.json()["is_new"]) == (200, False)

    in_a_house(tmp_path, story)


def test_what_is_always_kept_makes_a_version_of_a_remark_and_of_an_older_text(
    tmp_path: Path,
) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        await saved(client, SECOND)
        remarked = f"{SECOND}# Another comment.\n"
        answer = await saved(client, remarked, base_version=2, always=True)
        assert (answer.status_code, answer.json()["version"]) == (201, 3)
        answer = await saved(client, FIRST, base_version=3, always=True)
        assert (answer.status_code, answer.json()["version"]) == (201, 4)
        view = (await client.get("/api/v1/workflows/notes")).json()
        assert (view["version"], view["source"]) == (4, FIRST)
        late = await saved(client, remarked, base_version=3, always=True)
        assert late.status_code == 409

    in_a_house(tmp_path, story)


def test_who_did_not_know_the_newest_version_is_refused(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        assert (await saved(client, FIRST, base_version=0)).status_code == 201
        assert (await saved(client, SECOND, base_version=1)).status_code == 201
        late = await saved(client, FIRST.replace("[ls]", "[find]"), base_version=1)
        assert late.status_code == 409
        assert late.json()["code"] == "workflow.saved_meanwhile"
        assert "version 2 is there by now" in late.json()["detail"]

    in_a_house(tmp_path, story)


def test_a_stale_tag_is_a_failed_precondition_and_the_right_one_saves(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        tag = (await client.get("/api/v1/workflows/notes")).headers["etag"]
        body = {"text": SECOND}
        answer = await client.post("/api/v1/workflows", json=body, headers={"If-Match": tag})
        assert answer.status_code == 201
        body = {"text": FIRST.replace("[ls]", "[find]")}
        answer = await client.post("/api/v1/workflows", json=body, headers={"If-Match": tag})
        assert answer.status_code == 412
        answer = await client.post("/api/v1/workflows", json=body, headers={"If-Match": "x"})
        assert answer.status_code == 412

    in_a_house(tmp_path, story)


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        text = FIRST.replace("needs: list", "needs: lost").replace("agent: command", "agent: komm")
        answer = await client.post("/api/v1/workflow-check", json={"text": text})
        assert answer.status_code == 200
        found = answer.json()
        assert [(fault["line"], fault["thing"]) for fault in found["faults"]] == [
            (10, "steps.list.agent"),
            (14, "steps.count.agent"),
            (15, "steps.count.needs[0]"),
        ]
        assert found["count"] == 3
        assert "Did you mean 'list'?" in found["faults"][2]["hint"]
        refused = await saved(client, text)
        assert refused.status_code == 422
        assert "workflow.yaml:15: steps.count.needs[0]" in refused.json()["detail"]

    in_a_house(tmp_path, story)


def test_two_versions_are_compared_by_meaning_and_by_lines(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        await saved(client, SECOND)
        found = (await client.get("/api/v1/workflows/notes/versions/1/diff/2")).json()
        changes = [(change["kind"], change["thing"]) for change in found["changes"]]
        assert changes == [
            ("changed", "steps.list"),
            ("removed", "steps.count"),
            ("added", "steps.total"),
        ]
        assert "-  count:" in found["text"].splitlines()
        assert "+  total:" in found["text"].splitlines()
        page = (await client.get("/api/v1/workflows/notes/versions?limit=1")).json()
        assert [item["version"] for item in page["items"]] == [2]
        more = (await client.get(f"/api/v1/workflows/notes/versions?cursor={page['next']}")).json()
        assert ([item["version"] for item in more["items"]], more["next"]) == ([1], "")

    in_a_house(tmp_path, story)


def test_the_inputs_are_a_json_schema_and_fields(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        found = (await client.get("/api/v1/workflows/notes/input-schema")).json()
        schema = found["input_schema"]
        assert schema["required"] == ["folder"]
        assert schema["properties"]["mode"]["enum"] == ["fast", "slow"]
        assert schema["properties"]["flag"]["type"] == ["boolean", "null"]
        assert [field["name"] for field in found["fields"]] == ["folder", "words", "mode", "flag"]
        assert "default" not in found["fields"][0]

    in_a_house(tmp_path, story)


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        for path in ("none", "notes/versions/9", "notes/versions/1/diff/9", "none/input-schema"):
            answer = await client.get(f"/api/v1/workflows/{path}")
            assert (path, answer.status_code) == (path, 404)

    in_a_house(tmp_path, story)


def test_a_viewer_reads_and_checks_and_saves_nothing(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            assert (await client.get("/api/v1/workflows")).status_code == 200
            body = {"text": FIRST}
            assert (await client.post("/api/v1/workflow-check", json=body)).status_code == 200
            assert (await client.post("/api/v1/workflows", json=body)).status_code == 403

    asyncio.run(ask())


def test_the_palette_offers_agents_capabilities_and_workflows(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        found = (await client.get("/api/v1/workflow-palette")).json()
        agents = {agent["name"]: agent for agent in found["agents"]}
        assert "argv" in agents["command"]["inputs"]
        assert "surveyor" in agents
        assert found["workflows"] == ["notes"]
        assert "reads_files" in found["effects"]

    in_a_house(tmp_path, story)
