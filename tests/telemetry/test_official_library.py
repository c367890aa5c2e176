"""The official library of OpenTelemetry tells us what a tool does, by variables alone."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.attempt_process import attempt_variables
from missioncontrol.domain.run.events import StepStarted
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.ports.agent import Assignment
from tests.telemetry.collector import run
from tests.telemetry.listening import PROMPT, RUN, SECRET, Listening, listening

TEST = Assignment(RUN, "w", "test", 1, 2, f"{RUN}/test", "tester")
TOOL = Path(__file__).with_name("tracing_tool.py")


async def used(found: Listening, **more: str) -> None:
    """Have the tool work on the step `test`, and wait for its end."""
    environment = {
        "PATH": os.environ["PATH"],
        "PROMPT": f"{PROMPT} {SECRET}",
        **found.server.variables(TEST),
        **attempt_variables(TEST),
        **more,
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TOOL),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complained = await program.communicate()
    assert (output, complained) == (b"done", b"")


def heard(policy: TelemetryPolicy, **more: str) -> Listening:
    async def story() -> Listening:
        async with listening(policy) as found:
            found.happened(StepStarted("test", 1, 2, "tester"))
            await used(found, **more)
            return found

    return run(story())


@pytest.mark.journey
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_what_a_tool_tells_stands_in_the_output_of_its_step(compression: str) -> None:
    found = heard(TelemetryPolicy(), OTEL_EXPORTER_OTLP_COMPRESSION=compression)
    assert {(line.run, line.step, line.attempt) for line in found.lines} == {(RUN, "test", 1)}
    assert "span chat gpt-5 " in found.said
    assert (
        'gen_ai.usage.input_tokens=12 gen_ai.response.finish_reasons="[\\"stop\\"]"' in found.said
    )
    assert "log tool.warned tool_name=shell" in found.said
    assert "· exception exception.type=ValueError" in found.said
    assert found.receiver.heard.spans == 2
    assert found.receiver.heard.records == 1
    assert PROMPT not in found.said
    assert SECRET not in found.said


@pytest.mark.journey
def test_a_tool_of_somebody_else_is_known_by_its_trace_context() -> None:
    shared = "authorization=Bearer%20a-key-of-everybody"
    found = heard(TelemetryPolicy("full"), OTEL_EXPORTER_OTLP_HEADERS=shared)
    assert {(line.run, line.step) for line in found.lines} == {(RUN, "test")}
    assert PROMPT in found.said
    assert SECRET not in found.said
