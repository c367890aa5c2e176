"""The tools with which a plan is made read one repository, within bounds, and nothing else."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from tests.agents.repositories import everything, git, repository

from missioncontrol.confinement import within
from missioncontrol.domain.errors import Rejected
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.tools.commit_files import FOUND_MAX, LISTED_MAX
from missioncontrol.specialists.planner.tools.testing import Trying
from missioncontrol.specialists.planner.tools.toolbox import (
    ANSWER_MAX,
    CALLS_MAX,
    TESTS_MAX,
    TOOLS,
    Toolbox,
)
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0"\n'
    '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    return sum(prices)\n",
    "shop/long.py": "".join(f"line_{number} = {'x' * 300!r}\n" for number in range(1_000)),
    "tests/test_cart.py": "from shop.cart import total\n\n\n"
    "def test_total():\n    assert total([1, 2]) == 4\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("canary\n")
    root = repository(tmp_path / "shop", FILES)
    (root / "link.txt").symlink_to(outside / "secret.txt")
    (root / "linked").symlink_to(outside)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Link to the outside")
    return root


@pytest.mark.parametrize(
    "path",
    [
        *("../outside/secret.txt", "/etc/passwd", "shop/../../outside/secret.txt", "~/.ssh/config"),
        *("link.txt", "linked/secret.txt", ".git/config", "shop", "no/such.py", "a\0b"),
    ],
)
@pytest.mark.parametrize("tool", ["read_file", "file_log", "run_test", "blame"])
def test_no_path_leads_out_of_the_repository(shop: Path, tool: str, path: str) -> None:
    more = {"first_line": 1, "last_line": 9} if tool == "blame" else {}
    reply = Toolbox(shop, trying=Trying(within(os.environ))).call(tool, {"path": path, **more})
    assert reply.startswith("No answer (tools."), reply
    assert "canary" not in reply


@pytest.mark.parametrize("directory", ["..", "/etc", "shop/../..", "~"])
def test_no_directory_leads_out_either(shop: Path, directory: str) -> None:
    box = Toolbox(shop)
    for reply in (
        box.call("search", {"text": "canary", "directory": directory}),
        box.call("list_files", {"directory": directory}),
    ):
        assert reply.startswith("No answer (tools.outside)"), reply


def test_what_is_not_committed_is_not_read(shop: Path) -> None:
    (shop / "shop/cart.py").write_text("draft = 1\n")
    (shop / "shop/new.py").write_text("draft = 1\n")
    box = Toolbox(shop)
    assert "def total" in box.call("read_file", {"path": "shop/cart.py"})
    assert box.call("search", {"text": "draft"}) == "Nothing was found."
    assert "tools.no_file" in box.call("read_file", {"path": "shop/new.py"})


def test_a_directory_below_the_top_is_all_that_is_served(shop: Path) -> None:
    box = Toolbox(shop / "shop")
    assert "def total" in box.call("read_file", {"path": "cart.py"})
    assert box.call("list_files", {"pattern": "*cart*"}) == "cart.py"
    assert box.call("search", {"text": "assert total"}) == "Nothing was found."
    assert "tools.outside" in box.call("read_file", {"path": "../tests/test_cart.py"})


def test_lines_places_blame_and_changes_are_told(shop: Path) -> None:
    box = Toolbox(shop)
    assert box.call("read_file", {"path": "shop/cart.py", "first_line": 2}) == (
        "shop/cart.py has 2 lines\n2:     return sum(prices)"
    )
    assert box.call("search", {"text": r"def \w+\(", "is_regex": True}).splitlines() == [
        "shop/cart.py:1: def total(prices):",
        "tests/test_cart.py:4: def test_total():",
    ]
    assert "return sum(prices)" in box.call(
        "blame", {"path": "shop/cart.py", "first_line": 2, "last_line": 9_000}
    )
    assert box.call("file_log", {"path": "link.txt"}).startswith("No answer")
    assert len(box.call("file_log", {"path": "shop/cart.py"}).splitlines()) == 1


def test_a_wish_is_located_as_the_planner_does(shop: Path) -> None:
    found = json.loads(Toolbox(shop).call("locate", {"text": "Round the total of prices"}))
    assert found[0]["path"] == "shop/cart.py"
    assert 0 < found[0]["chance"] <= 1
    assert found[0]["spots"][0]["name"] == "total"
    assert json.loads(Toolbox(shop).call("precedents", {"text": "total"})) == []


def test_a_test_runs_in_a_copy(shop: Path) -> None:
    before = everything(shop)
    box = Toolbox(shop, trying=Trying(within(os.environ)))
    result = json.loads(box.call("run_test", {"path": "tests/test_cart.py"}))
    assert (result["status"], result["failed"]) == ("failed", 1)
    assert result["failures"][0]["test"] == "tests.test_cart::test_total"
    assert everything(shop) == before


def test_answers_and_sessions_are_bounded(shop: Path) -> None:
    box = Toolbox(shop, trying=Trying(within(os.environ)))
    assert len(box.call("read_file", {"path": "shop/long.py"})) <= ANSWER_MAX + 20
    assert len(box.call("search", {"text": "line_"}).splitlines()) <= FOUND_MAX + 1
    assert len(box.call("list_files", {}).splitlines()) <= LISTED_MAX + 1
    box._tests = TESTS_MAX
    assert "tools.too_many" in box.call("run_test", {"path": "tests/test_cart.py"})
    box._calls = CALLS_MAX
    assert "tools.too_many" in box.call("list_files", {})


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("write_file", {}),
        ("read_file", {"path": 7}),
        ("read_file", ["shop/cart.py"]),
        ("read_file", {"path": "shop/cart.py", "mode": "w"}),
        ("search", {"text": "(", "is_regex": True}),
        ("search", {"text": "x\ny"}),
        ("show_plan", {"part": "secrets"}),
        ("blame", {"path": "shop/cart.py", "first_line": 99, "last_line": 99}),
    ],
)
def test_calls_that_make_no_sense_are_answered_with_what_to_do(
    shop: Path, tool: str, arguments: Any
) -> None:
    assert Toolbox(shop).call(tool, arguments).startswith("No answer (")


def test_a_directory_without_a_commit_has_no_tools(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no git repository with a commit"):
        Toolbox(tmp_path)


def test_a_plan_is_tried_once_and_tells_what_is_red_today(shop: Path, tmp_path: Path) -> None:
    brief = Brief("Mend test_total", "", (), "", shop, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    before = everything(shop)
    box = Toolbox(shop, plan=plan, trying=Trying(within(os.environ)))
    result = json.loads(box.call("try_plan", {}))
    assert (result["criterion"]["kind"], result["criterion"]["state"]) == ("named test", "red")
    assert "tests/test_cart.py::test_total` fails today" in result["criterion"]["sentence"]
    assert result["nearest"] == [{"path": "tests/test_cart.py", "ran": 1, "failed": 1}]
    assert result["tests"]["failures"][0]["test"].endswith("test_total")
    assert box.call("try_plan", {}) == json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    assert everything(shop) == before
    assert "no tool" in Toolbox(shop, plan=plan).call("try_plan", {})


def test_the_server_offers_every_tool_as_one_that_only_reads(shop: Path, tmp_path: Path) -> None:
    brief = Brief("Round the total", "", (), "", shop, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(plan))
    argv = ["-P", "-m", "missioncontrol.mcp.planning", "--repository", str(shop)]
    argv += ["--plan", str(tmp_path / "plan.json")]

    async def story() -> tuple[list[Any], str]:
        given = StdioServerParameters(command=sys.executable, args=argv)
        async with stdio_client(given) as streams, ClientSession(*streams) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            reply = await session.call_tool("read_file", {"path": "../outside/secret.txt"})
            return tools, str(reply.content)

    tools, reply = asyncio.run(story())
    assert [each.name for each in tools] == list(TOOLS)
    assert all(each.annotations.read_only_hint for each in tools)
    assert "leads out of the repository" in reply
