"""The real Codex and Claude Code tell what they do where we listen, and no contents."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.trace import attempt_span, trace_of
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.ports.agent_kind import AgentKind
from missioncontrol.testing.scripted_models import ModelServer, Reply, ToolCall, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command
from tests.agents.bench import Door, TestLine, workshop
from tests.agents.repositories import repository
from tests.telemetry.collector import run
from tests.telemetry.listening import BUILD, PROMPT, RUN, SECRET, Listening, listening

pytestmark = pytest.mark.journey
NAMES = TelemetryPolicy()
COMMAND = f"env; echo {SECRET}; python3 -c pass"


class Heard(msgspec.Struct):
    """What came of one attempt."""

    found: Listening
    line: TestLine
    models: ModelServer


def heard(
    folder: Path, declared: Declaration, kind: AgentKind, call: ToolCall, policy: TelemetryPolicy
) -> Heard:
    """Have an agent do a step, with a command on the way, with the telemetry of an engine."""

    async def story() -> Heard:
        async with listening(policy) as found:
            door = Door(models.origin)
            shop = msgspec.structs.replace(workshop(folder, door), telemetry=found.server)
            inputs = {"prompt": PROMPT, "repository": str(repository(folder / "r"))}
            given = msgspec.structs.replace(BUILD, inputs=inputs, risk="write")
            line = TestLine()
            await kind.make(declared, shop).perform(given, line)
            return Heard(found, line, models)

    with serving(Reply(calls=(call,)), Reply("Done.")) as models:
        return run(story())


def codex(folder: Path, program: Path, policy: TelemetryPolicy = NAMES, **more: Any) -> Heard:
    declared = Declaration("coder", "codex", {"program": str(program), **more}, model="m")
    return heard(folder, declared, CodexKind(), codex_command(COMMAND), policy)


def claude(folder: Path, program: Path, policy: TelemetryPolicy = NAMES) -> Heard:
    model = "claude-sonnet-4-5"
    declared = Declaration("coder", "claude", {"program": str(program)}, model=model)
    return heard(folder, declared, ClaudeKind(), claude_bash(COMMAND), policy)


def refuse_contents(observed: Heard) -> None:
    """Check that no content of requests, commands or answers is stored."""
    assert {(line.run, line.step) for line in observed.found.lines} == {(RUN, "build")}
    assert PROMPT not in observed.found.said
    assert "echo" not in observed.found.said
    assert SECRET not in observed.found.said


def refuse_a_seen_key(observed: Heard) -> None:
    """No command of the tool saw the key with which the attempt tells what it does."""
    assert f"TRACEPARENT=00-{trace_of(RUN)}" in observed.line.text  # The environment was shown.
    assert "OTEL_EXPORTER" not in observed.line.text
    assert "mct-" not in observed.line.text


def traced_calls(observed: Heard) -> set[str]:
    """Return the traces of the calls of models, none of which is the span of the attempt."""
    contexts = [call.headers["traceparent"].split("-") for call in observed.models.calls]
    assert attempt_span(RUN, 1) not in {span for _, _, span, _ in contexts}
    return {trace for _, trace, _, _ in contexts}


@pytest.mark.parametrize("approvals", ["never", "ask"])
def test_codex_tells_what_it_does(tmp_path: Path, codex_program: Path, approvals: str) -> None:
    observed = codex(tmp_path, codex_program, approvals=approvals)
    refuse_contents(observed)
    refuse_a_seen_key(observed)
    assert traced_calls(observed) == {trace_of(RUN)}
    assert "span exec_command" in observed.found.said
    assert "log codex.tool_result" in observed.found.said
    assert "input_token_count=100" in observed.found.said
    # It goes on with the trace that its variables name: its outermost spans are below the attempt.
    assert "span thread/start" in observed.found.said or "span codex.exec" in observed.found.said
    assert len(observed.found.lines) < 50 < observed.found.receiver.heard.passed_over


def test_claude_code_tells_what_it_does(tmp_path: Path, claude_program: Path) -> None:
    observed = claude(tmp_path, claude_program)
    refuse_contents(observed)
    refuse_a_seen_key(observed)
    assert traced_calls(observed) == {trace_of(RUN)}
    assert "span claude_code.interaction" in observed.found.said
    assert "span claude_code.llm_request" in observed.found.said
    assert "log tool_result" in observed.found.said
    assert "cache_read_tokens=40" in observed.found.said


def test_in_full_it_is_all_there_but_for_secrets(tmp_path: Path, codex_program: Path) -> None:
    observed = codex(tmp_path, codex_program, TelemetryPolicy("full"))
    assert "echo [secret]" in observed.found.said
    assert SECRET not in observed.found.said
    assert PROMPT not in observed.found.said


def test_claude_code_logs_no_prompt_even_where_contents_are_kept(
    tmp_path: Path, claude_program: Path
) -> None:
    observed = claude(tmp_path, claude_program, TelemetryPolicy("full"))
    assert "prompt_length=" in observed.found.said
    assert PROMPT not in observed.found.said
    assert "echo" not in observed.found.said
