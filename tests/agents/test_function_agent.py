"""Python functions as agents, each call in a process of its own."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents import function_kind as function
from missioncontrol.adapters.agents.function_kind import FunctionKind
from missioncontrol.adapters.processes import is_alive
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from tests.agents.heard import HeardLine, a_workshop, assignment, run

KIND = FunctionKind()


def declared(root: Path, code: str, name: str = "do", **more: Any) -> Declaration:
    (root / "handmade.py").write_text(textwrap.dedent(code))
    settings = {"callable": f"handmade:{name}", "directory": str(root)}
    return Declaration("f", "function", settings, **more)


def work(
    root: Path, agent: Declaration, inputs: dict[str, Any], line: HeardLine | None = None
) -> Work:
    async def story() -> Work:
        made = KIND.make(agent, a_workshop(root, {"PATH": os.environ["PATH"]}))
        return await made.perform(assignment(inputs), line or HeardLine())

    return run(story())


def failure(root: Path, agent: Declaration, inputs: dict[str, Any]) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(root, agent, inputs)
    return caught.value


def test_a_plain_function_is_called_with_the_step(tmp_path: Path) -> None:
    agent = declared(tmp_path, "def do(step): return {'sum': step.inputs['a'] + 1}")
    line = HeardLine()
    assert work(tmp_path, agent, {"a": 2}, line).output == {"sum": 3}
    assert not is_alive(line.processes[0])


def test_an_async_function_reports_while_it_works(tmp_path: Path) -> None:
    code = """
    async def do(step):
        step.log("begun")
        await step.admit("m", input_tokens=10, output_tokens=5)
        step.usage("m", input_tokens=9, output_tokens=4)
        return step.key
    """
    line = HeardLine()
    assert work(tmp_path, declared(tmp_path, code), {}, line).output == "key-1"
    assert line.text == "begun"
    assert line.admitted == [("m", 10, 5)]
    assert line.used.tokens == 13


def test_what_a_function_prints_is_no_message(tmp_path: Path) -> None:
    line = HeardLine()
    work(tmp_path, declared(tmp_path, "def do(step): print('hello')"), {}, line)
    assert "hello" in line.text


def test_a_function_that_reads_its_input_finds_none_and_takes_none_of_ours(tmp_path: Path) -> None:
    code = """
        import sys
        async def do(step):
            said = sys.stdin.read()
            await step.admit("m", input_tokens=1, output_tokens=2)
            return said
    """
    line = HeardLine()
    assert work(tmp_path, declared(tmp_path, code), {}, line).output == ""
    assert line.admitted == [("m", 1, 2)]


def test_a_thread_that_a_function_leaves_keeps_nobody_waiting(tmp_path: Path) -> None:
    code = """
        import threading, time
        def do(step):
            threading.Thread(target=time.sleep, args=(600,)).start()
            print("begun")
            return 1
    """
    line = HeardLine()
    assert work(tmp_path, declared(tmp_path, code), {}, line).output == 1
    assert "begun" in line.text


def test_a_function_that_exits_has_failed(tmp_path: Path) -> None:
    error = failure(tmp_path, declared(tmp_path, "def do(step): raise SystemExit(0)"), {})
    assert error.code == "function.raised"
    assert "SystemExit" in error.reason


def test_a_module_that_exits_is_no_proof(tmp_path: Path) -> None:
    agent = declared(tmp_path, "raise SystemExit(0)")
    with pytest.raises(AttemptFailed, match="SystemExit"):
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=True))


def test_a_module_that_takes_for_ever_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "PROOF_SECONDS_MAX", 0.2)
    agent = declared(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(AttemptFailed, match="was not imported within") as caught:
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=True))
    assert caught.value.code == "function.silent"


def test_a_function_that_raises_has_failed(tmp_path: Path) -> None:
    error = failure(tmp_path, declared(tmp_path, "def do(step): 1 / 0"), {})
    assert error.code == "function.raised"
    assert "ZeroDivisionError" in error.reason


def test_a_result_that_is_no_json_is_a_failure(tmp_path: Path) -> None:
    error = failure(tmp_path, declared(tmp_path, "def do(step): return object()"), {})
    assert error.code == "function.raised"


def test_a_result_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    agent = declared(tmp_path, "def do(step): return 'x'", output=Shape("integer"))
    assert failure(tmp_path, agent, {}).code == "function.bad_output"


def test_a_function_that_is_not_there_is_told(tmp_path: Path) -> None:
    agent = declared(tmp_path, "", name="missing")
    error = failure(tmp_path, agent, {})
    assert (error.code, error.retryable) == ("function.unknown", False)
    with pytest.raises(AttemptFailed, match="missing"):
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=False))


def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    code = """
    import time
    def do(step):
        step.log("begun")
        time.sleep(60)
    """
    line = HeardLine()

    async def story() -> None:
        made = KIND.make(declared(tmp_path, code), a_workshop(tmp_path))
        task = asyncio.ensure_future(made.perform(assignment(), line))
        await line.spoke.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())
    assert not is_alive(line.processes[0])


def test_a_function_proves_that_it_can_be_found(tmp_path: Path) -> None:
    agent = declared(tmp_path, "def do(step): raise RuntimeError('called')")
    proof = run(KIND.prove(agent, a_workshop(tmp_path), round_trip=True))
    assert proof.version == f"Python {sys.version.split()[0]}"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"callable": "a b:c"},
        {"callable": "a:b", "directory": "here"},
        {"callable": "x", "y": 1},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'f'"):
        KIND.card(Declaration("f", "function", settings))
