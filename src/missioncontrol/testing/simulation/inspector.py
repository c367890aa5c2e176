"""Judges a log by rules of its own: it shares no code with the decider that wrote it."""

from typing import Any

from missioncontrol.domain.envelope import Recorded

ALLOWED_AFTER_THE_END = frozenset({"report_refused", "usage_reported"})
ENDS = frozenset({"succeeded", "failed", "blocked", "cancelled"})


class Violation(AssertionError):
    """The log says something that must never be true."""


class Inspector:
    """Reads every event once, in order, and refuses what breaks an invariant."""

    def __init__(self) -> None:
        """Nothing has been read."""
        self.runs: dict[str, _Run] = {}
        self.position = 0

    def read(self, event: Recorded) -> None:
        """Take the next event in.

        Raises:
            Violation: naming the event and the rule that it breaks.
        """
        self.position += 1
        self._hold(event.position == self.position, event, "positions have no gaps")
        data = event.data
        if event.type == "run_created":
            self._hold(event.stream not in self.runs, event, "a run is created once")
            self.runs[event.stream] = _Run(data)
        elif event.stream in self.runs:
            problem = self.runs[event.stream].take(event.type, data, event.time / 1_000_000)
            self._hold(not problem, event, problem)

    def _hold(self, truth: bool, event: Recorded, rule: str) -> None:
        if not truth:
            where = f"event {event.position}, {event.type} of {event.stream}: {event.body!r}"
            raise Violation(f"{rule}, but {where}")


class _Run:
    """What a run looks like to somebody who knows the rules and not the code."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.steps = {step["key"]: step for step in data["steps"]}
        self.limit = data["concurrency"]
        self.state = dict.fromkeys(self.steps, "idle")
        self.state.update(dict.fromkeys(data.get("kept", {}), "succeeded"))
        self.fence = 0
        self.holder: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.retry_at: dict[str, float] = {}
        self.cancelled = False
        self.outcome = ""

    def take(self, kind: str, data: dict[str, Any], at: float) -> str:
        """Return the rule that this event breaks, or an empty string."""
        if self.outcome and kind not in ALLOWED_AFTER_THE_END:
            return "nothing happens to a run after its end"
        handler = getattr(self, f"_{kind}", None)
        problem: str = handler(data, at) if handler is not None else ""
        working = sum(state == "working" for state in self.state.values())
        if not problem and working > self.limit:
            return f"at most {self.limit} steps work at once"
        return problem

    def _step_started(self, data: dict[str, Any], at: float) -> str:
        key = data["step"]
        if self.cancelled:
            return "nothing starts after a cancel"
        if self.state[key] != "idle":
            return f"only an idle step starts, and {key} is {self.state[key]}"
        if data["fence"] != self.fence + 1:
            return "each attempt has the next fence"
        if at + 1e-6 < self.retry_at.get(key, 0.0):
            return "a resting step is left alone until its time"
        if self.failures.get(key, 0) >= self.steps[key].get("retry", {}).get("attempts", 1):
            return "a step is not tried more often than allowed"
        for need in self.steps[key].get("needs", ()):
            wanted = self.steps[key].get("runs_after", "success")
            good = self.state[need] == "succeeded"
            if not (good or (wanted == "any" and self.state[need] in ENDS)):
                return f"{key} starts only after {need} has ended well"
        self.state[key], self.holder[key], self.fence = "working", data["fence"], data["fence"]
        return ""

    def _ends_attempt(self, data: dict[str, Any], state: str) -> str:
        key = data["step"]
        if self.state[key] != "working" or self.holder.get(key) != data["fence"]:
            return "only the attempt that holds the lease ends it"
        self.state[key] = state
        return ""

    def _step_succeeded(self, data: dict[str, Any], _: float) -> str:
        return self._ends_attempt(data, "succeeded")

    def _step_failed(self, data: dict[str, Any], _: float) -> str:
        return self._ends_attempt(data, "failed")

    def _step_cancelled(self, data: dict[str, Any], _: float) -> str:
        if not self.cancelled:
            return "nothing is cancelled that nobody asked to cancel"
        return self._ends_attempt(data, "cancelled")

    def _attempt_failed(self, data: dict[str, Any], _: float) -> str:
        if self.cancelled:
            return "nothing is retried after a cancel"
        key = data["step"]
        self.failures[key] = self.failures.get(key, 0) + 1
        self.retry_at[key] = data["retry_at"]
        return self._ends_attempt(data, "idle")

    def _attempt_interrupted(self, data: dict[str, Any], _: float) -> str:
        return self._ends_attempt(data, "idle")

    def _steps_blocked(self, data: dict[str, Any], _: float) -> str:
        if self.state[data["by"]] != "failed":
            return "only a failed step blocks others"
        return self._end_idle(data["steps"], "blocked")

    def _steps_cancelled(self, data: dict[str, Any], _: float) -> str:
        return self._end_idle(data["steps"], "cancelled")

    def _end_idle(self, steps: list[str], state: str) -> str:
        for key in steps:
            if self.state[key] != "idle":
                return f"only an idle step is {state}, and {key} is {self.state[key]}"
            self.state[key] = state
        return ""

    def _steps_added(self, data: dict[str, Any], _: float) -> str:
        for step in data["steps"]:
            if step["key"] in self.steps:
                return "a step is added once"
            self.steps[step["key"]] = step
            self.state[step["key"]] = "idle"
        return ""

    def _cancel_requested(self, _: dict[str, Any], __: float) -> str:
        self.cancelled = True
        return ""

    def _run_settled(self, data: dict[str, Any], _: float) -> str:
        open_steps = [key for key, state in self.state.items() if state not in ENDS]
        if open_steps:
            return f"a run ends after all its steps, and {open_steps[0]} has not ended"
        self.outcome = data["outcome"]
        good = all(state == "succeeded" for state in self.state.values())
        if self.outcome == "succeeded" and not good:
            return "a run succeeds only if all its steps did"
        if self.outcome == "cancelled" and not self.cancelled:
            return "a run is cancelled only if somebody asked"
        return ""
