"""Runs as tasks of the protocol, for clients that accept tasks, and for no others."""

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


class Served:
    """A home that is reached over HTTP, with a token that reads, and one that begins and ends."""

    def __init__(self, root: Path) -> None:
        self.house = House(root)
        self.reads, self.works = self.house.token("read"), self.house.token("read", "operate")

    def get(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.house.ask(self.reads, "tasks/get", {"taskId": task})["result"]
        return found

    def call(
        self, tool: str, arguments: dict[str, Any], *, takes_tasks: bool = True
    ) -> dict[str, Any]:
        asked = {"name": tool, "arguments": arguments}
        answered = self.house.ask(self.works, "tools/call", asked, takes_tasks=takes_tasks)
        found: dict[str, Any] = answered["result"]
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield Served(tmp_path_factory.mktemp("house"))
    end_all()


def test_a_mission_goes_on_as_a_task_and_outlives_the_server(
    served: Served, tmp_path: Path
) -> None:
    house = served.house
    tiny = repository(tmp_path / "tiny", {"tiny/__init__.py": "def add(a, b): return a + b\n"})
    asked = {"goal": GOAL, "repository": str(tiny), "key": "once"}
    # A client that accepts no tasks gets the run, and follows it by a tool.
    result = served.call("plan_mission", asked, takes_tasks=False)
    assert (result["resultType"], "taskId" in result) == ("complete", False)
    task = result["structuredContent"]["run"]
    # The same request again is the same run, and a task for who takes tasks.
    begun = served.call("plan_mission", asked)
    assert (begun["resultType"], begun["taskId"], begun["ttlMs"]) == ("task", task, None)
    assert not {"content", "result"} & begun.keys()
    house.server.kill()
    house.server = Talker([*ARGV, "mcp", "--http", "0"], house.home)
    house.url = house.server.until(r"served at (http://\S+) ")[1]
    until(lambda: served.get(task)["status"] == "completed", "the end of the task")
    ended = served.get(task)
    assert (ended["resultType"], ended["result"]["isError"]) == ("complete", False)
    standing = ended["result"]["structuredContent"]
    assert (standing["run"], standing["status"]) == (task, "succeeded")
    assert ended["statusMessage"] == standing["verdict"]
    assert [row["id"] for row in answer(house.home, "runs")] == [task]


def test_cancelling_a_task_asks_for_the_end_of_its_run(served: Served, tmp_path: Path) -> None:
    house = served.house
    saved(house.home, RELEASE)
    waiting(house.home, tmp_path)
    (run,) = (row["id"] for row in answer(house.home, "runs") if row["workflow"] == "release")
    assert served.get(run)["status"] == "working"
    refused = house.ask(served.reads, "tasks/cancel", {"taskId": run})["error"]
    assert "(permission.missing)" in refused["message"]
    assert served.get(run)["status"] == "working"
    for _ in range(2):  # The second time it has ended already.
        result = house.ask(served.works, "tasks/cancel", {"taskId": run})
        assert "taskId" not in result["result"], result
        until(lambda: served.get(run)["status"] == "cancelled", "the end of the run")
    assert house.ask(served.reads, "tasks/update", {"taskId": run, "inputResponses": {}})["result"]


def test_only_tasks_that_are_there_are_told_of_and_only_to_who_takes_them(served: Served) -> None:
    result = served.call("begin_mission", {"goal": GOAL, "repository": "/nowhere"})
    assert (result["isError"], "taskId" in result) == (True, False)
    for strange in ("run-none", "approval-1", "../x", "a" * 301):
        result = served.house.ask(served.reads, "tasks/get", {"taskId": strange})
        assert result["error"]["code"] == -32602, result
    for method in ("tasks/get", "tasks/cancel", "tasks/update"):
        asked = {"taskId": "run-none", "inputResponses": {}}
        result = served.house.ask(served.reads, method, asked, takes_tasks=False)
        assert result["error"]["code"] == -32021, result
        # A header that names another task: `name` is what the header is made of.
        result = served.house.ask(served.reads, method, {**asked, "name": "run-other"})
        assert result["error"]["code"] == -32020, result
