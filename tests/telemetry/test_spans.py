"""What the log says, as spans."""

from typing import Any

import opentelemetry.semconv._incubating.attributes.gen_ai_attributes as gen_ai
import pytest
from opentelemetry.semconv.schemas import Schemas

from missioncontrol.adapters.telemetry.spans import SCHEMA, Spans, provider_of
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Failure,
    RunCreated,
    RunHalted,
    RunResumed,
    RunSettled,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepRepeated,
    StepsAdded,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.domain.step import Spending, Step
from missioncontrol.domain.trace import attempt_span, run_span, trace_of
from missioncontrol.domain.work import Usage
from missioncontrol.ports.otlp import ERROR, UNSET, Span, plain

STEPS = (
    Step("build", "coder", spending=Spending("gpt-5", 100, 10)),
    Step("test", "tester", needs=("build",)),
)
CREATED = RunCreated("run-1", "release", STEPS, 2, trigger="api", version=3, mission="mission-9")
FAILURE = Failure("tool.broke", "It broke.")


def told(*events: Any, spans: Spans | None = None) -> list[Span]:
    """Return the spans of events that happen one second after another."""
    spans = spans or Spans()
    found = (spans.take("run-1", event, at * 1_000_000) for at, event in enumerate(events, 1))
    return [span for span in found if span is not None]


def said(span: Span) -> dict[str, Any]:
    return {each.key: plain(each.value) for each in span.attributes}


def test_a_run_is_a_workflow_and_its_attempts_are_agents_below_it() -> None:
    attempt, run = told(
        CREATED,
        RunStarted(),
        StepStarted("build", 1, 1, "coder"),
        UsageReported("build", 1, Usage(70, 40, 8, 2, 1_500, 20), "gpt-5-2026-01-01"),
        UsageReported("build", 1, Usage(30, 0, 2, 0, 500), "gpt-5-2026-01-01"),
        StepSucceeded("build", 1),
        RunSettled("succeeded"),
    )
    assert attempt.name == "invoke_agent coder"
    assert attempt.trace_id == run.trace_id == trace_of("run-1")
    assert (attempt.span_id, attempt.parent_span_id) == (
        attempt_span("run-1", 1),
        run_span("run-1"),
    )
    assert (attempt.start_time_unix_nano, attempt.end_time_unix_nano) == (
        "3000000000",
        "6000000000",
    )
    assert said(attempt) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": "coder",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.response.model": "gpt-5-2026-01-01",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.cache_creation.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "mission.usage.cost_micro_usd": 2_000,
        "mission.run.id": "run-1",
        "mission.step.key": "build",
        "mission.step.attempt": 1,
        "mission.step.fence": 1,
        "mission.outcome": "succeeded",
    }
    assert (run.name, run.span_id, run.parent_span_id) == (
        "invoke_workflow release",
        run_span("run-1"),
        "",
    )
    assert said(run) == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "release",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.cache_creation.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "mission.usage.cost_micro_usd": 2_000,
        "mission.run.id": "run-1",
        "mission.id": "mission-9",
        "mission.run.trigger": "api",
        "mission.workflow.version": 3,
        "mission.outcome": "succeeded",
    }
    assert attempt.status.code == run.status.code == UNSET


def test_names_are_those_of_the_conventions_whose_version_is_stated() -> None:
    spans = told(
        CREATED,
        StepStarted("build", 1, 1, "coder"),
        UsageReported("build", 1, Usage(1, 0, 1), "gpt-5"),
        StepFailed("build", 1, FAILURE),
        RunSettled("failed"),
    )
    known = {value for name, value in vars(gen_ai).items() if name.startswith("GEN_AI_")}
    used = {key for span in spans for key in said(span) if not key.startswith("mission.")}
    assert used - {"error.type"} <= known
    operations = {each.value for each in gen_ai.GenAiOperationNameValues}
    assert {said(span)["gen_ai.operation.name"] for span in spans} <= operations
    assert SCHEMA in {each.value for each in Schemas}


def test_each_attempt_has_a_span_and_says_how_it_ended() -> None:
    spans = told(
        CREATED,
        StepStarted("build", 1, 1, "coder"),
        AttemptFailed("build", 1, FAILURE, 9.0),
        StepStarted("build", 2, 2, "coder"),
        AttemptInterrupted("build", 2, "The engine was closed."),
        StepStarted("build", 3, 3, "coder"),
        StepRepeated("build", 3, 1),
        StepStarted("build", 1, 4, "coder"),
        StepCancelled("build", 4),
        StepStarted("test", 1, 5, "tester"),
        StepFailed("test", 5, FAILURE),
        RunSettled("failed"),
    )
    ends = [(said(span)["mission.outcome"], said(span).get("error.type")) for span in spans]
    assert ends == [
        ("failed", "tool.broke"),
        ("interrupted", "attempt.interrupted"),
        ("repeated", None),
        ("cancelled", None),
        ("failed", "tool.broke"),
        ("failed", "tool.broke"),
    ]
    assert [span.status.code for span in spans] == [ERROR, ERROR, UNSET, UNSET, ERROR, ERROR]
    assert spans[0].status.message == "It broke."
    assert len({span.span_id for span in spans}) == 6


def test_a_failure_between_attempts_makes_no_span_and_is_why_the_run_failed() -> None:
    (run,) = told(CREATED, StepFailed("build", 0, FAILURE), RunSettled("failed"))
    assert said(run)["error.type"] == "tool.broke"


def test_a_run_tells_what_happened_to_it_and_which_one_it_goes_on_with() -> None:
    created = RunCreated("run-1", "release", STEPS, 2, retry_of="run-0")
    (run,) = told(created, RunHalted("budget.exceeded", "Too dear."), RunSettled("cancelled"))
    assert [event.name for event in run.events] == ["mission.run_halted"]
    assert {each.key: plain(each.value) for each in run.events[0].attributes} == {
        "mission.code": "budget.exceeded",
        "mission.reason": "Too dear.",
    }
    assert [(link.trace_id, link.span_id) for link in run.links] == [
        (trace_of("run-0"), run_span("run-0"))
    ]
    assert run.status.code == UNSET


def test_a_fork_is_linked_to_the_run_that_it_was_forked_from() -> None:
    created = RunCreated("run-1", "release", STEPS, 2, fork_of="run-0", forked_at="test")
    (run,) = told(created, RunSettled("succeeded"))
    assert [link.span_id for link in run.links] == [run_span("run-0")]
    state = Run("run-1", "release", STEPS, 0.0)
    state.fork_of = "run-0"
    (resumed,) = told(RunResumed(), RunSettled("succeeded"), spans=Spans({"run-1": state}.get))
    assert resumed.links == run.links


def test_an_unknown_price_is_no_price() -> None:
    attempt, _ = told(
        CREATED,
        StepStarted("build", 1, 1, "coder"),
        UsageReported("build", 1, Usage(1, 0, 1, cost=None), "local"),
        StepSucceeded("build", 1),
        RunSettled("succeeded"),
    )
    assert "mission.usage.cost_micro_usd" not in said(attempt)
    assert said(attempt)["gen_ai.provider.name"] == "missioncontrol"


def test_a_run_that_began_before_is_told_from_its_state() -> None:
    state = Run("run-1", "release", STEPS, 0.5)
    state.usage = Usage(5, 0, 5)
    (run,) = told(RunResumed(), RunSettled("succeeded"), spans=Spans({"run-1": state}.get))
    assert run.start_time_unix_nano == "500000000"
    assert run.name == "invoke_workflow release"
    assert said(run)["gen_ai.usage.input_tokens"] == 5


def test_an_attempt_that_outlasts_its_engine_has_its_span() -> None:
    state = Run("run-1", "release", STEPS, 0.5)
    state.working["build"] = Working(2, 7, "coder", 0.75)
    attempt, _ = told(
        RunResumed(),
        UsageReported("build", 7, Usage(3, 0, 4)),
        StepSucceeded("build", 7),
        RunSettled("succeeded"),
        spans=Spans({"run-1": state}.get),
    )
    assert (attempt.span_id, attempt.start_time_unix_nano) == (
        attempt_span("run-1", 7),
        "750000000",
    )
    assert said(attempt)["gen_ai.usage.output_tokens"] == 4


def test_a_run_of_which_nothing_is_known_begins_when_it_is_first_heard_of() -> None:
    (run,) = told(RunResumed(), RunSettled("succeeded"))
    assert (run.name, run.start_time_unix_nano) == ("invoke_workflow", "1000000000")


def test_usage_that_is_told_late_opens_no_run_again() -> None:
    spans = Spans()
    told(CREATED, RunSettled("cancelled"), spans=spans)
    assert told(UsageReported("build", 1, Usage(1, 0, 1)), spans=spans) == []
    assert not spans._runs


def test_steps_that_come_later_say_their_models_too(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, _ = told(
        CREATED,
        StepsAdded("build", (Step("more", "coder", spending=Spending("claude-x")),)),
        StepStarted("more", 1, 1, "coder"),
        StepSucceeded("more", 1),
        RunSettled("succeeded"),
    )
    assert said(attempt)["gen_ai.request.model"] == "claude-x"
    assert said(attempt)["gen_ai.provider.name"] == "anthropic"


def test_more_runs_than_may_be_open_forget_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("missioncontrol.adapters.telemetry.spans.RUNS_MAX", 2)
    spans = Spans()
    for name in ("run-1", "run-2", "run-3"):
        spans.take(name, CREATED, 1)
    assert (list(spans._runs), spans.forgotten) == (["run-2", "run-3"], 1)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("openai/gpt-5", "openai"),
        ("Claude-Opus", "anthropic"),
        ("gemini-3", "gcp.gemini"),
        ("", "missioncontrol"),
    ],
)
def test_the_provider_is_a_guess_by_the_name_of_the_model(model: str, provider: str) -> None:
    assert provider_of(model) == provider
