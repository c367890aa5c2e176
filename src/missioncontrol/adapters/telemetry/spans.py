"""Turns events into spans: one for each run, each attempt, and each model call.

Names follow the OpenTelemetry conventions for generative AI. Attributes that these lack, such as
cost, missions and steps, begin with `mission.`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.domain.run.attempt_end import AttemptEnd, attempt_end
from missioncontrol.domain.run.events import (
    CancelRequested,
    RunCreated,
    RunHalted,
    RunResumed,
    RunSettled,
    StepHeld,
    StepReleased,
    StepsAdded,
    StepStarted,
    UsageReported,
)
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.domain.step import Step
from missioncontrol.domain.trace import attempt_span, call_span, run_span, trace_of
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.call_log import Call
from missioncontrol.ports.otlp import (
    CLIENT,
    ERROR,
    INTERNAL,
    Attributes,
    Span,
    SpanEvent,
    SpanLink,
    Status,
    attribute,
)

CONVENTIONS = "1.41.1"
"""The last release of the semantic conventions that includes those for generative AI."""

SCHEMA = f"https://opentelemetry.io/schemas/{CONVENTIONS}"

RUNS_MAX = 10_000
"""Runs in flight; beyond it, the earliest ones get no span."""

NOTES_MAX = 100
"""Events in the span of one run."""

TEXT_MAX = 5_000
"""Characters of one text, before secrets are removed; the encoding cuts it further."""

PROVIDERS = {
    "claude": "anthropic",
    "gpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "deepseek": "deepseek",
    "grok": "x_ai",
}
"""Providers by the prefix of a model name; the conventions accept a best guess."""

NOTED = (RunHalted, RunResumed, CancelRequested, StepHeld, StepReleased)


class OpenAttempt(msgspec.Struct):
    """An attempt in flight."""

    step: str
    attempt: int
    agent: str
    started: int  # microseconds since the epoch, as all times here
    usage: Usage = NO_USAGE
    models: dict[str, None] = {}


class OpenRun(msgspec.Struct):
    """A run in flight."""

    started: int
    workflow: str = ""
    version: int = 0
    mission: str = ""
    trigger: str = ""
    before: str = ""  # the run that it retries or was forked from
    models: dict[str, str] = {}  # requested models by step
    usage: Usage = NO_USAGE
    attempts: dict[int, OpenAttempt] = {}  # by fence
    notes: list[SpanEvent] = []
    error: str = ""  # code of the last failure of a step


class Spans:
    """Folds events, in the order of the log, into completed spans."""

    def __init__(self, started: Callable[[str], Run | None] = lambda _: None) -> None:
        """`started` returns the state of a run that started before these spans."""
        self._started = started
        self._runs: dict[str, OpenRun] = {}
        self.forgotten = 0
        """Runs without a span, because too many were in flight."""

    def take(self, run: str, event: Any, time: int) -> Span | None:
        """Process an event of a run; return the span that it ends, if any."""
        match event:
            case RunCreated():
                self._open(run, _created(event, time))
            case StepStarted():
                started = OpenAttempt(event.step, event.attempt, event.agent, time)
                self._run(run, time).attempts[event.fence] = started
            case UsageReported():
                self._use(run, event)
            case StepsAdded():
                self._run(run, time).models.update(_models(event.steps))
            case RunSettled():
                return self._settled(run, event, time)
            case _ if isinstance(event, NOTED):
                self._note(run, event, time)
            case _:
                return self._ended(run, event, time)
        return None

    def knows(self, run: str) -> bool:
        """Whether a run is in flight, by the processed events."""
        return run in self._runs

    def call(self, call: Call) -> Span | None:
        """Return the span of a model call; None where its run is not in flight."""
        opened = self._runs.get(call.run)
        if opened is None:
            return None
        at_work = (fence for fence, at in opened.attempts.items() if at.step == call.step)
        fence = max(at_work, default=0)
        failed = call.outcome != "answered"
        return Span(
            trace_id=trace_of(call.run),
            span_id=call_span(call.run, call.id),
            parent_span_id=attempt_span(call.run, fence) if fence else run_span(call.run),
            name=f"chat {call.asked or call.model}".rstrip(),
            kind=CLIENT,
            start_time_unix_nano=str(call.time * 1_000),
            end_time_unix_nano=str((call.time + max(0, int(call.seconds * 1_000_000))) * 1_000),
            attributes=_of_call(call, failed=failed),
            status=Status(call.reason[:TEXT_MAX], ERROR) if failed else Status(),
        )

    def _run(self, run: str, time: int) -> OpenRun:
        found = self._runs.get(run)
        if found is None:
            state = self._started(run)
            found = OpenRun(time) if state is None else _resumed(state)
            self._open(run, found)
        return found

    def _open(self, run: str, opened: OpenRun) -> None:
        if len(self._runs) >= RUNS_MAX:
            del self._runs[next(iter(self._runs))]
            self.forgotten += 1
        self._runs[run] = opened

    def _use(self, run: str, event: UsageReported) -> None:
        opened = self._runs.get(run)
        if opened is None:
            return  # Usage reported after the end of a run must not open a span again.
        opened.usage += event.usage
        attempt = opened.attempts.get(event.fence)
        if attempt is not None:
            attempt.usage += event.usage
            if event.model:
                attempt.models[event.model] = None

    def _note(self, run: str, event: Any, time: int) -> None:
        notes = self._run(run, time).notes
        if len(notes) < NOTES_MAX:
            about = [
                attribute(f"mission.{name}", getattr(event, name)[:TEXT_MAX])
                for name in ("step", "approval", "code", "reason")
                if getattr(event, name, "")
            ]
            notes.append(SpanEvent(time * 1_000, _name_of(type(event)), tuple(about)))

    def _ended(self, run: str, event: Any, time: int) -> Span | None:
        """Return the span of the attempt that `event` ends, if any."""
        end = attempt_end(event)
        if end is None:
            return None
        failure = end.failure
        opened = self._run(run, time)
        if failure is not None:
            opened.error = failure.code
        attempt = opened.attempts.pop(end.fence, None)
        if attempt is None:
            return None  # It never started, or its start is not known here.
        requested_model = opened.models.get(attempt.step, "")
        return Span(
            trace_id=trace_of(run),
            span_id=attempt_span(run, end.fence),
            parent_span_id=run_span(run),
            name=f"invoke_agent {attempt.agent}",
            kind=INTERNAL,
            start_time_unix_nano=str(attempt.started * 1_000),
            end_time_unix_nano=str(max(time, attempt.started) * 1_000),
            attributes=_of_attempt(run, attempt, requested_model, end),
            status=Status() if failure is None else Status(failure.reason[:TEXT_MAX], ERROR),
        )

    def _settled(self, run: str, event: RunSettled, time: int) -> Span:
        opened = self._run(run, time)
        del self._runs[run]
        failed = event.outcome == "failed"
        before = opened.before
        return Span(
            trace_id=trace_of(run),
            span_id=run_span(run),
            name=f"invoke_workflow {opened.workflow}".rstrip(),
            kind=INTERNAL,
            start_time_unix_nano=str(opened.started * 1_000),
            end_time_unix_nano=str(max(time, opened.started) * 1_000),
            attributes=_of_run(run, opened, event.outcome),
            events=tuple(opened.notes),
            links=(SpanLink(trace_of(before), run_span(before)),) if before else (),
            status=Status(code=ERROR) if failed else Status(),
        )


def _created(event: RunCreated, time: int) -> OpenRun:
    return OpenRun(
        time,
        event.workflow,
        event.version,
        event.mission,
        event.trigger,
        event.retry_of or event.fork_of,
        _models(event.steps),
    )


def _resumed(state: Run) -> OpenRun:
    """Return a run that started earlier, with its usage so far."""
    return OpenRun(
        int(state.created_at * 1_000_000),
        state.workflow,
        state.version,
        state.mission,
        state.trigger,
        state.retry_of or state.fork_of,
        _models(tuple(state.steps.values())),
        state.usage,
        {at.fence: _outlasting(step, at) for step, at in state.working.items()},
    )


def _outlasting(step: str, working: Working) -> OpenAttempt:
    """Return an attempt that outlived its engine, as those of workers do."""
    started = int(working.since * 1_000_000)
    return OpenAttempt(step, working.attempt, working.agent, started)


def _models(steps: tuple[Step, ...]) -> dict[str, str]:
    return {step.key: step.spending.model for step in steps if step.spending is not None}


def _name_of(event: type) -> str:
    """Return the name of a span event, such as `mission.run_halted`."""
    letters = (f"_{each.lower()}" if each.isupper() else each for each in event.__name__)
    return "mission." + "".join(letters).lstrip("_")


def provider_of(model: str) -> str:
    """Return the likely provider of a model, or `missioncontrol` where it is unknown."""
    bare = model.rpartition("/")[2].lower()
    found = (name for start, name in PROVIDERS.items() if bare.startswith(start))
    return next(found, "missioncontrol")


def _of_attempt(
    run: str, attempt: OpenAttempt, requested_model: str, end: AttemptEnd
) -> Attributes:
    answered = next(reversed(attempt.models), "")
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": provider_of(answered or requested_model),
        "gen_ai.agent.name": attempt.agent,
        "gen_ai.request.model": requested_model or answered,
        "gen_ai.response.model": answered,
        "error.type": end.failure.code if end.failure is not None else "",
        "mission.run.id": run,
        "mission.step.key": attempt.step,
        "mission.step.attempt": attempt.attempt,
        "mission.step.fence": end.fence,
        "mission.outcome": end.outcome,
    }
    return _attributes(attributes | _used(attempt.usage))


def _of_run(run: str, opened: OpenRun, outcome: str) -> Attributes:
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": opened.workflow,
        "error.type": (opened.error or "run.failed") if outcome == "failed" else "",
        "mission.run.id": run,
        "mission.id": opened.mission,
        "mission.run.trigger": opened.trigger,
        "mission.workflow.version": opened.version or "",
        "mission.outcome": outcome,
    }
    return _attributes(attributes | _used(opened.usage))


def _of_call(call: Call, *, failed: bool) -> Attributes:
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(call.model or call.asked),
        "gen_ai.agent.name": call.agent,
        "gen_ai.request.model": call.asked,
        "gen_ai.response.model": call.model,
        "http.response.status_code": call.status or "",
        "error.type": (call.code or call.outcome) if failed else "",
        "mission.call.id": call.id,
        "mission.call.api": call.api,
        "mission.run.id": call.run,
        "mission.step.key": call.step,
        "mission.outcome": call.outcome,
    }
    return _attributes(attributes | _used(call.usage))


def _used(usage: Usage) -> dict[str, str | int]:
    """Return usage as attributes; none where nothing was used."""
    if usage == NO_USAGE:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "mission.usage.cost_micro_usd": "" if usage.cost is None else usage.cost,
    }


def _attributes(attributes: dict[str, str | int]) -> Attributes:
    return tuple(attribute(key, value) for key, value in attributes.items() if value != "")
