"""Which steps can ever run, worked out from conditions alone."""

from collections.abc import Collection, Iterable

import msgspec

from missioncontrol.domain.definition.definition import Definition, StepDefinition
from missioncontrol.domain.definition.fault import Faults, Place
from missioncontrol.domain.definition.order import Order
from missioncontrol.domain.definition.shapes import Checker
from missioncontrol.domain.definition.templates import calls_in
from missioncontrol.domain.errors import Rejected

GOOD, BAD, SKIPPED = "good", "bad", "skipped"
Ends = frozenset[str]
"""How a step may count for what needs it: done, or failed or blocked, or left out."""


class Standing(msgspec.Struct, frozen=True):
    """How the needs of a step have ended."""

    success: bool
    failure: bool


ALL_WELL = Standing(success=True, failure=False)
A_FAILURE = Standing(success=False, failure=True)
LEFT_OUT = Standing(success=False, failure=False)
STANDINGS = (ALL_WELL, A_FAILURE, LEFT_OUT)
EITHER = frozenset({True, False})


class Reach(msgspec.Struct, frozen=True):
    """What can become of a step."""

    runs: bool
    ends: Ends
    why: str = ""  # it never runs
    by: str = ""  # the step because of which it never does


ANYHOW = Reach(True, frozenset({GOOD, BAD, SKIPPED}))
"""Of a step in a cycle: that is reported, and nothing else about it."""


class Reaching:
    """Goes through the steps in order; each may end in several ways, or in no good one."""

    def __init__(
        self, definition: Definition, checker: Checker, asked: Collection[str] = ()
    ) -> None:
        """`checker` works conditions out as far as that is possible without any values.

        A condition that was not learned may give either. `asked` are the steps that wait for a
        person, who may say no.
        """
        self._approval_keys = asked
        self._definition = definition
        self._checker = checker
        self._handled = definition.handled()
        self._learned: dict[str, dict[Standing, frozenset[bool]]] = {}
        self.of: dict[str, Reach] = {}

    def look(self, order: Order) -> None:
        """Work out all steps."""
        for key in order.steps:
            self.of[key] = self._reach(key, self._definition.steps[key], order.needs[key])

    def _reach(self, key: str, step: StepDefinition, needs: tuple[str, ...]) -> Reach:
        handled = self._handled.get(key, ())
        others = [need for need in needs if need not in handled]
        if handled and not any(self._of(each).runs for each in handled):
            why = f"it handles the failure of {handled[0]!r}, which never runs"
            return Reach(False, frozenset({SKIPPED}), why, handled[0])
        if handled or not has_status_function(step.condition):
            return self._after_success(key, step, others, handled)
        return self._after_any(key, step, others)

    def _of(self, key: str) -> Reach:
        return self.of.get(key, ANYHOW)

    def _after_success(
        self, key: str, step: StepDefinition, others: list[str], handled: tuple[str, ...]
    ) -> Reach:
        ends: set[str] = {SKIPPED} if handled else set()
        for need in others:
            ends |= self._of(need).ends - {GOOD}
        dead = next((need for need in others if GOOD not in self._of(need).ends), "")
        if dead:
            return Reach(False, frozenset(ends), f"it needs {dead!r}, which never runs", dead)
        values = self._values(step.condition, [A_FAILURE if handled else ALL_WELL])
        why = "its `if` is always false"
        if handled and True in self._values(step.condition, [ALL_WELL]):
            why = _no_success(handled[0])
        return self._ended(key, step, values, ends, why)

    def _after_any(self, key: str, step: StepDefinition, needs: list[str]) -> Reach:
        ends = [self._of(need).ends for need in needs]
        standings = []
        if all(GOOD in each for each in ends):
            standings.append(ALL_WELL)
        if any(BAD in each for each in ends):
            standings.append(A_FAILURE)
        if any(SKIPPED in each for each in ends) and all(each - {BAD} for each in ends):
            standings.append(LEFT_OUT)
        why = "its `if` is always false"
        if True in self._values(step.condition, [A_FAILURE]) and A_FAILURE not in standings:
            why = _no_failure(needs)
        return self._ended(key, step, self._values(step.condition, standings), set(), why)

    def _ended(
        self, key: str, step: StepDefinition, values: set[bool], ends: set[str], why: str
    ) -> Reach:
        if False in values:
            ends = ends | {SKIPPED}
        if True not in values:
            return Reach(False, frozenset(ends), why)
        # Whatever runs can fail. Only a person's no counts as a failure in spite of `continue`.
        can_be_bad = step.on_failure != "continue" or key in self._approval_keys
        return Reach(True, frozenset(ends | {GOOD} | ({BAD} if can_be_bad else set())))

    def learn(self, condition: str) -> None:
        """Work out what a condition that compiles may give, whatever the values of its names.

        It is best asked when it has just been compiled: not many are remembered as compiled.
        """
        if condition not in self._learned:
            self._learned[condition] = {
                each: self._possible_values(condition, each) for each in STANDINGS
            }

    def _possible_values(self, condition: str, standing: Standing) -> frozenset[bool]:
        try:
            # Without any names, a value that exists all the same does not depend on them.
            value = self._checker.evaluate(condition, {}, standing)
        except Rejected:
            return EITHER
        return frozenset({value}) if isinstance(value, bool) else EITHER

    def _values(self, condition: str | None, standings: Iterable[Standing]) -> set[bool]:
        if condition is None:
            return {True}
        learned = self._learned.get(condition)
        each = [learned[standing] if learned else EITHER for standing in standings]
        return set().union(*each)


def _no_failure(needs: list[str]) -> str:
    if not needs:
        return "failure() is about its needs, and it has none"
    return f"it runs on a failure of its needs, and none of {', '.join(needs[:5])} counts as one"


def _no_success(handled: str) -> str:
    return f"it handles the failure of {handled!r}, and after a failure success() never holds"


def has_status_function(condition: str | None) -> bool:
    """Whether a condition lifts the rule that all needs must have succeeded."""
    return condition is not None and bool(calls_in(condition) & {"always", "failure"})


def check_reach(
    definition: Definition, reaching: Reaching, broken: frozenset[str], faults: Faults
) -> None:
    """Report steps that never run, except those whose condition is `broken`."""
    for key, reach in reaching.of.items():
        if reach.runs or key in broken or reach.by in broken:
            continue
        at_condition = definition.steps[key].condition is not None and not reach.by
        place: Place = ("steps", key, "if") if at_condition else ("steps", key)
        faults.add(place, f"The step can never run: {reach.why}.", "Mend that, or remove the step.")
