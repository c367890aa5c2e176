"""Telemetry of the whole program: by its settings alone, through a gateway, and over its death."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.trace import attempt_span, run_span, trace_of
from missioncontrol.testing.scripted_models import Reply, serving
from tests import prefork
from tests.cli.command import environment, mission
from tests.telemetry.collector import Collector, collecting

pytestmark = pytest.mark.journey
GATEWAY = """
[[upstreams]]
name = "local"
base_url = "{url}"
api = "openai"
[policy]
output_tokens_max = 500
"""
ASK = "name: ask\nsteps:\n  one: {agent: poet, with: {prompt: Say hello.}}\n"
ONCE = """
name: once
steps:
  one:
    agent: command
    with:
      argv: [sh, -c, "test -s MARK || { echo > MARK; sleep 98783; }"]
      writes: [MARK]
"""


class House:
    """A home whose spans go to a collector."""

    def __init__(self, root: Path, collector: Collector, workflow: str) -> None:
        self.home = root / "home"
        self.home.mkdir()
        self.told = {"MISSION_OTLP_ENDPOINT": collector.url, "MISSION_TELEMETRY_PORT": "0"}
        self.file = root / "w.yaml"
        self.file.write_text(workflow)

    def said(self, *arguments: str) -> str:
        done = mission(self.home, *arguments, env=self.told)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def begun(self, *arguments: str) -> "subprocess.Popen[bytes]":
        variables = environment(self.home, **self.told)
        return prefork.start([*arguments], env=variables, stdout=subprocess.DEVNULL)


def run_in(text: str) -> str:
    found = re.search(r"run-[0-9a-z]{14}", text)
    assert found is not None
    return found[0]


def attempts_of(spans: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return ids and outcomes of attempts, as they came."""
    attempts = [span for span in spans if span["name"].startswith("invoke_agent")]
    return [(span["spanId"], span["attributes"]["mission.outcome"]) for span in attempts]


def test_calls_through_the_gateway_are_spans_below_their_attempt(tmp_path: Path) -> None:
    with collecting() as collector, serving(Reply("Hello.", input_tokens=70)) as models:
        house = House(tmp_path, collector, ASK)
        (house.home / "gateway.toml").write_text(GATEWAY.format(url=models.url))
        agent = ("--kind", "model", "--model", "scripted", "--set", f"url={models.url}")
        house.said("agent", "add", "poet", *agent, "--input-tokens", "9000", "--by-call")
        house.said("workflow", "save", str(house.file))
        run = run_in(house.said("workflow", "run", "ask"))
    call, attempt, whole = collector.spans()
    assert (call["name"], attempt["name"]) == ("chat scripted", "invoke_agent poet")
    assert call["parentSpanId"] == attempt["spanId"] == attempt_span(run, 1)
    assert attempt["parentSpanId"] == whole["spanId"] == run_span(run)
    for span in (call, attempt, whole):
        assert span["traceId"] == trace_of(run)
        assert span["attributes"]["gen_ai.usage.input_tokens"] == "70"
        assert int(span["endTimeUnixNano"]) <= int(whole["endTimeUnixNano"])
    (asked,) = models.calls
    assert asked.headers["traceparent"] == f"00-{trace_of(run)}-{attempt_span(run, 1)}-01"


def test_no_span_is_lost_or_told_twice_when_the_engine_is_killed(tmp_path: Path) -> None:
    with collecting() as collector:
        mark = tmp_path / "mark"
        mark.touch()
        house = House(tmp_path, collector, ONCE.replace("MARK", str(mark)))
        house.said("workflow", "save", str(house.file))
        engine = house.begun("workflow", "run", "once")
        while not mark.read_bytes():
            time.sleep(0.02)
        engine.kill()
        engine.wait()
        run = run_in(house.said("runs"))
        house.said("resume", run)
        assert attempts_of(collector.spans()) == [
            (attempt_span(run, 1), "interrupted"),
            (attempt_span(run, 2), "succeeded"),
        ]
        house.said("workflow", "run", "once")
    ids = [span["spanId"] for span in collector.spans()]
    assert len(ids) == len(set(ids)) == 5


def test_a_key_that_a_program_shows_with_its_environment_is_kept_nowhere(tmp_path: Path) -> None:
    with collecting() as collector:
        house = House(tmp_path, collector, "name: show\nsteps:\n  one: {agent: shows}\n")
        house.said(
            "agent",
            "add",
            "shows",
            "--kind",
            "command",
            "--set",
            'argv=["env"]',
            "--set",
            "output=text",
        )
        house.said("workflow", "save", str(house.file))
        run = run_in(house.said("workflow", "run", "show"))
        shown = house.said("output", run)
    assert re.search(r"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20mct-\[secret\]\.", shown)
    stored = b"".join(path.read_bytes() for path in house.home.rglob("*") if path.is_file())
    assert not re.search(rb"mct-[\w-]{20}", stored)
