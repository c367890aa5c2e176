"""Tools of MCP servers as agents, with a real server in a process of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.mcp.kind import McpKind
from missioncontrol.adapters.processes import is_alive
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed, Verdict
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run

pytestmark = pytest.mark.journey

KIND = McpKind()
SERVER = str(Path(__file__).parent / "tool_server.py")
SECONDS = 30.0


def declared(tool: str, **more: Any) -> Declaration:
    settings = {"argv": [sys.executable, SERVER], "tool": tool, **more.pop("settings", {})}
    return Declaration("t", "mcp", settings, **more)


def work(
    root: Path, agent: Declaration, inputs: dict[str, Any], line: HeardLine | None = None
) -> Work:
    async def story() -> Work:
        shop = a_workshop(root, {"PATH": os.environ["PATH"], "API_KEY": SECRET})
        return await KIND.make(agent, shop).perform(assignment(inputs), line or HeardLine())

    return run(story(), SECONDS)


def failure(
    root: Path, agent: Declaration, inputs: dict[str, Any], line: HeardLine | None = None
) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(root, agent, inputs, line)
    return caught.value


def test_a_tool_answers_with_structure_and_its_server_ends(tmp_path: Path) -> None:
    line = HeardLine()
    shape = Shape("object", {"sum": Shape("integer")})
    done = work(tmp_path, declared("add", output=shape), {"a": 2, "b": 3}, line)
    assert done.output == {"sum": 5}
    assert ("info", "ready") in line.said
    assert not is_alive(line.processes[0])


def test_inputs_are_mapped_to_arguments(tmp_path: Path) -> None:
    agent = declared("add", settings={"arguments": {"a": "{left}", "b": 40}})
    assert work(tmp_path, agent, {"left": 2, "other": 1}).output == {"sum": 42}


def test_a_tool_that_fails_has_failed(tmp_path: Path) -> None:
    error = failure(tmp_path, declared("fail"), {"why": "no paper"})
    assert error.code == "mcp.tool_failed"
    assert "no paper" in error.reason


def test_progress_is_passed_on(tmp_path: Path) -> None:
    line = HeardLine()
    work(tmp_path, declared("slow"), {"steps": 3}, line)
    assert (3, 3, "step 3") in line.moved


@pytest.mark.parametrize("handshake", ["auto", "legacy"])
def test_what_a_tool_says_is_shown(tmp_path: Path, handshake: str) -> None:
    line = HeardLine()
    work(tmp_path, declared("report", settings={"handshake": handshake}), {}, line)
    assert ("warning", "The paper is low.") in line.said


def test_cancelling_ends_the_server(tmp_path: Path) -> None:
    line = HeardLine()

    async def story() -> None:
        made = KIND.make(declared("slow"), a_workshop(tmp_path))
        task = asyncio.ensure_future(made.perform(assignment({"steps": 101}), line))
        await line.moving.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story(), SECONDS)
    assert not is_alive(line.processes[0])


def test_a_question_of_the_server_reaches_a_person(tmp_path: Path) -> None:
    line = HeardLine(lambda action: Verdict(is_allowed=True, answer={"colour": "red"}))
    assert work(tmp_path, declared("ask"), {}, line).output == {"result": "red"}
    (asked,) = line.asked
    assert (asked.kind, asked.title) == ("question", "Which colour?")
    assert asked.form is not None
    assert "colour" in asked.form["properties"]


def test_a_server_of_an_older_protocol_may_ask_in_the_middle(tmp_path: Path) -> None:
    line = HeardLine(lambda action: Verdict(is_allowed=True, answer={"colour": "red"}))
    agent = declared("interrupt", settings={"handshake": "legacy"})
    assert work(tmp_path, agent, {}, line).output == {"result": "red"}


def test_a_person_may_decline_to_answer(tmp_path: Path) -> None:
    assert work(tmp_path, declared("ask"), {}, HeardLine()).output == {"result": "decline"}


def test_a_tool_that_its_server_calls_destructive_is_asked_for(tmp_path: Path) -> None:
    line = HeardLine()
    error = failure(tmp_path, declared("wipe", effects=("reads_files",)), {"name": "x"}, line)
    assert error.code == "mcp.not_permitted"
    assert line.asked[0].detail == {"tool": "wipe", "arguments": {"name": "x"}}


def test_a_hint_that_a_tool_only_reads_lowers_nothing(tmp_path: Path) -> None:
    agent = declared("look", effects=("deletes",))
    assert KIND.card(agent).risk == "irreversible"
    assert KIND.card(declared("look")).risk == "write"


def test_a_picture_is_kept_as_a_file(tmp_path: Path) -> None:
    line = HeardLine()
    done = work(tmp_path, declared("picture"), {}, line)
    assert [each.media_type for each in done.artifacts] == ["image/png"]
    assert line.kept == {"picture-1.png": b"\x89PNG...."}


def test_arguments_that_do_not_fit_are_not_sent(tmp_path: Path) -> None:
    error = failure(tmp_path, declared("add"), {"a": "two", "b": 3})
    assert (error.code, error.retryable) == ("mcp.bad_input", False)


def test_a_tool_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    error = failure(tmp_path, declared("subtract"), {})
    assert error.code == "mcp.no_tool"
    assert "add" in error.hint


def test_a_server_that_dies_is_lost(tmp_path: Path) -> None:
    assert failure(tmp_path, declared("die"), {}).code == "mcp.lost"


def test_why_a_server_ended_is_what_it_said_last(tmp_path: Path) -> None:
    code = f"import sys; sys.exit('no database for {SECRET}')"
    agent = declared("add", settings={"argv": [sys.executable, "-S", "-E", "-c", code]})
    error = failure(tmp_path, agent, {})
    assert error.code == "mcp.lost"
    assert "Its last line: no database for [secret]" in error.reason


def test_an_answer_that_nobody_could_hold_is_refused(tmp_path: Path) -> None:
    line = HeardLine()
    error = failure(tmp_path, declared("overflow"), {}, line)
    assert (error.code, error.retryable) == ("mcp.too_much", False)


def test_what_a_server_counts_is_a_number_that_everybody_can_hold(tmp_path: Path) -> None:
    line = HeardLine()
    work(tmp_path, declared("count_wildly"), {}, line)
    assert line.moved == [(0, 0, "back"), (10**12, 10**12, "far")]


def test_a_program_that_is_no_server_is_lost(tmp_path: Path) -> None:
    line = HeardLine()
    settings = {"argv": [sys.executable, "-c", "print('hello')"]}
    assert failure(tmp_path, declared("x", settings=settings), {}, line).code == "mcp.lost"
    assert "hello" in line.text


def test_a_server_sees_only_what_the_agent_may_see(tmp_path: Path) -> None:
    assert work(tmp_path, declared("variable"), {"name": "HOME"}).output == {"result": ""}
    assert work(tmp_path, declared("variable"), {"name": "API_KEY"}).output == {"result": SECRET}


# Over HTTP.


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, SERVER, str(port)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/mcp"
        process.kill()


def test_a_server_over_http_is_called(tmp_path: Path, address: str) -> None:
    line = HeardLine()
    agent = Declaration("t", "mcp", {"url": address, "tool": "slow"})
    assert work(tmp_path, agent, {"steps": 2}, line).output == {"result": "done"}
    assert (2, 2, "step 2") in line.moved


def test_a_server_over_http_can_ask(tmp_path: Path, address: str) -> None:
    line = HeardLine(lambda action: Verdict(is_allowed=True, answer={"colour": "blue"}))
    agent = Declaration("t", "mcp", {"url": address, "tool": "ask"})
    assert work(tmp_path, agent, {}, line).output == {"result": "blue"}


def test_a_server_that_is_not_there_is_lost(tmp_path: Path) -> None:
    agent = Declaration("t", "mcp", {"url": "http://127.0.0.1:1/mcp", "tool": "add"})
    assert failure(tmp_path, agent, {}).code == "mcp.lost"


# What it says of itself.


def test_a_proof_tells_the_server_and_compares_what_the_tool_takes(tmp_path: Path) -> None:
    inputs = Shape("object", {"a": Shape("integer"), "b": Shape("integer")})
    agent = declared("add", inputs=inputs)
    proof = run(KIND.prove(agent, a_workshop(tmp_path), round_trip=False), SECONDS)
    assert proof.version == "tools 1.2.3"


def test_a_declaration_that_the_server_contradicts_is_no_proof(tmp_path: Path) -> None:
    agent = declared("add", inputs=Shape("object", {"a": Shape("string")}))
    with pytest.raises(AttemptFailed, match=r"arguments\.a is a text") as caught:
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=False), SECONDS)
    assert caught.value.code == "mcp.differs"


@pytest.mark.parametrize(
    "settings",
    [
        {"tool": "a"},
        {"tool": "a", "argv": ["x"], "url": "http://localhost"},
        {"tool": "", "argv": ["x"]},
        {"tool": "a", "url": "stdio://x"},
        {"tool": "a", "argv": ["x"], "cwd": "here"},
        {"tool": "a", "argv": ["x"], "shell": True},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'t'"):
        KIND.card(Declaration("t", "mcp", settings))
