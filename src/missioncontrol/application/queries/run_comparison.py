"""Two runs beside each other: what differs, step by step."""

from typing import Any

import msgspec

from missioncontrol.application.event_timeline import EventTimeline
from missioncontrol.application.queries.runs import (
    RunItem,
    UsageView,
    run_item,
    run_state,
)
from missioncontrol.application.queries.steps import family_of
from missioncontrol.application.read_model import Present
from missioncontrol.application.views import state_name, usage_view
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.ports.read_tables import RunRow

INPUTS_MAX = 200
SHARE = 0.2
"""A step that took this part longer or shorter is reported, if it is a second at least."""

SECONDS_MIN = 1.0


class Side(msgspec.Struct, frozen=True):
    """A step in one of two runs."""

    state: str
    seconds: float | None
    cost: int
    tokens: int
    attempts: int
    agent: str


class ComparedStep(msgspec.Struct, frozen=True):
    """A step in two runs."""

    place: int
    step: str
    title: str
    a: Side | None  # None where the run has no such step
    b: Side | None
    differs: list[str]  # of presence, state, agent, seconds, cost, inputs, output and attempts


class ComparedInput(msgspec.Struct, frozen=True):
    """An input of two runs."""

    name: str
    a: Any
    b: Any
    differs: bool


class ComparedRuns(msgspec.Struct, frozen=True):
    """Two runs, and the steps of both."""

    a: RunItem
    b: RunItem
    a_usage: UsageView
    b_usage: UsageView
    inputs: list[ComparedInput]
    steps: int  # of both together
    different: int  # how many of them differ in more than time and cost


class Comparison:
    """Two runs that are at hand."""

    def __init__(
        self, a: Run, b: Run, timeline_a: EventTimeline, timeline_b: EventTimeline
    ) -> None:
        """Steps are the same where their keys are."""
        self.a, self.b, self._timeline_a, self._timeline_b = a, b, timeline_a, timeline_b
        keys = [key for key, _ in family_of(a).in_order()]
        keys += [key for key, _ in family_of(b).in_order() if key not in a.steps]
        self.keys = keys

    def step(self, place: int) -> ComparedStep:
        """Return the step at a place of both tables."""
        key = self.keys[place]
        a, b = _side(self.a, self._timeline_a, key), _side(self.b, self._timeline_b, key)
        either = self.a if key in self.a.steps else self.b
        return ComparedStep(place, key, either.steps[key].title, a, b, self._differs(key, a, b))

    def _differs(self, key: str, a: Side | None, b: Side | None) -> list[str]:
        if a is None or b is None:
            return ["presence"]
        found = {
            "state": a.state != b.state,
            "agent": a.agent != b.agent,
            "inputs": _inputs_of(self.a, key) != _inputs_of(self.b, key),
            "output": _output(self.a, key) != _output(self.b, key),
            "attempts": a.attempts != b.attempts,
            "seconds": _took_otherwise(a.seconds, b.seconds),
            "cost": a.cost != b.cost,
        }
        return [name for name, is_so in found.items() if is_so]


def _inputs_of(run: Run, key: str) -> dict[str, Any]:
    return run.inputs_of.get(key, run.steps[key].inputs)


def _output(run: Run, key: str) -> Any:
    state = run.states[key]
    return state.work.output if isinstance(state, Succeeded) else None


def _took_otherwise(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return False
    return abs(a - b) >= max(SECONDS_MIN, SHARE * max(a, b))


def _side(run: Run, timeline: EventTimeline, key: str) -> Side | None:
    if key not in run.steps:
        return None
    usage, bill = run.usage_by_step.get(key), run.bill_by_step.get(key)
    span = timeline.spans.get(key)
    has_ended = span is not None and span.started is not None and span.ended is not None
    return Side(
        state_name(run.states[key]),
        span.ended - span.started if has_ended else None,  # type: ignore[union-attr,operator]
        bill.cost if bill is not None else 0,
        usage.tokens if usage is not None else 0,
        run.tries.get(key, 0),
        run.steps[key].agent,
    )


async def compared(present: Present, a: str, b: str) -> Comparison:
    """Return two runs to be compared.

    Raises:
        NotFound: `run.unknown`.
    """
    one, other = await run_state(present, a), await run_state(present, b)
    if present.board.run(a) is None or present.board.run(b) is None:
        await present.catch_up()  # One of them began since.
    timelines = await present.chronicles.of(a), await present.chronicles.of(b)
    return Comparison(one, other, *timelines)


def compare_runs(present: Present, both: Comparison) -> ComparedRuns:
    """Return what two runs are, and how much of them differs."""
    a, b = both.a, both.b
    return ComparedRuns(
        run_item(present, _row(present, a.id)),
        run_item(present, _row(present, b.id)),
        UsageView(**usage_view(a.usage, a.bill)),
        UsageView(**usage_view(b.usage, b.bill)),
        _inputs(a, b),
        len(both.keys),
        sum(_is_different(both.step(place)) for place in range(len(both.keys))),
    )


def _row(present: Present, run: str) -> RunRow:
    row = present.board.run(run)
    assert row is not None, f"run {run} has a stream and no row"
    return row


def _is_different(step: ComparedStep) -> bool:
    return bool(set(step.differs) - {"seconds", "cost"})


def _inputs(a: Run, b: Run) -> list[ComparedInput]:
    names = list(dict.fromkeys((*a.inputs, *b.inputs)))[:INPUTS_MAX]
    pairs = ((name, a.inputs.get(name), b.inputs.get(name)) for name in names)
    return [ComparedInput(name, one, other, one != other) for name, one, other in pairs]


def compared_steps(
    both: Comparison, *, only_different: bool = False, after: int = -1, limit: int = 50
) -> list[ComparedStep]:
    """Return the steps of both runs from a place on; only those that differ where asked."""
    found: list[ComparedStep] = []
    for place in range(after + 1, len(both.keys)):
        step = both.step(place)
        if not only_different or _is_different(step):
            found.append(step)
            if len(found) == limit:
                break
    return found
