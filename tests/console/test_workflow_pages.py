"""The pages of workflows: what they say, the start form, and what happens without a script."""

import asyncio
from pathlib import Path

import httpx

from tests.console.houses import console_house
from tests.console.test_workflows_api import FIRST, SECOND, in_a_house, saved

HOSTILE = "<script>alert(1)</script>'\"&lt;"


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return answer.text


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        text = await page(client, "/workflows")
        assert "No workflows yet." in text
        assert 'href="/workflows/new"' in text

    in_a_house(tmp_path, story)


def test_pages_tell_of_versions_steps_inputs_and_differences(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        await saved(client, SECOND)
        assert "1 workflow, no recent failures." in await page(client, "/workflows?q=NOTES")
        assert "No matching workflows" in await page(client, "/workflows?q=other")
        text = await page(client, "/workflows/notes")
        assert "notes has not run yet." in text
        assert 'id="step-total"' in text
        assert "Where the notes are" in text
        text = await page(client, "/workflows/notes/versions/1")
        assert "This is version 1; version 2 is the newest." in text
        text = await page(client, "/workflows/notes/versions/1/diff/2")
        assert "3 changes between versions 1 and 2." in text
        text = await page(client, "/workflows/notes/edit?version=1")
        assert "  count:" in text
        assert 'name="base_version" value="2"' in text

    in_a_house(tmp_path, story)


def test_what_does_not_fit_comes_back_as_it_was_typed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        typed = {"in-folder": "", "in-words": HOSTILE, "in-mode": "slow"}
        answer = await client.post("/workflows/notes/start", data=typed)
        assert answer.status_code == 422
        assert "It is missing." in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "<script>alert(1)" not in answer.text
        assert '<option value="slow" selected>' in answer.text
        assert answer.text.count('aria-invalid="true"') == 2

    in_a_house(tmp_path, story)


def test_a_form_that_fits_begins_a_run_which_the_pages_show(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FIRST)
        typed = {"in-folder": str(tmp_path), "in-words": "1", "in-mode": "fast", "in-flag": ""}
        answer = await client.post("/workflows/notes/start", data=typed)
        assert answer.status_code == 303
        run = answer.headers["location"].removeprefix("/runs/")
        assert f'href="/runs/{run}"' in await page(client, "/workflows/notes")
        (item,) = (await client.get("/api/v1/workflows")).json()["items"]
        assert item["last_run"]["id"] == run

    in_a_house(tmp_path, story)


KINDS = """\
name: kinds
inputs:
  text: {type: string}
  tag: {pattern: 'v[0-9]+', description: "A tag, such as v1"}
  size: {type: integer, default: 3, description: How large}
  share: {type: number, required: false}
  really: {type: boolean}
  level: {type: integer, enum: [1, 2]}
  either: {type: any, enum: [1, many, true]}
  names: {type: list, default: [a, b]}
  more: {type: object, required: false}
  lines: {type: string, default: "one\\ntwo"}
steps:
  show:
    agent: command
    effects: [reads_files]
    with: {argv: [echo, "${{ inputs.text }}"]}
"""


def test_every_kind_of_input_has_a_field_that_says_what_it_takes(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, KINDS)
        text = await page(client, "/workflows/kinds/start")
        assert "5 required inputs" in text
        assert "A tag, such as v1. Must match v[0-9]+." in text
        assert "How large. A whole number. Default: 3." in text
        assert '<textarea class="in" id="f-in-text" name="in-text" rows="1" required' in text
        assert '<textarea class="in mono" id="f-in-names"' in text
        for chosen in ("in-really", "in-level", "in-either"):
            field = text.partition(f'name="{chosen}" required')[2].partition("</select>")[0]
            assert '<option value="" selected>Choose…</option>' in field

    in_a_house(tmp_path, story)


def test_every_kind_of_input_is_read_as_what_it_is(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, KINDS)
        typed = {
            "text": "one\r\ntwo",
            "tag": "v12",
            "size": "7",
            "share": "0.5",
            "really": "false",
            "level": "2",
            "either": "true",
            "names": '["x"]',
            "more": '{"a": 1}',
            "lines": "",
        }
        form = {f"in-{name}": text for name, text in typed.items()}
        wrong = {
            "in-tag": "12",
            "in-size": "many",
            "in-names": "a, b",
            "in-level": "",
            "in-more": "1",
        }
        answer = await client.post("/workflows/kinds/start", data={**form, **wrong})
        assert answer.status_code == 422
        assert "Check 5 inputs below." in answer.text
        assert answer.text.count('class="err"') == 5
        assert 'value="many"' in answer.text
        assert "\na, b</textarea>" in answer.text
        answer = await client.post("/workflows/kinds/start", data=form)
        assert answer.status_code == 303, answer.text
        run = answer.headers["location"].removeprefix("/runs/")
        given = (await client.get(f"/api/v1/runs/{run}")).json()["inputs"]
        assert given == {
            "text": "one\ntwo",
            "tag": "v12",
            "size": 7,
            "share": 0.5,
            "really": False,
            "level": 2,
            "either": True,
            "names": ["x"],
            "more": {"a": 1},
            "lines": "one\ntwo",
        }

    in_a_house(tmp_path, story)


ASKING = """\
name: asking
steps:
  ask:
    agent: command
    effects: [writes_files]
    approval: true
    with: {argv: [echo, hello]}
"""


def test_a_run_that_waits_for_a_person_is_told_as_everywhere(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, ASKING)
        answer = await client.post("/workflows/asking/start", data={"none": ""})
        begun = answer.headers["location"]
        asks = 0
        while not asks:
            await asyncio.sleep(0.02)
            (item,) = (await client.get("/api/v1/workflows")).json()["items"]
            asks = item["last_run"]["asks"]
        assert begun == f"/runs/{item['last_run']['id']}"
        for path in ("/workflows", "/workflows/asking", "/runs"):
            assert "Waiting" in await page(client, path)

    in_a_house(tmp_path, story)


def test_the_editor_saves_without_a_script_and_keeps_what_is_refused(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        form = {"text": FIRST, "base_version": "0", "name": ""}
        answer = await client.post("/workflows/save", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/workflows/notes")
        wrong = f"{FIRST}\n# {HOSTILE}\n".replace("needs: list", "needs: lost")
        answer = await client.post("/workflows/save", data={**form, "text": wrong})
        assert answer.status_code == 422
        assert "There is no step &#39;lost&#39;." in answer.text
        assert "&lt;script&gt;" in answer.text
        answer = await client.post("/workflows/save", data={**form, "text": SECOND})
        assert answer.status_code == 422
        assert "version 1 is there by now" in answer.text
        edited = {**form, "name": "notes", "base_version": "1", "text": FIRST.replace("\n", "\r\n")}
        await client.post("/workflows/save", data=edited)
        assert (await client.get("/api/v1/workflows/notes")).json()["version"] == 1
        edited["text"] += "# A remark.\r\n"
        assert (await client.post("/workflows/save", data=edited)).status_code == 303
        found = (await client.get("/api/v1/workflows/notes")).json()
        assert (found["version"], found["source"]) == (2, f"{FIRST}# A remark.\n")

    in_a_house(tmp_path, story)


def test_a_viewer_is_offered_nothing_that_changes(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            async with house.client("operator") as client:
                await saved(client, FIRST)
            async with house.client("viewer") as client:
                text = await page(client, "/workflows/notes")
                assert "/workflows/notes/start" not in text
                assert "/workflows/notes/edit" not in text
                await page(client, "/workflows/notes/edit", 403)
                await page(client, "/workflows/new", 403)
                assert (await client.post("/workflows/notes/start")).status_code == 403

    asyncio.run(ask())
