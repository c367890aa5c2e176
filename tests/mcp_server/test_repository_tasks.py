"""Tasks of a repository through MCP: what is added once, what is read, and who signs."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp_types import TextResourceContents

from tests.agents.repositories import repository
from tests.cli.command import end_all
from tests.cli.test_repo import FOLDER, Place
from tests.mcp_server.house import Person, by_pipe, refused, told, up

pytestmark = pytest.mark.journey

TITLE = "Log in with a code"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A checkout whose tasks are stored in a home that an engine holds."""
    found = Place(repository(tmp_path / "r"), tmp_path / "home")
    found.run("repo", "init", "--apply")
    sop = found.root / ".mission/sop.toml"
    sop.write_text(re.sub(r"(?m)^#? ?own = .*$", "own = true", sop.read_text()))
    found.run("repo", "sync")
    up(found.home)
    yield found
    end_all()


def test_a_task_is_added_once_and_signed_by_who_has_read_it(place: Place) -> None:
    asked = {"repository": str(place.root), "title": TITLE, "brief": "Passwords leak."}
    signing = {"repository": str(place.root), "task": 1, "document": "prd", "role": "product"}
    person = Person()

    async def added() -> str:
        async with by_pipe(place.home) as client:
            assert (await told(client, "list_tasks", repository=str(place.root)))["items"] == []
            made = await told(client, "add_task", **asked, key="once")
            assert (made["task"], made["is_new"]) == (1, True)
            refusal = await refused(client, "sign_task", **signing)
            assert "mission task approve 1" in refusal
            assert refusal.endswith("(mcp.no_elicitation)")
            return str(made["repository"])

    async def again(id_: str) -> None:
        # The first answer was lost with the server that gave it.
        async with by_pipe(place.home, "legacy", elicitation_callback=person) as client:
            assert (await told(client, "add_task", **asked, key="once"))["task"] == 1
            other = {**asked, "title": "Another"}
            assert "(request.another)" in await refused(client, "add_task", **other, key="once")
            for bad in ("a\nb", "ä", "a" * 201):
                assert "key" in await refused(client, "add_task", **other, key=bad)
            (line,) = (await told(client, "list_tasks", repository=id_))["items"]
            assert (line["title"], line["phase"]) == (TITLE, "prd")
            assert line["held"][0]["who"]
            await told(client, "add_task", repository=id_, title="Next")
            pages = [
                await told(client, "list_tasks", repository=id_, limit=1, after=after)
                for after in (0, 1)
            ]
            assert [page["next"] for page in pages] == [1, None]
            assert [page["items"][0]["task"] for page in pages] == [1, 2]
            for tool, words, code in (
                ("start_task", {"repository": id_, "task": 1}, "repository.gate"),
                ("show_task", {"repository": id_, "task": 3}, "repository.unknown_task"),
                ("list_tasks", {"repository": "repository-none"}, "repository.unknown"),
            ):
                assert (await refused(client, tool, **words)).endswith(f"({code})")
            address = f"mission://repositories/{id_}/tasks/1/prd/0"
            (content,) = (await client.read_resource(address)).contents
            assert isinstance(content, TextResourceContents)
            assert "Passwords leak." in content.text
            assert not (place.root / FOLDER).exists()
            place.run("repo", "sync")
            place.write("prd", "Even so.\u202e\n")
            place.run("repo", "sync")
            assert (await told(client, "sign_task", **signing))["told"] is False
            before = (await told(client, "show_task", repository=id_, task=1))["task"]
            assert before["documents"]["prd"]["signatures"] == {}
            person.content = {"sign": True, "reason": "So be it."}
            assert (await told(client, "sign_task", **signing))["told"] is True
            document = (await told(client, "show_task", repository=id_, task=1))["task"]
            document = document["documents"]["prd"]
            assert document["signatures"]["product"]["digest"] == document["digest"]
            assert document["digest"] in person.read[-1]

    async def at_work() -> None:
        working = {"MISSION_ATTEMPT": "1", "MISSION_RUN": "", "MISSION_STEP": ""}
        async with by_pipe(place.home, env=working, elicitation_callback=person) as client:
            assert "(approval.by_agent)" in await refused(client, "sign_task", **signing)
            question = {"question": "question-1"}
            assert "(approval.by_agent)" in await refused(client, "answer_question", **question)

    asyncio.run(again(asyncio.run(added())))
    asyncio.run(at_work())
    assert "Even so." in person.read[-1]
    assert "\u202e" not in person.read[-1]
