"""A run as the log tells it: what each step may do when, by the truth tables of workflows."""

from typing import Any

from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.rules.expressions import (
    Unreadable,
    filled,
    truth_of,
    value_of,
)
from missioncontrol.testing.simulation.rules.run_state import (
    ENDS,
    TINY,
    Data,
    Standing,
    Step,
    becomes_others,
    in_short,
    is_plain,
    looks_on,
    of_call,
    of_items,
)

AFTER_THE_END = frozenset({"report_refused", "usage_reported"})
AFTER_A_CANCEL = frozenset(
    {
        *AFTER_THE_END,
        "process_started",
        "step_succeeded",
        "step_failed",
        "step_cancelled",
        "steps_cancelled",
        "run_settled",
    }
)
OPEN = frozenset({"idle", "ready", "held", "resting", "expanded"})
INTERRUPTIONS_MAX = 5


class RunBook(Standing):
    """What a run looks like to an observer who knows the rules and not the code."""

    def __init__(self, data: Data, at: float) -> None:
        """The run was created `at` (seconds since the epoch)."""
        super().__init__(data, at)
        self._add(data["steps"], at)
        for key, reused in data.get("kept", {}).items():
            self._ends(key, "succeeded", at)
            self.output[key] = reused.get("work", {}).get("output")

    def take(self, kind: str, data: Data, at: float) -> None:
        """Take an event of this run in.

        Raises:
            Violation: it breaks a rule.
        """
        if self.outcome:
            hold(kind in AFTER_THE_END, "nothing happens to a run after its end")
        if self.cancelled:
            hold(kind in AFTER_A_CANCEL, "nothing begins after a cancel")
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(data, at)

    def commit_ended(self) -> None:
        """Look at what has to be true between two transactions."""
        if self.outcome:
            return
        hold(not all(s in ENDS for s in self.state.values()), "a run ends with its last step")
        if self.cancelled:
            return
        for key, state in self.state.items():
            if state == "idle":
                self._refuse_unblocked(key)

    def _refuse_unblocked(self, key: str) -> None:
        step = self.steps[key]
        if looks_on(step) or step.get("handles"):
            return
        for need in step.get("needs", ()):
            is_bad = self.state[need] in ENDS and self.standing(need) == "bad"
            hold(not is_bad, f"{key} is blocked as soon as {need} has not succeeded")

    def _add(self, steps: list[Step], at: float) -> None:
        for step in steps:
            key = step["key"]
            hold(key not in self.steps, "a step is added once")
            self.steps[key], self.state[key] = step, "idle"
            for need in step.get("needs", ()):
                self.dependants.setdefault(need, []).append(key)
            if not step.get("needs"):
                self._opens(key, at)

    def _opens(self, key: str, at: float) -> None:
        self.open_at[key] = at
        if is_plain(self.steps[key]):
            self.ready_at[key] = at

    def _ends(self, key: str, state: str, at: float) -> None:
        self.state[key] = state
        for notes in (self.held, self.released, self.revised, self.ready_at):
            notes.pop(key, None)
        for dependant in self.dependants.get(key, ()):
            if self.state[dependant] == "idle" and self.is_due(dependant):
                self._opens(dependant, at)

    def _is_to_run(self, key: str) -> None:
        hold(self.is_due(key), f"{key} is looked at only after all its needs have ended")
        verdict = self.verdict(key)
        hold(verdict == "runs", f"{key} must not run: it is {verdict}")

    def _run_halted(self, data: Data, _: float) -> None:
        hold(not self.halted, "a run is halted once")
        hold(data["code"].startswith("budget."), "a run is halted for money alone")
        self.halted = data["code"]

    def _run_resumed(self, _: Data, __: float) -> None:
        self.halted = ""

    def _step_readied(self, data: Data, at: float) -> None:
        key = data["step"]
        hold(not becomes_others(self.steps[key]), f"{key} becomes other steps and never starts")
        hold(self.state[key] == "idle", f"only an idle step is readied, and {key} is not")
        hold("approval" not in self.steps[key], f"{key} waits for an approval first")
        self._worked_out(key, data)
        self.state[key], self.ready_at[key] = "ready", at

    def _worked_out(self, key: str, data: Data) -> None:
        step = self.steps[key]
        self._is_to_run(key)
        expected = self.expected_inputs(key)
        logged = data.get("inputs") or step.get("inputs", {})
        hold(logged == expected, f"the inputs of {key} are {expected!r}")
        names = self.names(key)
        slots = [
            (str(filled(slot["key"], names)), slot.get("limit", 1))
            for slot in step.get("slots", ())
        ]
        logged_slots = [(slot["key"], slot.get("limit", 1)) for slot in data.get("slots", ())]
        hold(logged_slots == slots, f"the places that {key} shares are {slots!r}")
        self.slots[key] = slots
        self.given[key] = expected

    def _step_skipped(self, data: Data, at: float) -> None:
        key = data["step"]
        hold(self.state[key] == "idle", f"only an idle step is skipped, and {key} is not")
        hold(self.is_due(key), f"{key} is skipped only after all its needs have ended")
        verdict = self.verdict(key)
        hold(verdict == "skipped", f"{key} must not be skipped: it {verdict}")
        self._ends(key, "skipped", at)

    def _step_held(self, data: Data, at: float) -> None:
        key = data["step"]
        state = self.state[key]
        hold(state in ("idle", "resting", "ready"), f"a step that is {state} asks for no approval")
        hold("approval" in self.steps[key], f"{key} needs no approval")
        hold(at + TINY >= self.retry_at.get(key, 0.0), "a resting step is left alone")
        hold(self.steps[key].get("for_each") is None, "items ask for themselves")
        self._worked_out(key, data)
        self.released.pop(key, None)
        self.ready_at.pop(key, None)
        self.state[key], self.held[key] = "held", data["approval"]

    def _step_released(self, data: Data, at: float) -> None:
        key = data["step"]
        hold(self.held.get(key) == data["approval"], f"{key} does not wait for that approval")
        self.released[key] = self.held.pop(key)
        self.state[key] = "ready"
        if not becomes_others(self.steps[key]):
            self.ready_at[key] = at

    def _step_revised(self, data: Data, _: float) -> None:
        key = data["step"]
        hold(self.held.get(key) == data["approval"], f"{key} does not wait for that approval")
        del self.held[key]
        self.revised[key] = data["inputs"]
        self.state[key] = "idle"

    def _step_expanded(self, data: Data, at: float) -> None:
        key = data["step"]
        if "approval" in self.steps[key] and self.steps[key].get("for_each") is None:
            hold(key in self.released, f"{key} becomes others only when it was approved")
        else:
            hold(self.state[key] == "idle", f"only an idle step becomes others, and {key} is not")
        self._is_to_run(key)
        logged = [in_short(step) for step in data.get("steps", [])]
        expected = [in_short(step) for step in self._parts(key)]
        hold(logged == expected, f"{key} becomes other steps than these")
        if self.steps[key].get("body") and self.steps[key].get("for_each") is None:
            self.given[key] = self.expected_inputs(key)
            hold(data.get("inputs", {}) == self.given[key], f"{key} is called with its inputs")
        self._add(data.get("steps", []), at)
        self.children[key] = [step["key"] for step in data.get("steps", [])]
        self.state[key], self.expanded_at[key] = "expanded", at
        self.released.pop(key, None)
        self._refuse_crowd(key)

    def _parts(self, key: str) -> list[Step]:
        step, prefix = self.steps[key], self.round_of(key)
        items = step.get("for_each")
        if items is None:
            return of_call(step, prefix)
        if isinstance(items, str):
            items = value_of(items, self.names(key))
        return of_items(self.id, step, prefix, items)

    def _refuse_crowd(self, key: str) -> None:
        parent = self.steps[key].get("parent", "")
        limit = self.steps[parent].get("concurrency", 0) if parent else 0
        if limit and "index" in self.steps[key]:
            at_once = [each for each in self.children[parent] if self.state[each] == "expanded"]
            hold(len(at_once) <= limit, f"at most {limit} items of {parent} are at work at once")

    def _step_started(self, data: Data, at: float) -> None:
        key = data["step"]
        step = self.steps[key]
        hold(not self.halted, f"a halted run starts nothing: {self.halted}")
        hold(data["fence"] == self.fence + 1, "each attempt has the next fence")
        hold(data["attempt"] == self.tries.get(key, 0) + 1, "attempts are counted one by one")
        most = step.get("retry", {}).get("attempts", 1)
        hold(data["attempt"] <= most, "a step is not tried more often than allowed")
        hold(data["agent"] == step["agent"], f"{key} is done by {step['agent']}")
        self._refuse_early_start(key, step, at)
        self._refuse_late_start(key, step, at)
        self.state[key], self.working[key] = "working", data["fence"]
        self.fence, self.tries[key] = data["fence"], data["attempt"]
        self.attempts[data["fence"]] = key
        self.started_at[data["fence"]] = at
        self.released.pop(key, None)
        self.ready_at.pop(key, None)
        limit = self.told["concurrency"]
        hold(len(self.working) <= limit, f"at most {limit} steps work at once")

    def _refuse_early_start(self, key: str, step: Step, at: float) -> None:
        state = self.state[key]
        if state == "idle":
            hold(is_plain(step), f"{key} starts only after it was worked out")
            self._is_to_run(key)
        elif state == "resting":
            hold("approval" not in step, f"another attempt at {key} has to be approved again")
        else:
            hold(state == "ready", f"{key} can't start: it is {state}")
        hold(at + TINY >= self.retry_at.get(key, 0.0), "a resting step is left alone")

    def _refuse_late_start(self, key: str, step: Step, at: float) -> None:
        queue = step.get("queue_seconds_max", 0.0)
        if queue and key in self.ready_at:
            waited = at - self.ready_at[key]
            hold(waited < queue + TINY, f"{key} starts no later than {queue} s after it was ready")
        total = step.get("total_seconds_max", 0.0)
        if total:
            hold(at - self.open_at[key] < total + TINY, f"{key} starts nothing after its time")
        most = self.told.get("seconds_max", 0.0)
        if most:
            hold(at - self.created <= most + 1.0, "nothing starts after the time of the run")

    def _leaves(self, data: Data, state: str) -> str:
        """End the step of an attempt, or leave it in another state; return the key."""
        key: str = data["step"]
        is_holder = self.state[key] == "working" and self.working.get(key) == data["fence"]
        hold(is_holder, "only the attempt that holds the lease ends it")
        del self.working[key]
        self.state[key] = state
        return key

    def _step_succeeded(self, data: Data, at: float) -> None:
        key, output = data["step"], data.get("work", {}).get("output")
        if data["fence"]:
            self._leaves(data, "idle")
        else:
            output = self._concluded(key, output)
        hold(self._is_enough(key, output), f"{key} is repeated until its condition holds")
        self.output[key] = output
        self._ends(key, "succeeded", at)

    def _concluded(self, key: str, output: Any) -> Any:
        """Check that a step whose parts have all ended hands back what they make together."""
        hold(self.state[key] == "expanded", f"{key} did not become other steps")
        parts = self.children[key]
        hold(all(self.state[part] in ENDS for part in parts), f"{key} ends after all its parts")
        hold(not any(self.spoils(part) for part in parts), f"{key} fails with its parts")
        expected = self._joined_output(key)
        hold(output == expected, f"{key} hands back {expected!r}")
        return output

    def _joined_output(self, key: str) -> Any:
        step, parts = self.steps[key], self.children[key]
        if step.get("for_each") is not None:
            return [self.output.get(part) for part in parts]
        return filled(step.get("outputs", {}), self.names(key, scope=self.round_of(key)))

    def _is_enough(self, key: str, output: Any) -> bool:
        """Whether a round was the last one, as far as its condition says."""
        step = self.steps[key]
        if not step.get("repeat") or step.get("for_each") is not None or self.cancelled:
            return True
        return truth_of(step["repeat"]["until"], self.names(key, output=output))

    def _step_repeated(self, data: Data, at: float) -> None:
        key, output = data["step"], data.get("work", {}).get("output")
        done = self.rounds.get(key, 0) + 1
        hold(data["round"] == done, "rounds are counted one by one")
        if data["fence"]:
            self._leaves(data, "idle")
        else:
            self._concluded(key, output)
        hold(not self._is_enough(key, output), f"{key} is not repeated: its condition holds")
        most = self.steps[key]["repeat"].get("times", 10)
        hold(done < most, f"{key} is repeated at most {most} times")
        self.rounds[key], self.previous[key] = done, output
        self.state[key] = "idle"
        for notes in (self.tries, self.retry_at, self.revised):
            notes.pop(key, None)
        self.open_at.setdefault(key, at)

    def _attempt_failed(self, data: Data, _: float) -> None:
        key = self._leaves(data, "resting")
        hold(data["failure"].get("retryable", True), "what can't help is not tried again")
        most = self.steps[key].get("retry", {}).get("attempts", 1)
        hold(self.tries[key] < most, "a step is not tried more often than allowed")
        self.retry_at[key] = data["retry_at"]

    def _attempt_interrupted(self, data: Data, at: float) -> None:
        key = self._leaves(data, "ready")
        self.tries[key] -= 1
        if data.get("counts", True):
            self.interruptions[key] = self.interruptions.get(key, 0) + 1
            hold(self.interruptions[key] <= INTERRUPTIONS_MAX, f"{key} is given up by now")
        if "approval" in self.steps[key]:
            self.state[key] = "idle"
        else:
            self.ready_at[key] = at

    def _step_failed(self, data: Data, at: float) -> None:
        key, failure = data["step"], data["failure"]
        if data["fence"]:
            self._refuse_giving_up(key, failure)
            self._leaves(data, "idle")
        else:
            self._refuse_wrong_failure(key, failure["code"], at)
        self.code[key], self.error[key] = failure["code"], failure["reason"]
        self._ends(key, "failed", at)

    def _refuse_giving_up(self, key: str, failure: Data) -> None:
        if self.cancelled or not failure.get("retryable", True):
            return
        most = self.steps[key].get("retry", {}).get("attempts", 1)
        hold(self.tries[key] >= most, f"{key} is tried {most} times before it has failed")

    def _refuse_wrong_failure(self, key: str, code: str, at: float) -> None:
        """Check that a step which no attempt works on has failed, and for this reason."""
        state = self.state[key]
        if state == "expanded":
            self._refuse_wrong_conclusion(key, code)
            return
        hold(state in OPEN, f"a step that is {state} can't be failed from outside")
        if code in ("approval.rejected", "approval.expired", "approval.withdrawn"):
            hold(key in self.held, f"{key} waits for no approval")
        elif code == "step.queue_timed_out":
            limit = self.steps[key]["queue_seconds_max"]
            hold(at - self.ready_at[key] >= limit - TINY, f"{key} may wait {limit} s for its turn")
        elif code in ("step.total_timed_out", "step.timed_out"):
            hold(self.is_over_time(key, at), f"the time of {key} is not over")
        elif code in ("expression.failed", "step.no_list"):
            hold(self._comes_to_nothing(key), f"everything in {key} can be worked out")
        else:
            hold(code == "approval.unreachable", f"{key} can't fail like this")

    def _comes_to_nothing(self, key: str) -> bool:
        verdict = self.verdict(key)
        if verdict != "runs":
            return verdict == "failed"
        try:
            if self.steps[key].get("for_each") is not None:
                items = filled(self.steps[key]["for_each"], self.names(key))
                return not isinstance(items, list)
            self.expected_inputs(key)
        except Unreadable:
            return True
        return False

    def _refuse_wrong_conclusion(self, key: str, code: str) -> None:
        parts, step = self.children[key], self.steps[key]
        hold(all(self.state[part] in ENDS for part in parts), f"{key} ends after all its parts")
        if key in self.given_up:
            hold(code == self.given_up[key], f"{key} fails as it was given up")
            return
        spoilt = any(self.spoils(part) for part in parts)
        hold(spoilt is (code in ("items.failed", "workflow.failed")), f"{key} fails with its parts")
        if spoilt:
            return
        try:
            enough = self._is_enough(key, self._joined_output(key))
        except Unreadable:
            hold(code == "expression.failed", f"an expression of {key} comes to nothing")
            return
        done = self.rounds.get(key, 0) + 1
        exhausted = not enough and done >= step["repeat"].get("times", 10)
        hold(exhausted and code == "repeat.exhausted", f"{key} has not failed")

    def _step_cancelled(self, data: Data, at: float) -> None:
        hold(self.cancelled, "nothing is cancelled without a cancel request")
        self._ends(self._leaves(data, "idle"), "cancelled", at)

    def _report_refused(self, data: Data, _: float) -> None:
        hold(self.working.get(data["step"]) != data["fence"], "a lease holder's report counts")
        refused = (data["fence"], data["kind"])
        hold(refused not in self.refused, "a report is refused once")
        self.refused.add(refused)

    def _steps_blocked(self, data: Data, at: float) -> None:
        by = data["by"]
        hold(self.state[by] == "failed", "only a failed step blocks others")
        hold(self.spoils(by), f"nothing is blocked by {by}, which is gone on from")
        for key in data["steps"]:
            needs = self.steps[key].get("needs", ())
            bad = [n for n in needs if self.state[n] in ENDS and self.standing(n) == "bad"]
            hold(self.state[key] == "idle" and bad, f"nothing that {key} needs has failed")
            hold(not looks_on(self.steps[key]), f"{key} looks at failures and is not blocked")
            hold(not self.steps[key].get("handles"), f"{key} handles failures and is not blocked")
            self._ends(key, "blocked", at)

    def _steps_cancelled(self, data: Data, at: float) -> None:
        within = data.get("within", "")
        if not self.cancelled:
            hold(within, "these steps have no cancel request")
            hold(self.is_over_time(within, at), f"the time of {within} is not over")
            self.given_up[within] = data["failure"]["code"]
        for key in data["steps"]:
            hold(self.state[key] in OPEN, f"{key} is {self.state[key]} and can't be cancelled")
            hold(not within or self._is_part_of(key, within), f"{key} is no part of {within}")
            self._ends(key, "cancelled", at)

    def _is_part_of(self, key: str, whole: str) -> bool:
        while key and key != whole:
            key = self.steps[key].get("parent", "")
        return bool(key)

    def _steps_added(self, data: Data, at: float) -> None:
        self._add(data["steps"], at)

    def _cancel_requested(self, data: Data, at: float) -> None:
        self.cancelled, self.cancelled_at = True, at
        self.halted = ""
        self.cancel_outcome = data.get("outcome", "cancelled")
        if self.cancel_outcome == "failed":
            most = self.told.get("seconds_max", 0.0)
            hold(most and at - self.created >= most - TINY, "the time of the run is not over")

    def _run_settled(self, data: Data, at: float) -> None:
        left = [key for key, state in self.state.items() if state not in ENDS]
        hold(not left, f"a run ends after all its steps, and {left[:1]} has not ended")
        own = [key for key, step in self.steps.items() if not step.get("parent")]
        good = "failed" if any(self.spoils(key) for key in own) else "succeeded"
        expected = self.cancel_outcome if self.cancelled else good
        hold(data["outcome"] == expected, f"the run has {expected}")
        self.outcome, self.settled_at = data["outcome"], at
