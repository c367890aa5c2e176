"""Numbers about an engine for Prometheus, counted as the log grows and never by reading it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from missioncontrol.application.journal import Entry
from missioncontrol.domain.approval.events import ApprovalRequested, FinalEvent
from missioncontrol.domain.budget.balances import Standing
from missioncontrol.domain.register import Event
from missioncontrol.domain.run.attempt_end import attempt_end
from missioncontrol.domain.run.events import (
    CancelRequested,
    RunCreated,
    RunHalted,
    RunResumed,
    RunSettled,
    RunStarted,
    StepExpanded,
    StepReadied,
    StepReleased,
    StepsAdded,
    StepSkipped,
    StepStarted,
    UsageReported,
)
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.exposition import MEDIA_TYPE, Family, Histogram
from missioncontrol.ports.call_log import Call

RUNS_MAX = 50_000
"""Runs that are open at once, as far as they are distinguished here."""

STATUSES = ("queued", "running", "halted", "cancelling")
CAPPED = frozenset({"workspace", "workflow", "agent", "model"})
"""Caps that are shown; those of runs and steps come and go with each of them."""

HELP = {
    "log_bytes": "The size of the log.",
    "telemetry_spans_waiting": "Spans that wait to be sent.",
    "telemetry_spans_sent_total": "Spans that the receiver took.",
    "telemetry_spans_rejected_total": "Spans that the receiver left out of batches that it took.",
    "telemetry_spans_dropped_total": "Spans that the receiver refused, or that had no room.",
    "telemetry_spans_tries_total": "Requests by which spans were sent.",
    "telemetry_spans_broken_total": "Events that could not be turned into spans.",
    "telemetry_heard_spans_total": "Spans of tools that were stored.",
    "telemetry_heard_records_total": "Records of logs of tools that were stored.",
    "telemetry_heard_passed_over_total": "Those that say nothing of models and tools.",
    "telemetry_heard_repeated_total": "Spans that were sent again.",
    "telemetry_heard_malformed_total": "Spans whose ids are none.",
    "telemetry_heard_unknown_total": "Spans and records about no run that is known.",
    "telemetry_heard_beyond_total": "Spans and records beyond what is accepted or stored.",
}
"""Of numbers that others count."""

Lives = Callable[[], Iterable[tuple[str, str]]]
Caps = Callable[[], Iterable[Standing]]
Sizes = Mapping[str, Callable[[], float]]


class OpenRun(msgspec.Struct):
    """The data of a run until it settles, to measure how long its steps waited."""

    status: str = "queued"
    needs: dict[str, tuple[str, ...]] = {}
    ended: dict[str, int] = {}  # microseconds since the epoch, by step; likewise below
    ready: dict[str, int] = {}
    at_work: dict[int, str] = {}  # agents by fence


class Metrics:
    """Follows the log and the gateway."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        *,
        version: str,
        now: Callable[[], float],
        agents: Lives = tuple,
        caps: Caps = tuple,
        gauges: Sizes | None = None,
        counters: Sizes | None = None,
    ) -> None:
        """Count from zero.

        Args:
            version: of this program.
            now: seconds since the epoch.
            agents: names and states of all agents, called for each scrape.
            caps: caps and how they stand, likewise.
            gauges: more numbers by name, likewise, such as `log_bytes`.
            counters: likewise those that only grow, such as `telemetry_spans_sent_total`.
        """
        self._now = now
        self._agents = agents
        self._caps = caps
        self._runs: dict[str, OpenRun] = {}
        self._approvals: set[str] = set()
        self._position = 0
        self._build = _gauge("build_info", "The release that runs here.", "version")
        self._build.replace({(version,): 1})
        self._more = {
            **{_more(name, "gauge"): of for name, of in (gauges or {}).items()},
            **{_more(name, "counter"): of for name, of in (counters or {}).items()},
        }
        self._set_up()

    def _set_up(self) -> None:
        self._open = _gauge("runs", "Runs that have not settled.", "status")
        self._open.replace({(status,): 0 for status in STATUSES})
        self._settled = _counter("runs_settled_total", "Runs that settled.", "outcome")
        self._working = _gauge("steps_at_work", "Attempts at work.", "agent")
        self._ended = _counter("attempts_total", "Attempts that ended.", "agent", "outcome")
        self._dispatch = Histogram(
            "missioncontrol_dispatch_seconds",
            "From the moment a step could start to its lease, waiting for a free place included.",
        )
        self._commit = Histogram(
            "missioncontrol_commit_seconds", "From a decision to its being on disk."
        )
        self._tokens = _counter(
            "tokens_total",
            "Tokens that were used; input includes what was read from and written to caches.",
            *("agent", "model", "direction"),
        )
        self._parts = _counter(
            "token_parts_total",
            "Those of the tokens that were cache_read, cache_write or reasoning.",
            *("agent", "model", "part"),
        )
        self._cost = _counter(
            "cost_micro_dollars_total", "Money that was spent, where it is known.", "agent", "model"
        )
        self._unpriced = _counter(
            "unpriced_tokens_total", "Tokens whose price is not known.", "agent", "model"
        )
        self._waiting = _gauge("approvals_waiting", "Approvals that wait for a decision.")
        self._left = _gauge("budget_left", "What may still be set aside.", "cap", "period", "unit")
        self._states = _gauge("agent_state", "1 for the state of each agent.", "agent", "state")
        self._log = _gauge("log_position", "The position of the last event that was committed.")
        self._calls = _counter(
            "gateway_calls_total", "Calls of models.", "api", "model", "outcome", "status"
        )
        self._call_seconds = Histogram(
            "missioncontrol_gateway_call_seconds", "How long calls of models took."
        )

    # What follows counts.

    def take(self, entries: Sequence[Entry]) -> None:
        """Follow a commit."""
        if not entries:
            return
        self._commit.observe(self._now() - entries[0].time / 1_000_000)
        self._position = entries[-1].position
        for entry in entries:
            self._count(entry.stream, entry.event, entry.time)

    def know(self, run: str, status: str) -> None:
        """Take note of a run that was open before anybody counted."""
        self._stand(run, status if status in STATUSES else "running")

    def know_approval(self, approval: str) -> None:
        """Take note of an approval that waited before anybody counted."""
        self._approvals.add(approval)

    def call(self, call: Call) -> None:
        """Count a call of a model that has ended."""
        self._calls.add(1, call.api, call.model or call.asked, call.outcome, str(call.status))
        self._call_seconds.observe(call.seconds)

    def _run(self, name: str) -> OpenRun:
        found = self._runs.get(name)
        if found is None:
            if len(self._runs) >= RUNS_MAX:
                self._forget(next(iter(self._runs)))
            found = self._runs[name] = OpenRun()
            self._open.add(1, found.status)
        return found

    def _stand(self, name: str, status: str) -> None:
        run = self._run(name)
        self._open.add(-1, run.status)
        self._open.add(1, status)
        run.status = status

    def _forget(self, name: str) -> None:
        run = self._runs.pop(name, None)
        if run is not None:
            self._open.add(-1, run.status)
            for agent in run.at_work.values():
                self._working.add(-1, agent)

    def _count(self, stream: str, event: Event, time: int) -> None:
        match event:
            case StepStarted():
                self._start(self._run(stream), event, time)
            case UsageReported():
                self._use(stream, event)
            case ApprovalRequested():
                self._approvals.add(event.approval)
            case _ if isinstance(event, FinalEvent):
                self._approvals.discard(stream)
            case _:
                self._follow_run(stream, event, time)

    def _follow_run(self, stream: str, event: Event, time: int) -> None:
        match event:
            case RunCreated():
                run = self._run(stream)
                self._add_steps(run, event.steps, time)
            case RunStarted() | RunResumed():
                self._stand(stream, "running")
            case RunHalted():
                self._stand(stream, "halted")
            case CancelRequested():
                self._stand(stream, "cancelling")
            case RunSettled():
                self._settled.add(1, event.outcome)
                self._forget(stream)
            case _:
                self._follow_step(stream, event, time)

    def _follow_step(self, stream: str, event: Event, time: int) -> None:
        run = self._runs.get(stream)
        if run is None:
            return
        match event:
            case StepsAdded() | StepExpanded():
                self._add_steps(run, event.steps, time)
            case StepReadied() | StepReleased():
                run.ready[event.step] = time
            case StepSkipped():
                run.ended[event.step] = time
            case _:
                self._end(run, event, time)

    def _add_steps(self, run: OpenRun, steps: tuple[Step, ...], time: int) -> None:
        for step in steps:
            run.ready[step.key] = time
            if step.needs:
                run.needs[step.key] = step.needs

    def _start(self, run: OpenRun, event: StepStarted, time: int) -> None:
        run.at_work[event.fence] = event.agent
        self._working.add(1, event.agent)
        ready = run.ready.get(event.step)
        if event.attempt == 1 and ready is not None:
            ends = (run.ended.get(need, 0) for need in run.needs.get(event.step, ()))
            self._dispatch.observe((time - max(ready, *ends, 0)) / 1_000_000)

    def _end(self, run: OpenRun, event: Event, time: int) -> None:
        end = attempt_end(event)
        if end is None:
            return
        step = getattr(event, "step", "")
        run.ended[step] = time
        if end.outcome == "repeated":
            run.ready[step] = time
        agent = run.at_work.pop(end.fence, None)
        if agent is not None:
            self._working.add(-1, agent)
            self._ended.add(1, agent, end.outcome)

    def _use(self, stream: str, event: UsageReported) -> None:
        run = self._runs.get(stream)
        agent = run.at_work.get(event.fence, "") if run is not None else ""
        usage = event.usage
        self._tokens.add(usage.input_tokens, agent, event.model, "input")
        self._tokens.add(usage.output_tokens, agent, event.model, "output")
        for part, count in _parts(usage).items():
            if count:
                self._parts.add(count, agent, event.model, part)
        if usage.cost is None:
            self._unpriced.add(usage.tokens, agent, event.model)
        else:
            self._cost.add(usage.cost, agent, event.model)

    # What follows tells.

    def text(self) -> bytes:
        """Return all of it in the text format of Prometheus."""
        self._look()
        for family, of in self._more.items():
            family.replace({(): of()})
        families = (value for value in vars(self).values() if isinstance(value, Family | Histogram))
        lines = [line for each in (*families, *self._more) for line in each.lines()]
        return ("\n".join(lines) + "\n").encode()

    def _look(self) -> None:
        """Bring up to date what is true at a moment."""
        self._waiting.replace({(): len(self._approvals)})
        self._states.replace(dict.fromkeys(self._agents(), 1))
        self._log.replace({(): self._position})
        self._left.replace(dict(_left(self._caps())))


def _gauge(name: str, help_text: str, *labels: str) -> Family:
    return Family("gauge", f"missioncontrol_{name}", help_text, *labels)


def _counter(name: str, help_text: str, *labels: str) -> Family:
    return Family("counter", f"missioncontrol_{name}", help_text, *labels)


def _more(name: str, kind: str) -> Family:
    help_text = HELP.get(name, name.replace("_", " ").capitalize() + ".")
    return Family(kind, f"missioncontrol_{name}", help_text)


def _parts(usage: Usage) -> dict[str, int]:
    return {
        "cache_read": usage.cached_tokens,
        "cache_write": usage.cache_write_tokens,
        "reasoning": usage.reasoning_tokens,
    }


def _left(caps: Iterable[Standing]) -> Iterable[tuple[tuple[str, str, str], float]]:
    """Yield what is left of each cap in each of its units."""
    for cap in caps:
        if cap.scope.kind not in CAPPED:
            continue
        name = f"{cap.scope.kind} {cap.scope.name}".rstrip()
        left = cap.left
        if left.cost is not None:
            yield (name, cap.period, "micro_dollars"), left.cost
        if left.tokens is not None:
            yield (name, cap.period, "tokens"), left.tokens
