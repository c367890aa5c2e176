"""Every adapter hands the context of its attempt on, and says where its program may tell more."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.agents.a2a import A2aKind
from missioncontrol.adapters.agents.command_kind import CommandKind
from missioncontrol.adapters.agents.http import HttpKind
from missioncontrol.adapters.agents.mcp import McpKind
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.trace import traceparent
from missioncontrol.ports.agent import Assignment, AttemptFailed
from missioncontrol.ports.agent_kind import AgentKind
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


def tried(root: Path, kind: AgentKind, settings: dict[str, Any], **seen: str) -> None:
    """Let an agent do its work, or fail at it: what it sent on the way is what matters here."""

    async def story() -> None:
        shop = msgspec.structs.replace(a_workshop(root, seen), telemetry=Told())
        agent = kind.make(Declaration("agent", kind.name, settings), shop)
        async with asyncio.timeout(30):
            await agent.perform(ATTEMPT, HeardLine())

    with contextlib.suppress(AttemptFailed):
        asyncio.run(story())


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
def test_a_program_that_is_declared_to_tell_it_elsewhere_does(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    settings = {"argv": [sys.executable, "-c", LOOK, str(seen)]}
    tried(tmp_path, CommandKind(), settings, OTEL_SERVICE_NAME="mine")
    assert "OTEL_SERVICE_NAME=mine" in seen.read_text()
    assert ENDPOINT not in seen.read_text()
