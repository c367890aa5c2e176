"""Turns what happens into spans: one for each run, each attempt in it, each call of a model.

Names follow the conventions of OpenTelemetry for generative AI. Those have no cost, and nothing of
missions and steps: such attributes begin with `mission.`.
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
"""Of the semantic conventions; the last release in which those for generative AI are a part."""

SCHEMA = f"https://opentelemetry.io/schemas/{CONVENTIONS}"

RUNS_MAX = 10_000
"""Runs that are open at once; of more, those that began first get no span."""

NOTES_MAX = 100
"""Moments of one run that its span tells."""

TEXT_MAX = 5_000
"""Characters of one text; it is cut further once secrets are taken out of it."""

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
"""By how the name of a model begins; the conventions ask for the best knowledge there is."""

NOTED = (RunHalted, RunResumed, CancelRequested, StepHeld, StepReleased)


class OpenAttempt(msgspec.Struct):
    """An attempt that goes on."""

    step: str
    attempt: int
    agent: str
    begun: int  # microseconds since the epoch, as all times here
    usage: Usage = NO_USAGE
    models: dict[str, None] = {}


class OpenRun(msgspec.Struct):
    """A run that goes on."""

    begun: int
    workflow: str = ""
    version: int = 0
    mission: str = ""
    trigger: str = ""
    before: str = ""  # the run that it goes on with, or was forked from
    models: dict[str, str] = {}  # that steps are to use, by step
    usage: Usage = NO_USAGE
    attempts: dict[int, OpenAttempt] = {}  # by fence
    notes: list[SpanEvent] = []
    error: str = ""  # why a step of it failed, the last time


class Spans:
    """Folds events, in the order of the log, into spans that are over."""

    def __init__(self, begun: Callable[[str], Run | None] = lambda _: None) -> None:
        """`begun` tells of a run that went on before anybody listened here."""
        self._begun = begun
        self._runs: dict[str, OpenRun] = {}
        self.forgotten = 0
        """Runs that get no span, for too many were open."""

    def take(self, run: str, event: Any, time: int) -> Span | None:
        """Take an event of a run in; return the span that ends with it, if one does."""
        match event:
            case RunCreated():
                self._open(run, _created(event, time))
            case StepStarted():
                begun = OpenAttempt(event.step, event.attempt, event.agent, time)
                self._run(run, time).attempts[event.fence] = begun
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
        """Whether a run goes on, as far as was taken in."""
        return run in self._runs

    def call(self, call: Call) -> Span | None:
        """Return the span of a call of a model; None where it is of no run that goes on."""
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
            state = self._begun(run)
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
            return  # What is told after the end of a run opens no span again.
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
        """Return the span of the attempt that ends with `event`, if one does."""
        end = attempt_end(event)
        if end is None:
            return None
        failure = end.failure
        opened = self._run(run, time)
        if failure is not None:
            opened.error = failure.code
        attempt = opened.attempts.pop(end.fence, None)
        if attempt is None:
            return None  # It never began, or before anybody listened.
        asked = opened.models.get(attempt.step, "")
        return Span(
            trace_id=trace_of(run),
            span_id=attempt_span(run, end.fence),
            parent_span_id=run_span(run),
            name=f"invoke_agent {attempt.agent}",
            kind=INTERNAL,
            start_time_unix_nano=str(attempt.begun * 1_000),
            end_time_unix_nano=str(max(time, attempt.begun) * 1_000),
            attributes=_of_attempt(run, attempt, asked, end),
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
            start_time_unix_nano=str(opened.begun * 1_000),
            end_time_unix_nano=str(max(time, opened.begun) * 1_000),
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
    """Return a run that began before anybody listened, with what it had used by then."""
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
    """Return an attempt that goes on though its engine ended, as those of workers do."""
    begun = int(working.since * 1_000_000)
    return OpenAttempt(step, working.attempt, working.agent, begun)


def _models(steps: tuple[Step, ...]) -> dict[str, str]:
    return {step.key: step.spending.model for step in steps if step.spending is not None}


def _name_of(event: type) -> str:
    """Return the name of a moment, such as `mission.run_halted`."""
    letters = (f"_{each.lower()}" if each.isupper() else each for each in event.__name__)
    return "mission." + "".join(letters).lstrip("_")


def provider_of(model: str) -> str:
    """Return who is most likely to provide a model; our own name where nobody can say."""
    bare = model.rpartition("/")[2].lower()
    found = (name for start, name in PROVIDERS.items() if bare.startswith(start))
    return next(found, "missioncontrol")


def _of_attempt(run: str, attempt: OpenAttempt, asked: str, end: AttemptEnd) -> Attributes:
    answered = next(reversed(attempt.models), "")
    said: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": provider_of(answered or asked),
        "gen_ai.agent.name": attempt.agent,
        "gen_ai.request.model": asked or answered,
        "gen_ai.response.model": answered,
        "error.type": end.failure.code if end.failure is not None else "",
        "mission.run.id": run,
        "mission.step.key": attempt.step,
        "mission.step.attempt": attempt.attempt,
        "mission.step.fence": end.fence,
        "mission.outcome": end.outcome,
    }
    return _attributes(said | _used(attempt.usage))


def _of_run(run: str, opened: OpenRun, outcome: str) -> Attributes:
    said: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": opened.workflow,
        "error.type": (opened.error or "run.failed") if outcome == "failed" else "",
        "mission.run.id": run,
        "mission.id": opened.mission,
        "mission.run.trigger": opened.trigger,
        "mission.workflow.version": opened.version or "",
        "mission.outcome": outcome,
    }
    return _attributes(said | _used(opened.usage))


def _of_call(call: Call, *, failed: bool) -> Attributes:
    said: dict[str, str | int] = {
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
    return _attributes(said | _used(call.usage))


def _used(usage: Usage) -> dict[str, str | int]:
    """Return what was used; nothing at all where nothing was."""
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


def _attributes(said: dict[str, str | int]) -> Attributes:
    return tuple(attribute(key, value) for key, value in said.items() if value != "")
