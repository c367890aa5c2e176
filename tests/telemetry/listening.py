"""A receiver in a test: it follows the given events, and stores lines in a list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from missioncontrol.application.journal import Entry
from missioncontrol.domain.run.events import RunCreated, StepStarted, StepSucceeded
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Step
from missioncontrol.domain.trace import attempt_span, trace_of
from missioncontrol.interfaces.telemetry.attribution import Attribution
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.interfaces.telemetry.receiver import Receiver
from missioncontrol.interfaces.telemetry.server import TelemetryServer
from missioncontrol.ports.agent import Assignment
from missioncontrol.ports.output_store import OutputLine

NOW = 1_800_000_000
KEY = "a-key-of-everybody"
SECRET = "sk-a-secret-that-nobody-may-see"
RUN = "run-1"
BUILD = Assignment(RUN, "w", "build", 1, 1, f"{RUN}/build", "coder")
PROMPT = "Please keep this prompt to yourself."


class Listening:
    """An open receiver and all that it stored."""

    def __init__(self, policy: TelemetryPolicy) -> None:
        self.lines: list[OutputLine] = []
        self.attribution = Attribution()
        self.receiver = Receiver(
            policy,
            self.attribution,
            keep=self.lines.append,
            scrub=Scrubber([SECRET]).text,
            now=lambda: float(NOW),
        )
        self.server = TelemetryServer(self.receiver, shared_key=KEY)

    def happened(self, *events: Any, run: str = RUN) -> None:
        self.attribution.take([Entry(run, event, NOW, at) for at, event in enumerate(events, 1)])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def said(self) -> str:
        return "\n".join(line.message for line in self.lines)

    async def post(
        self, path: str, body: Any = b"", *, key: str = KEY, **headers: str
    ) -> httpx.Response:
        sent = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(trust_env=False) as client:
            content = body if isinstance(body, bytes) else httpx.Request("POST", "x:", json=body)
            if isinstance(content, httpx.Request):
                content = content.read()
            return await client.post(self.url + path, content=content, headers=sent)


@asynccontextmanager
async def listening(policy: TelemetryPolicy | None = None) -> AsyncIterator[Listening]:
    """Listen, with a run of two steps of which `build` is at work under fence 1."""
    found = Listening(policy or TelemetryPolicy())
    steps = (Step("build", "coder"), Step("test", "tester"))
    found.happened(RunCreated(RUN, "w", steps, 2), StepStarted("build", 1, 1, "coder"))
    await found.server.open()
    try:
        yield found
    finally:
        await found.server.close()


def ended(step: str, fence: int) -> StepSucceeded:
    return StepSucceeded(step, fence)


def span(**more: Any) -> dict[str, Any]:
    """Return a span below the attempt at `build`, as OTLP/JSON."""
    return {
        "traceId": trace_of(RUN),
        "spanId": "00000000000000aa",
        "parentSpanId": attempt_span(RUN, 1),
        "name": "chat gpt-5",
        "startTimeUnixNano": str(NOW * 10**9),
        "endTimeUnixNano": str(NOW * 10**9 + 1_500_000_000),
        "attributes": attributes({"gen_ai.operation.name": "chat"}),
        **more,
    }


def traces(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    tags = attributes(resource or {"service.name": "codex"})
    return {"resourceSpans": [{"resource": {"attributes": tags}, "scopeSpans": [{"spans": spans}]}]}


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    tags = attributes({"service.name": "codex"})
    return {
        "resourceLogs": [{"resource": {"attributes": tags}, "scopeLogs": [{"logRecords": records}]}]
    }


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP/JSON; whole numbers are texts there."""

    def held(value: Any) -> dict[str, Any]:
        match value:
            case bool():
                return {"boolValue": value}
            case int():
                return {"intValue": str(value)}
            case float():
                return {"doubleValue": value}
            case list():
                return {"arrayValue": {"values": [held(each) for each in value]}}
            case dict():
                return {"kvlistValue": {"values": attributes(value)}}
            case _:
                return {"stringValue": value}

    return [{"key": key, "value": held(value)} for key, value in values.items()]
