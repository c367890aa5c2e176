"""Every adapter hands the context of its attempt on, and says where its program may tell more."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.agents.a2a.kind import A2aKind
from missioncontrol.adapters.agents.command_kind import CommandKind
from missioncontrol.adapters.agents.function_kind import FunctionKind
from missioncontrol.adapters.agents.http.kind import HttpKind
from missioncontrol.adapters.agents.mcp.kind import McpKind
from missioncontrol.adapters.agents.model.kind import ModelKind
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.trace import traceparent
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Verdict
from missioncontrol.ports.agent_kind import AgentKind
from missioncontrol.testing.scripted_models import Reply, ToolCall
from missioncontrol.testing.scripted_models import serving as models
from tests.agents.heard import HeardLine, a_workshop, assignment
from tests.agents.service import always, serving

ATTEMPT = msgspec.structs.replace(assignment({}), fence=7)
ENDPOINT = "http://127.0.0.1:4318"
LOOK = """
import os, sys
with open(sys.argv[1], "w") as seen:
    seen.writelines(f"{name}={value}\\n" for name, value in os.environ.items())
"""


class Told:
    """Takes telemetry in."""

    def variables(self, assignment: Assignment) -> Mapping[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{ENDPOINT}/{assignment.fence}"}


def tried(
    root: Path,
    kind: AgentKind,
    settings: dict[str, Any],
    inputs: Mapping[str, Any] | None = None,
    *,
    permit: Callable[[Action], Verdict] | None = None,
    **seen: str,
) -> Any:
    """Have an agent do its work, or fail at it: only what it sent on the way matters here."""

    async def story() -> Work:
        shop = msgspec.structs.replace(a_workshop(root, seen), telemetry=Told())
        agent = kind.make(Declaration("agent", kind.name, settings, model="m"), shop)
        async with asyncio.timeout(30):
            given = msgspec.structs.replace(ATTEMPT, inputs=inputs or {})
            return await agent.perform(given, HeardLine(permit))

    with contextlib.suppress(AttemptFailed):
        return asyncio.run(story())
    return None


@pytest.mark.journey
@pytest.mark.parametrize(
    ("kind", "more"),
    [(HttpKind(), {}), (McpKind(), {"tool": "t"}), (A2aKind(), {})],
    ids=lambda each: getattr(each, "name", ""),
)
def test_services_know_the_span_that_calls_them(
    tmp_path: Path, kind: AgentKind, more: dict[str, Any]
) -> None:
    with serving(always({})) as service:
        tried(tmp_path, kind, {"url": f"{service.url}/", **more})
    assert service.requests
    for request in service.requests:
        assert request["headers"]["traceparent"] == traceparent(ATTEMPT)
        assert request["headers"]["tracestate"] == "mission=7"


@pytest.mark.journey
@pytest.mark.parametrize(
    ("kind", "more"),
    [(CommandKind(), {}), (McpKind(), {"tool": "t"})],
    ids=lambda each: getattr(each, "name", ""),
)
def test_programs_know_their_span_and_where_to_tell_more(
    tmp_path: Path, kind: AgentKind, more: dict[str, Any]
) -> None:
    seen = tmp_path / "seen"
    tried(tmp_path, kind, {"argv": [sys.executable, "-c", LOOK, str(seen)], **more})
    lines = seen.read_text().splitlines()
    assert f"TRACEPARENT={traceparent(ATTEMPT)}" in lines
    assert "TRACESTATE=mission=7" in lines
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={ENDPOINT}/7" in lines


@pytest.mark.journey
@pytest.mark.parametrize("provider", ["compatible", "openai", "openai-responses", "anthropic"])
def test_endpoints_of_models_know_the_span_that_calls_them(tmp_path: Path, provider: str) -> None:
    with models(Reply("Hello.")) as endpoint:
        url = endpoint.origin if provider == "anthropic" else endpoint.url
        settings = {"provider": provider, "url": url, "key": "KEY"}
        tried(tmp_path, ModelKind(), settings, {"prompt": "Hello?"}, KEY="k")
    (call,) = endpoint.calls
    assert call.headers["traceparent"] == traceparent(ATTEMPT)
    assert call.headers["tracestate"] == "mission=7"


@pytest.mark.journey
def test_gemini_knows_the_span_that_calls_it(tmp_path: Path) -> None:
    with serving(always({})) as service:
        settings = {"provider": "google", "url": service.url, "key": "KEY", "tries": 1}
        tried(tmp_path, ModelKind(), settings, {"prompt": "Hello?"}, KEY="k")
    assert service.requests[0]["headers"]["traceparent"] == traceparent(ATTEMPT)


@pytest.mark.journey
def test_a_tool_of_a_server_knows_the_span_of_each_call(tmp_path: Path) -> None:
    argv = [sys.executable, str(Path(__file__).with_name("tracing_server.py"))]
    expected = {"traceparent": traceparent(ATTEMPT), "tracestate": "mission=7"}
    work = tried(tmp_path, McpKind(), {"argv": argv, "tool": "context"}, {})
    assert expected.items() <= work.output.items()
    script = (Reply(calls=(ToolCall("t__context", {}),)), Reply("Done."))
    with models(*script) as endpoint:
        settings = {"url": endpoint.url, "servers": {"t": {"argv": argv}}}
        inputs = {"prompt": "Look.", "tools": ["t.context"]}
        tried(tmp_path, ModelKind(), settings, inputs, permit=lambda _: Verdict(is_allowed=True))
    context = json.loads(endpoint.requests[1]["messages"][-1]["content"])
    assert expected.items() <= context.items()


@pytest.mark.journey
def test_a_function_knows_its_span_and_where_to_tell_more(tmp_path: Path) -> None:
    settings = {"callable": "tracing_function:seen", "directory": str(Path(__file__).parent)}
    work = tried(tmp_path, FunctionKind(), settings)
    assert work.output["TRACEPARENT"] == traceparent(ATTEMPT)
    assert work.output["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"{ENDPOINT}/7"


@pytest.mark.journey
def test_a_program_that_is_declared_to_tell_it_elsewhere_does(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    settings = {"argv": [sys.executable, "-c", LOOK, str(seen)]}
    tried(tmp_path, CommandKind(), settings, OTEL_SERVICE_NAME="mine")
    assert "OTEL_SERVICE_NAME=mine" in seen.read_text()
    assert ENDPOINT not in seen.read_text()
