"""All of telemetry around one engine, as a program sets it up that holds a home."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import missioncontrol as mc
from missioncontrol.adapters.telemetry.otlp import OtlpExporter
from missioncontrol.adapters.telemetry.settings import OtlpSettings
from missioncontrol.app.container import EngineContext
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.events import StepStarted
from missioncontrol.domain.trace import attempt_span, trace_of
from missioncontrol.interfaces.metrics import Metrics
from missioncontrol.interfaces.telemetry.attribution import Attribution
from missioncontrol.interfaces.telemetry.policy import (
    ListeningSettings,
    TelemetryPolicy,
    listening_settings,
)
from missioncontrol.interfaces.telemetry.receiver import Receiver
from missioncontrol.interfaces.telemetry.server import TelemetryServer
from tests.telemetry.collector import collecting, run
from tests.telemetry.listening import SECRET, attributes, traces
from tests.telemetry.listening import span as told_span
from tests.telemetry.test_metrics import read


class Around:
    """Everything that follows an engine here."""

    def __init__(self, held: EngineContext, endpoint: str) -> None:
        scrub = held.output._scrub
        self.sending = OtlpExporter(
            OtlpSettings(endpoint + "/v1/traces", batch_seconds=0.01),
            secret=str,
            scrub=scrub,
            begun=held.journal.runs.get,
        )
        attribution = Attribution()
        receiver = Receiver(
            TelemetryPolicy("full"),
            attribution,
            keep=held.output.add,
            scrub=scrub,
            now=held.clock.now,
        )
        self.metrics = Metrics(
            version=mc.__version__,
            now=held.clock.now,
            agents=lambda: [
                (life.name, life.status(held.registry.leased(life.name)))
                for life in held.agents.lives()
            ],
            caps=held.budgets.caps,
            gauges={"log_bytes": lambda: held.home.log.stat().st_size},
            counters={**self.sending.counters(), **receiver.counters()},
        )
        self.server = TelemetryServer(receiver, self.metrics)
        held.engine.listeners.extend((self.sending.take, attribution.take, self.metrics.take))


@asynccontextmanager
async def around(held: EngineContext, endpoint: str) -> AsyncIterator[Around]:
    found = Around(held, endpoint)
    await found.sending.open()
    await found.server.open()
    try:
        yield found
    finally:
        await found.server.close()
        await found.sending.close()


@pytest.mark.journey
def test_a_step_is_traced_measured_and_heard_and_no_secret_gets_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    workflow = mc.Workflow("release")
    servers: list[TelemetryServer] = []

    @workflow.step()
    async def build(step: mc.StepContext) -> str:
        variables = servers[0].variables(step.assignment)
        key = variables["OTEL_EXPORTER_OTLP_HEADERS"].removeprefix("authorization=Bearer%20")
        inner = told_span(
            traceId=trace_of(step.assignment.run),
            startTimeUnixNano=str(time.time_ns()),
            endTimeUnixNano=str(time.time_ns()),
            parentSpanId=attempt_span(step.assignment.run, 1),
            attributes=attributes(
                {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 12, "x": SECRET}
            ),
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                variables["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces",
                json=traces(inner),
                headers={"authorization": f"Bearer {key}"},
            )
        assert answer.json() == {"partialSuccess": {}}
        raise RuntimeError(f"It broke with {SECRET}.")

    async def story(endpoint: str) -> tuple[str, str, bytes]:
        async with mc.Engine(tmp_path) as engine:
            held = engine._control
            async with around(held, endpoint) as found:
                servers.append(found.server)
                result = await engine.run(workflow)
                held.output.flush()
                lines = held.output_store.read(result.id)
                output = "\n".join(line.message for line in lines if line.step == "build")
                return result.id, output, found.metrics.text()

    with collecting() as collector:
        name, output, metrics = run(story(collector.url))
    attempt, _ = collector.spans()
    assert attempt["spanId"] == attempt_span(name, 1)
    # Tokens that a tool reports are shown, and not counted.
    assert "gen_ai.usage.input_tokens" not in attempt["attributes"]
    assert "gen_ai.usage.input_tokens=12" in output
    assert "span chat gpt-5" in output
    assert 'x="[secret]"' in output
    found = read(metrics)
    assert found["runs_settled_total"] == {("failed",): 1}
    assert not found.get("tokens_total")
    assert found["log_bytes"][()] > 0
    assert found["telemetry_heard_spans_total"] == {(): 1}
    assert found["telemetry_spans_dropped_total"] == {(): 0}
    assert ("command", "idle") in found["agent_state"]
    bodies = b"".join(body for _, _, body in collector.requests)
    for content in (bodies, output.encode(), metrics, *_files(tmp_path)):
        assert SECRET.encode() not in content


slow = mc.Workflow("slow")


@slow.step()
async def waits(_: mc.StepContext) -> str:
    await asyncio.sleep(60)
    return ""


quick = mc.Workflow("quick")


@quick.step()
async def ends(_: mc.StepContext) -> str:
    return ""


def test_runs_from_before_are_counted_however_old_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("missioncontrol.app.servers.KNOWN_MAX", 1)
    monkeypatch.setenv("MISSION_TELEMETRY_PORT", "0")

    async def story() -> bytes:
        async with mc.Engine(tmp_path) as engine:
            await engine.start(slow)
        async with mc.Engine(tmp_path) as engine:
            await engine.run(quick)
        async with mc.Engine(tmp_path) as engine:
            server = engine._control.servers._telemetry
            assert server is not None
            assert server._metrics is not None
            return server._metrics.text()

    assert read(run(story()))["runs"][("running",)] == 1


def _files(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in home.rglob("*") if path.is_file()]


def test_nothing_listens_unless_somebody_says_where() -> None:
    assert listening_settings({}) is None


def test_settings_of_listening_come_from_the_environment() -> None:
    found = listening_settings(
        {
            "MISSION_TELEMETRY_PORT": "4318",
            "MISSION_TELEMETRY_KEY": "telemetry",
            "MISSION_TELEMETRY_CONTENTS": "full",
        }
    )
    assert found == ListeningSettings(4318, "telemetry", TelemetryPolicy("full"))
    assert listening_settings({"MISSION_TELEMETRY_PORT": "0"}) == ListeningSettings(0)


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"MISSION_TELEMETRY_PORT": "http"}, "telemetry.bad_port"),
        ({"MISSION_TELEMETRY_PORT": "65536"}, "telemetry.bad_port"),
        ({"MISSION_TELEMETRY_PORT": "-1"}, "telemetry.bad_port"),
        (
            {"MISSION_TELEMETRY_PORT": "0", "MISSION_TELEMETRY_CONTENTS": "some"},
            "telemetry.bad_contents",
        ),
    ],
)
def test_bad_settings_of_listening_are_refused(environment: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as no:
        listening_settings(environment)
    assert no.value.code == code


def test_an_event_of_the_engine_is_what_listeners_expect() -> None:
    assert {"step", "attempt", "fence", "agent"} <= set(StepStarted.__struct_fields__)
