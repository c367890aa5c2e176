"""Runs as tasks of the protocol, for clients that take tasks, and for nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.repositories import repository
from tests.cli.command import ARGV, GOAL, answer, end_all
from tests.mcp_server.house import RELEASE, saved, waiting
from tests.mcp_server.http_house import House
from tests.workers.house import Talker, until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield House(tmp_path_factory.mktemp("house"))
    end_all()


def looked_at(house: House, token: str, task: str) -> dict[str, Any]:
    found: dict[str, Any] = house.ask(token, "tasks/get", {"taskId": task})["result"]
    return found


def test_a_mission_goes_on_as_a_task_and_outlives_the_server(house: House, tmp_path: Path) -> None:
    tiny = repository(tmp_path / "tiny", {"tiny/__init__.py": "def add(a, b): return a + b\n"})
    token = house.token("read", "operate")
    call = {"name": "plan_mission", "arguments": {"goal": GOAL, "repository": str(tiny)}}
    begun = house.ask(token, "tools/call", call)["result"]
    assert begun["resultType"] == "task"
    assert begun["ttlMs"] is None
    assert not {"content", "result"} & begun.keys()
    task = begun["taskId"]
    house.server.kill()
    house.server = Talker([*ARGV, "mcp", "--http", "0"], house.home)
    house.url = house.server.until(r"served at (http://\S+) ")[1]
    until(lambda: looked_at(house, token, task)["status"] == "completed", "the end of the task")
    ended = looked_at(house, token, task)
    assert ended["resultType"] == "complete"
    assert ended["result"]["isError"] is False
    standing = ended["result"]["structuredContent"]
    assert (standing["run"], standing["status"]) == (task, "succeeded")
    assert "steps are over" in ended["statusMessage"]
    # Who takes no tasks is told of the run at once, and follows it by a tool.
    told = house.ask(token, "tools/call", call, takes_tasks=False)["result"]
    assert (told["resultType"], "taskId" in told) == ("complete", False)
    assert told["structuredContent"]["run"].startswith("run-")


def test_what_can_not_begin_is_no_task(house: House) -> None:
    token = house.token("read", "operate")
    call = {"name": "begin_mission", "arguments": {"goal": GOAL, "repository": "/nowhere"}}
    told = house.ask(token, "tools/call", call)["result"]
    assert (told["isError"], "taskId" in told) == (True, False)


def test_cancelling_a_task_asks_for_the_end_of_its_run(house: House, tmp_path: Path) -> None:
    saved(house.home, RELEASE)
    waiting(house.home, tmp_path)
    (run,) = (row["id"] for row in answer(house.home, "runs") if row["workflow"] == "release")
    reads, works = house.token("read"), house.token("read", "operate")
    assert looked_at(house, reads, run)["status"] == "working"
    refused = house.ask(reads, "tasks/cancel", {"taskId": run})["error"]
    assert "(permission.missing)" in refused["message"]
    assert looked_at(house, reads, run)["status"] == "working"
    for _ in range(2):  # The second time it has ended already.
        told = house.ask(works, "tasks/cancel", {"taskId": run})
        assert "taskId" not in told["result"], told
        until(lambda: looked_at(house, reads, run)["status"] == "cancelled", "the end of the run")
    assert house.ask(reads, "tasks/update", {"taskId": run, "inputResponses": {}})["result"]


def test_only_tasks_that_are_there_are_told_of_and_only_to_who_takes_them(house: House) -> None:
    token = house.token("read")
    for strange in ("run-none", "approval-1", "../x", "a" * 301):
        told = house.ask(token, "tasks/get", {"taskId": strange})
        assert told["error"]["code"] == -32602, told
    for method in ("tasks/get", "tasks/cancel", "tasks/update"):
        asked = {"taskId": "run-none", "inputResponses": {}}
        told = house.ask(token, method, asked, takes_tasks=False)
        assert told["error"]["code"] == -32021, told
        # A header that names another task: `name` is what the header is made of.
        told = house.ask(token, method, {**asked, "name": "run-other"})
        assert told["error"]["code"] == -32020, told
