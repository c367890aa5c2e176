"""How a run stands by the log: its needs, names, inputs and times; and what its steps mean."""

import json
import re
from typing import Any

from missioncontrol.testing.simulation.rules.expressions import Unreadable, filled, truth_of

Step = dict[str, Any]
"""A step as the log tells it, without what it leaves unsaid."""
LOOKS_ON = re.compile(r"\b(always|failure)\(\)")
DROPPED_BY_ITEMS = (
    "needs",
    "runs_after",
    "when",
    "for_each",
    "concurrency",
    "handles",
    "on_failure",
    "total_seconds_max",
)
"""What holds for a step as a whole and not for each of its items."""
ENDS = frozenset({"succeeded", "failed", "skipped", "blocked", "cancelled"})
TINY = 0.000_01
"""Times in the log are cut to microseconds."""
Data = dict[str, Any]


class Standing:
    """How a run stands, and what follows from that for each of its steps."""

    def __init__(self, data: Data, at: float) -> None:
        """The run was created `at` (seconds since the epoch); none of its steps is known yet."""
        self.id: str = data["run"]
        self.told = data
        self.created = self.changed = at
        self.inputs: Data = data.get("inputs", {})
        self.steps: dict[str, Step] = {}
        self.state: dict[str, str] = {}
        self.dependants: dict[str, list[str]] = {}
        self.children: dict[str, list[str]] = {}
        self.output: dict[str, Any] = {}
        self.error: dict[str, str] = {}
        self.code: dict[str, str] = {}
        self.given: dict[str, Data] = {}  # inputs as they were worked out
        self.revised: dict[str, Data] = {}
        self.slots: dict[str, list[tuple[str, int]]] = {}
        self.held: dict[str, str] = {}  # the approval that a step waits for
        self.released: dict[str, str] = {}  # the approval that its next attempt starts with
        self.working: dict[str, int] = {}  # fences
        self.attempts: dict[int, str] = {}  # every fence and its step
        self.started_at: dict[int, float] = {}
        self.fence = 0
        self.tries: dict[str, int] = {}
        self.interruptions: dict[str, int] = {}
        self.retry_at: dict[str, float] = {}
        self.expanded_at: dict[str, float] = {}
        self.given_up: dict[str, str] = {}  # steps that ran out of time, and the codes of that
        self.rounds: dict[str, int] = {}
        self.refused: set[tuple[int, str]] = set()  # fences and kinds of reports
        self.previous: dict[str, Any] = {}
        self.open_at: dict[str, float] = {}
        self.ready_at: dict[str, float] = {}
        self.cancelled = False
        self.cancelled_at = 0.0
        self.halted = ""
        self.outcome = ""
        self.settled_at = 0.0

    def is_due(self, key: str) -> bool:
        """Whether all needs of a step have ended."""
        return all(self.state[need] in ENDS for need in self.steps[key].get("needs", ()))

    def standing(self, key: str) -> str:
        """Return how a step that has ended counts for what needs it: good, skipped or bad."""
        state = self.state[key]
        if state in ("succeeded", "skipped"):
            return "good" if state == "succeeded" else "skipped"
        return "good" if self._is_gone_on_from(key) else "bad"

    def _is_gone_on_from(self, key: str) -> bool:
        """Whether a failure is one that the workflow goes on from; a person's no never is."""
        is_failure = self.state[key] == "failed" and not self.code[key].startswith("approval.")
        return is_failure and self.steps[key].get("on_failure") == "continue"

    def spoils(self, key: str) -> bool:
        """Whether what a step ended with keeps what it is a part of from succeeding."""
        return self.standing(key) == "bad"

    def verdict(self, key: str) -> str:
        """Return what must become of a due step: runs, skipped, blocked or failed."""
        step = self.steps[key]
        needs, handles = step.get("needs", ()), step.get("handles", ())
        others = [self.standing(need) for need in needs if need not in handles]
        if handles:
            called_for = any(self.state[each] == "failed" for each in handles)
            if not called_for or set(others) - {"good"}:
                return "skipped"
        elif not looks_on(step) and set(others) - {"good"}:
            return "blocked" if "bad" in others else "skipped"
        try:
            holds = not step.get("when") or truth_of(step["when"], self.names(key))
        except Unreadable:
            return "failed"
        return "runs" if holds else "skipped"

    def names(self, key: str, *, scope: str | None = None, **more: Any) -> Data:
        """Return what the expressions of a step may name; `scope` is another than its own."""
        step = self.steps[key]
        scope = step.get("scope", "") if scope is None else scope
        needs = {self.standing(need) for need in step.get("needs", ())}
        return {
            "inputs": self._inputs_in(scope),
            "steps": _Seen(self, scope),
            "item": step.get("item"),
            "index": step.get("index", -1),
            "previous": self.previous.get(key),
            "run": {"id": self.id, "author": self.told.get("author", "")},
            "always()": True,
            "success()": needs <= {"good"},
            "failure()": "bad" in needs,
            **more,
        }

    def _inputs_in(self, scope: str) -> Data:
        return self.given.get(re.sub(r"#\d+$", "", scope), {}) if scope else self.inputs

    def inputs_of(self, key: str) -> Data:
        """Return the inputs that an attempt at a step has to get."""
        found: Data = self.given.get(key) or self.steps[key].get("inputs", {})
        return found

    def expected_inputs(self, key: str) -> Data:
        """Compute the inputs of a step again.

        Raises:
            Unreadable: an expression in them comes to nothing.
        """
        if key in self.revised:
            return self.revised[key]
        found: Data = filled(self.steps[key].get("inputs", {}), self.names(key))
        return found

    def round_of(self, key: str) -> str:
        """Return under which name the steps stand that `key` becomes in its present round."""
        done = self.rounds.get(key, 0)
        return f"{key}#{done + 1}" if done else key

    def is_over_time(self, key: str, at: float) -> bool:
        """Whether the whole time of a step, or that of a call in its present round, is over."""
        step = self.steps[key]
        total, once = step.get("total_seconds_max", 0.0), step.get("seconds_max", 0.0)
        if total and at >= self.open_at.get(key, at) + total - TINY:
            return True
        is_call = self.state[key] == "expanded" and step.get("for_each") is None
        return bool(once and is_call) and at >= self.expanded_at[key] + once - TINY


class _Seen:
    """The steps of a scope as expressions see them."""

    def __init__(self, run: Standing, scope: str) -> None:
        self._run = run
        self._scope = scope

    def __getitem__(self, name: str) -> Data:
        key = f"{self._scope}/{name}" if self._scope else name
        state = self._run.state[key]
        return {
            "state": state,
            "output": self._run.output.get(key) if state == "succeeded" else None,
            "error": self._run.error.get(key, ""),
        }


def is_plain(step: Step) -> bool:
    """Whether nothing has to be worked out before it starts."""
    worked_out = ("when", "body", "slots", "handles", "approval", "for_each")
    if any(step.get(name) not in (None, "", []) for name in worked_out) or "for_each" in step:
        return False
    return not has_expressions(step.get("inputs", {}))


def in_short(step: Step) -> Step:
    """Return a step without what says nothing, so that two can be compared."""
    says_something = ("index", "item", "for_each", "approval", "spending")
    return {
        name: value
        for name, value in step.items()
        if name in says_something or value not in (None, "", 0, [], {})
    }


def has_expressions(template: Any) -> bool:
    """Whether anything in a value is to be worked out."""
    return "${{" in json.dumps(template)


def looks_on(step: Step) -> bool:
    """Whether it looks at how its needs ended, and so runs on after a failure."""
    return LOOKS_ON.search(step.get("when", "")) is not None


def becomes_others(step: Step) -> bool:
    """Whether it becomes other steps and has no attempts of its own."""
    return bool(step.get("body")) or step.get("for_each") is not None


def of_items(run: str, step: Step, prefix: str, items: list[Any]) -> list[Step]:
    """Return the steps that a step with `for_each` has to become."""
    inherited = {name: value for name, value in step.items() if name not in DROPPED_BY_ITEMS}
    if step.get("concurrency") and not step.get("body"):
        shared: Step = {"key": f"{run}/{step['key']}"}
        if step["concurrency"] != 1:
            shared["limit"] = step["concurrency"]
        inherited["slots"] = [*inherited.get("slots", ()), shared]
    return [
        {
            **inherited,
            "key": f"{prefix}[{index}]",
            "parent": step["key"],
            "index": index,
            **({} if item is None else {"item": item}),
        }
        for index, item in enumerate(items)
    ]


def of_call(step: Step, prefix: str) -> list[Step]:
    """Return the steps that a step which calls a workflow has to become."""

    def within(names: list[str]) -> list[str]:
        return [f"{prefix}/{name}" for name in names]

    return [
        {
            **inner,
            "key": f"{prefix}/{inner['key']}",
            **{name: within(inner[name]) for name in ("needs", "handles") if inner.get(name)},
            "parent": step["key"],
            "scope": prefix,
        }
        for inner in step["body"]
    ]
