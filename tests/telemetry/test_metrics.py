"""Metrics: what Prometheus reads, counted as the log grows."""

import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import missioncontrol as mc
from missioncontrol.adapters.telemetry.otlp import OtlpExporter
from missioncontrol.adapters.telemetry.settings import OtlpSettings
from missioncontrol.application.journal import Entry
from missioncontrol.domain.approval.events import (
    ApprovalGranted,
    ApprovalRequested,
    ApprovalWithdrawn,
)
from missioncontrol.domain.budget.balances import Standing
from missioncontrol.domain.budget.events import Limit, Tally
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope
from missioncontrol.domain.mission import MissionStarted
from missioncontrol.domain.run.events import (
    AttemptFailed,
    CancelRequested,
    Failure,
    RunCreated,
    RunHalted,
    RunResumed,
    RunSettled,
    RunStarted,
    StepReadied,
    StepRepeated,
    StepsAdded,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.step import Amount, ApprovalRule, Step
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces import exposition
from missioncontrol.interfaces.metrics import HELP, Metrics
from missioncontrol.interfaces.telemetry.server import TelemetryServer
from missioncontrol.ports.call_log import Call
from tests.gateway.answers import CHAT_ASK, chat_stream
from tests.gateway.house import house, openai
from tests.gateway.upstream import Script, scripted
from tests.telemetry.collector import run
from tests.telemetry.listening import Listening, listening

STEPS = (Step("build", "coder"), Step("test", "tester", needs=("build",)))
CREATED = RunCreated("run-1", "release", STEPS, 2)


class Counting:
    """Metrics under a clock that says when the last commit was over."""

    def __init__(self, **more: Any) -> None:
        self.now = 0.0
        self.position = 0
        self.metrics = Metrics(version="1.2.3", now=lambda: self.now, **more)

    def happened(self, *events: Any, at: float = 0.0, stream: str = "run-1") -> None:
        entries = []
        for event in events:
            self.position += 1
            entries.append(Entry(stream, event, int(at * 1_000_000), self.position))
        self.metrics.take(entries)

    def __getitem__(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the samples called `name`, by the values of their labels."""
        return read(self.metrics.text())[name]


def read(text: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        found.setdefault(family.name, {})
        for sample in family.samples:
            name = sample.name.removeprefix("missioncontrol_")
            found.setdefault(name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_runs_are_counted_by_how_they_stand() -> None:
    counting = Counting()
    counting.happened(CREATED)
    for name, event in (
        ("run-2", RunStarted()),
        ("run-3", RunHalted("x", "y")),
        ("run-4", CancelRequested("x")),
        ("run-5", RunResumed()),
    ):
        counting.happened(event, stream=name)
    counting.metrics.know("run-6", "halted")
    counting.metrics.know("run-7", "waiting")
    assert counting["runs"] == {
        ("queued",): 1,
        ("running",): 3,
        ("halted",): 2,
        ("cancelling",): 1,
    }
    counting.happened(RunSettled("failed"))
    assert counting["runs_settled_total"] == {("failed",): 1}
    assert counting["runs"][("queued",)] == 0
    assert counting["log_position"] == {(): 6}
    assert counting["build_info"] == {("1.2.3",): 1}


def test_attempts_are_counted_by_agent_and_end() -> None:
    counting = Counting()
    counting.happened(CREATED, StepStarted("build", 1, 1, "coder"))
    assert counting["steps_at_work"] == {("coder",): 1}
    failure = Failure("x", "y")
    counting.happened(
        AttemptFailed("build", 1, failure, 0.0),
        StepStarted("build", 2, 2, "coder"),
        StepRepeated("build", 2, 1),
        StepStarted("build", 1, 3, "coder"),
        StepSucceeded("build", 3),
        StepSkipped("test", "not needed"),
        StepSucceeded("test", 99),
    )
    assert counting["attempts_total"] == {
        ("coder", "failed"): 1,
        ("coder", "repeated"): 1,
        ("coder", "succeeded"): 1,
    }
    assert counting["steps_at_work"] == {("coder",): 0}


def test_dispatch_is_measured_from_the_moment_that_a_step_could_start() -> None:
    counting = Counting()
    counting.happened(CREATED, at=10.0)
    counting.happened(StepStarted("build", 1, 1, "coder"), at=10.2)
    counting.happened(StepSucceeded("build", 1), at=12.0)
    counting.happened(StepStarted("test", 1, 2, "tester"), at=12.5)
    counting.happened(StepsAdded("test", (Step("more", "coder"),)), at=13.0)
    counting.happened(StepReadied("more"), at=14.0)
    counting.happened(StepStarted("more", 1, 3, "coder"), at=14.1)
    counting.happened(StepStarted("more", 2, 4, "coder"), at=99.0)  # A retry rests on purpose.
    assert counting["dispatch_seconds_count"] == {(): 3}
    assert counting["dispatch_seconds_sum"] == pytest.approx({(): 0.8})
    buckets = counting["dispatch_seconds_bucket"]
    assert (buckets[("0.05",)], buckets[("0.1",)], buckets[("0.5",)]) == (0, 1, 3)
    assert buckets[("+Inf",)] == 3


def test_commits_are_measured_from_their_first_decision() -> None:
    counting = Counting()
    counting.now = 10.004
    counting.happened(CREATED, RunStarted(), at=10.0)
    counting.now = 5.0  # The clock was set back.
    counting.happened(RunSettled("succeeded"), at=10.1)
    counting.metrics.take([])
    assert counting["commit_seconds_count"] == {(): 2}
    assert counting["commit_seconds_sum"] == pytest.approx({(): 0.004})


def test_tokens_and_money_are_counted_by_agent_and_model() -> None:
    counting = Counting()
    counting.happened(
        CREATED,
        StepStarted("build", 1, 1, "coder"),
        UsageReported("build", 1, Usage(100, 40, 10, 3, 1_500, 20), "gpt-5"),
        UsageReported("build", 1, Usage(7, 0, 1, 0, None), "local"),
    )
    counting.happened(UsageReported("build", 1, Usage(1, 0, 1)), stream="run-of-the-past")
    assert counting["tokens_total"] == {
        ("coder", "gpt-5", "input"): 100,
        ("coder", "gpt-5", "output"): 10,
        ("coder", "local", "input"): 7,
        ("coder", "local", "output"): 1,
        ("", "", "input"): 1,
        ("", "", "output"): 1,
    }
    assert counting["token_parts_total"] == {
        ("coder", "gpt-5", "cache_read"): 40,
        ("coder", "gpt-5", "cache_write"): 20,
        ("coder", "gpt-5", "reasoning"): 3,
    }
    assert counting["cost_micro_dollars_total"][("coder", "gpt-5")] == 1_500
    assert counting["unpriced_tokens_total"] == {("coder", "local"): 8}


def test_approvals_wait_until_somebody_decided() -> None:
    counting = Counting()
    for number in range(3):
        asked = ApprovalRequested(
            f"approval-{number}", "run-1", "a", {}, "d", ApprovalRule(), "alice", 9.0
        )
        counting.happened(asked, stream=asked.approval)
    counting.metrics.know_approval("approval-9")
    counting.happened(ApprovalGranted(("bob",), "d"), stream="approval-1")
    counting.happened(ApprovalWithdrawn("alice", "no"), stream="approval-2")
    assert counting["approvals_waiting"] == {(): 2}


def test_what_others_know_is_asked_when_somebody_looks() -> None:
    caps = (
        Standing(WORKSPACE, "day", "d", Limit(Amount(100, 50)), Tally(30, 20), Tally(10, 40)),
        Standing(Scope("agent", "coder"), "total", "", Limit(Amount(7)), Tally(), Tally()),
        Standing(Scope("run", "run-1"), "total", "", Limit(Amount(7)), Tally(), Tally()),
    )
    counting = Counting(
        agents=lambda: [("coder", "idle"), ('odd "name"\n\\', "failed")],
        caps=lambda: caps,
        gauges={"log_bytes": lambda: 4096},
        counters={"telemetry_spans_sent_total": lambda: 7},
    )
    assert counting["budget_left"] == {
        ("workspace", "day", "micro_dollars"): 60,
        ("workspace", "day", "tokens"): -10,
        ("agent coder", "total", "micro_dollars"): 7,
    }
    assert counting["agent_state"] == {("coder", "idle"): 1, ('odd "name"\n\\', "failed"): 1}
    assert counting["log_bytes"] == {(): 4096}
    assert counting["telemetry_spans_sent_total"] == {(): 7}


def test_calls_of_the_gateway_are_counted() -> None:
    counting = Counting()
    call = Call("call-1", 0, "me", "chat", "answered", 200, asked="gpt", seconds=0.3)
    counting.metrics.call(call)
    assert counting["gateway_calls_total"] == {("chat", "gpt", "answered", "200"): 1}
    assert counting["gateway_call_seconds_sum"] == {(): 0.3}


def test_names_that_never_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "SERIES_MAX", 3)
    monkeypatch.setattr("missioncontrol.interfaces.metrics.RUNS_MAX", 2)
    counting = Counting()
    for number in range(6):
        name = f"run-{number}"
        counting.happened(RunCreated(name, "w", (), 1), stream=name)
        counting.metrics.call(Call("c", 0, "me", "chat", "answered", 200, asked=f"m{number}"))
    assert sum(counting["runs"].values()) == 2
    assert counting["gateway_calls_total"][("other", "other", "other", "other")] == 3
    counting.metrics.call(Call("c", 0, "me", "chat", "answered", 200, asked="m1"))
    assert counting["gateway_calls_total"][("chat", "m1", "answered", "200")] == 2
    counting.metrics.call(Call("c", 0, "me", "x" * 9_999, "answered", 200))
    assert len(counting.metrics.text()) < 20_000


def test_events_of_other_concepts_and_of_unknown_runs_are_passed_over() -> None:
    counting = Counting()
    counting.happened(MissionStarted("run-1"), StepSkipped("a", "b"), StepSucceeded("a", 1))
    assert sum(counting["runs"].values()) == 0


workflow = mc.Workflow("release")


@workflow.step()
async def build(_: mc.StepContext) -> str:
    return "wheel"


@workflow.step(needs=[build])
async def fails(_: mc.StepContext) -> str:
    raise RuntimeError("no")


def test_a_run_of_the_engine_is_counted_and_read_over_http(tmp_path: Path) -> None:
    async def story() -> bytes:
        metrics = Metrics(version=mc.__version__, now=time.time)  # noqa: TID251
        server = TelemetryServer(None, metrics)
        async with mc.Engine(tmp_path) as engine, listening() as asking:
            engine._control.engine.listeners.append(metrics.take)
            await engine.run(workflow)
            await server.open()
            text = await _asked(asking, server.port)
            await server.close()
            return text

    found = read(run(story()))
    assert found["runs_settled_total"] == {("failed",): 1}
    assert sum(found["attempts_total"].values()) == 2
    assert found["dispatch_seconds_count"] == {(): 2}
    assert found["commit_seconds_count"][()] >= 1


async def _asked(asking: Listening, port: int) -> bytes:
    import httpx

    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        rebound = await client.get("/metrics", headers={"host": "evil.example"})
        assert rebound.status_code == 403
        assert (await client.get("/metrics", headers={"host": "localhost"})).status_code == 200
        assert (await client.post("/v1/traces")).status_code == 404
        assert (await client.get("/v1/traces")).status_code == 404
        assert (await client.put(f"{asking.url}/v1/traces")).status_code == 405
        assert (await client.get(f"{asking.url}/metrics")).status_code == 404
        return answer.content


def test_calls_through_the_gateway_are_counted_as_they_end() -> None:
    async def story(counting: Counting) -> None:
        chunks = [b"".join(chat_stream("Hello."))]
        async with scripted(Script(chunks)) as upstream, house(openai(upstream)) as ours:
            ours.gateway.listeners.append(counting.metrics.call)
            call = await ours.ask("/v1/chat/completions", {**CHAT_ASK, "stream": True})
            await call.reply()
            await ours.gateway.close()

    counting = Counting()
    run(story(counting))
    ((labels, count),) = counting["gateway_calls_total"].items()
    assert (labels[0], *labels[2:], count) == ("chat", "answered", "200", 1)


def test_every_number_that_others_count_says_what_it_is() -> None:
    async def story() -> set[str]:
        async with listening() as found:
            sending = OtlpExporter(OtlpSettings("http://127.0.0.1:1"), secret=str, scrub=str)
            return {*sending.counters(), *sending.gauges(), *found.receiver.counters()}

    assert run(story()) <= set(HELP)
