"""What the console tells about the steps of a run: the table, and one step in full."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.event_timeline import Attempt, EventTimeline, Span
from missioncontrol.application.queries.causes import (
    Cause,
    NextAction,
    cause_chain,
    next_actions,
)
from missioncontrol.application.queries.runs import CostLine, UsageView, run_state
from missioncontrol.application.read_model import Present
from missioncontrol.application.views import approval_view, state_name, step_view, usage_view
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run.needs_outcome import tolerated
from missioncontrol.domain.run.states import (
    Blocked,
    Failed,
    Held,
    Resting,
    Run,
    Skipped,
    StepState,
    Succeeded,
)
from missioncontrol.domain.work import NO_BILL, NO_USAGE
from missioncontrol.ports.output_store import OutputLine

REASON_MAX = 300
NAMED_MAX = 200
"""Steps, attempts, approvals or files of one step; more are a number."""

LAST_LINES = 40
LOOK_BACK_LINES = 2_000
DEPTH_MAX = 64


class StepItem(msgspec.Struct, frozen=True):
    """A step in a table."""

    place: int  # in the table of all steps, 0 for the first
    step: str
    title: str
    agent: str
    calls: str  # the workflow that it calls
    parent: str  # the step that became this one
    depth: int
    state: str
    gone: bool  # it failed, and the run goes on from that
    attempts: int
    rounds: int
    started: float | None
    ended: float | None
    input_tokens: int
    output_tokens: int
    cost: int
    is_priced: bool
    reason: str  # why it failed, rests, is blocked or was left out; else its summary
    children: int  # steps that it became
    children_done: int


class StepChoice(msgspec.Struct, frozen=True):
    """Which steps are wanted; what is left empty chooses all."""

    states: tuple[str, ...] = ()
    parent: str | None = None  # "" for the workflow's own
    text: str = ""  # in key, title or agent, in any case

    def takes(self, run: Run, key: str) -> bool:
        """Whether a step is one of them."""
        if self.states and state_name(run.states[key]) not in self.states:
            return False
        step = run.steps[key]
        if self.parent is not None and step.parent != self.parent:
            return False
        text = self.text.casefold()
        return not text or any(text in each.casefold() for each in (key, step.title, step.agent))


class AttemptView(msgspec.Struct, frozen=True):
    """One try at a step."""

    number: int
    fence: int
    agent: str
    started: float
    ended: float | None
    outcome: str  # running, succeeded, failed, interrupted, cancelled or repeated
    code: str
    reason: str
    retry_at: float
    position: int  # of the event that began it
    settled_position: int  # of the one that ended it; 0 while it runs
    processes: list[dict[str, Any]]  # pid, started and group
    refused: list[str]  # kinds of reports that came too late
    usage: UsageView


class StepDetail(msgspec.Struct, frozen=True):
    """A step in full."""

    run: str
    run_status: str
    step: str
    title: str
    state: str
    gone: bool
    agent: str
    capability: str
    calls: str
    needs: list[str]
    dependants: list[str]
    parent: str
    children: list[str]
    children_left_out: int
    risk: str
    effects: list[str]
    on_failure: str
    when: str
    attempts_max: int
    seconds_max: float
    rounds: int
    started: float | None
    ended: float | None
    given: dict[str, Any]  # inputs as the workflow has them, with templates
    inputs: dict[str, Any]  # exactly what it gets
    standing: dict[str, Any]  # the fields of its state: fence, approval, failure, kept_from, …
    output: Any  # what it handed back, exactly
    summary: str
    facts: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    usage: UsageView
    by_model: list[CostLine]
    attempts: list[AttemptView]
    attempts_left_out: int
    approvals: list[dict[str, Any]]
    causes: list[Cause]
    next: list[NextAction]
    last_output: list[OutputLine]
    is_last_output_cut: bool  # there is more before it
    before: str  # the step above it in the table
    after: str


async def list_steps(
    present: Present, run: str, choice: StepChoice, *, after: int = -1, limit: int = 50
) -> list[StepItem]:
    """Return steps of a run in the order of its table, from place `after` on, at most `limit`.

    Each step is followed by those that it became.

    Raises:
        NotFound: `run.unknown`.
    """
    state = await run_state(present, run)
    chronicle = await present.chronicles.of(run)
    family = family_of(state)
    found: list[StepItem] = []
    places = enumerate(family.in_order())
    for place, (key, depth) in islice(places, max(after, -1) + 1, None):
        if choice.takes(state, key):
            found.append(_item(state, chronicle, family, place, key, depth))
            if len(found) == limit:
                break
    return found


async def place_after(present: Present, run: str, step: str) -> int:
    """Return the place that a step has by now in the table; what it became moved others down.

    Raises:
        NotFound: `run.unknown`, or `step.unknown`.
    """
    state = await run_state(present, run)
    for place, (key, _) in enumerate(family_of(state).in_order()):
        if key == step:
            return place
    raise NotFound("step.unknown", f"Run {run!r} has no step {step[:80]!r}.")


class Family:
    """Which steps became which."""

    def __init__(self, run: Run) -> None:
        """Look at every step once."""
        self.size = len(run.steps)
        self._states = run.states  # The run itself must be free to go.
        self._order: list[tuple[str, int]] = []
        self.children: dict[str, list[str]] = {}
        for key, step in run.steps.items():
            self.children.setdefault(step.parent, []).append(key)

    def in_order(self) -> list[tuple[str, int]]:
        """Return each step and how deep it is, followed by those that it became."""
        if not self._order:
            self._order = list(self._ordered())
        return self._order

    def _ordered(self) -> Iterator[tuple[str, int]]:
        todo = [(key, 0) for key in reversed(self.children.get("", []))]
        while todo:
            key, depth = todo.pop()
            yield key, depth
            inner = reversed(self.children.get(key, []))
            todo.extend((child, min(depth + 1, DEPTH_MAX)) for child in inner)

    def done(self, key: str) -> int:
        """Return how many of the steps that `key` became have ended."""
        ended = Succeeded | Skipped | Failed | Blocked
        return sum(isinstance(self._states[c], ended) for c in self.children.get(key, ()))


_families: WeakKeyDictionary[Run, Family] = WeakKeyDictionary()


def family_of(run: Run) -> Family:
    """Return which steps of a run became which; it is worked out again once there are more."""
    found = _families.get(run)
    if found is None or found.size != len(run.steps):
        found = _families[run] = Family(run)
    return found


def _item(
    run: Run, chronicle: EventTimeline, family: Family, place: int, key: str, depth: int
) -> StepItem:
    step, state = run.steps[key], run.states[key]
    usage, bill = run.usage_by_step.get(key, NO_USAGE), run.bill_by_step.get(key, NO_BILL)
    span = chronicle.spans.get(key) or Span()
    return StepItem(
        place=place,
        step=key,
        title=step.title,
        agent=step.agent,
        calls=step.calls,
        parent=step.parent,
        depth=depth,
        state=state_name(state),
        gone=isinstance(state, Failed) and tolerated(run, key, state),
        attempts=run.tries.get(key, 0),
        rounds=run.rounds.get(key, 0),
        started=span.started,
        ended=span.ended,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost=bill.cost,
        is_priced=bill.is_whole,
        reason=_state_summary(state),
        children=len(family.children.get(key, ())),
        children_done=family.done(key),
    )


def _state_summary(state: StepState) -> str:
    match state:
        case Failed() | Resting():
            text = state.failure.reason
        case Blocked():
            text = f"It needs {state.by!r}, which did not succeed."
        case Skipped():
            text = state.reason
        case Succeeded():
            text = state.work.summary
        case _:
            text = ""
    line = " ".join(text.split())
    return line if len(line) <= REASON_MAX else line[: REASON_MAX - 1].rstrip() + "…"


async def step_detail(present: Present, run: str, key: str, *, at: int | None = None) -> StepDetail:
    """Return a step in full, now or as of position `at`.

    Raises:
        NotFound: `run.unknown` or `step.unknown`.
    """
    state = await run_state(present, run, at=at)
    if key not in state.steps:
        raise NotFound(
            "step.unknown",
            f"Run {run!r} has no step {key[:200]!r}{f' at position {at}' if at else ''}.",
            hint="Its steps are listed with it.",
        )
    chronicle = await present.chronicles.of(run)
    asked = [await approval_view(present.store, each, at) for each in _approvals_of(state, key)]
    approvals = [each for each in asked if each["step"] == key][-NAMED_MAX:]
    last_lines, is_cut = _last_lines(present, run, key) if at is None else ([], False)
    found = _detail(state, chronicle, key, approvals, last_lines, is_cut=is_cut, at=at)
    if at is not None:
        return found
    return msgspec.structs.replace(found, run_status=present.statuses.of_run(state).word)


def _approvals_of(run: Run, key: str) -> list[str]:
    """Return approvals that may be about `key`: its own, and the last ones of the whole run."""
    if run.steps[key].approval is None and not isinstance(run.states[key], Held):
        return []
    return run.approvals[-NAMED_MAX:]


def _detail(
    run: Run,
    chronicle: EventTimeline,
    key: str,
    approvals: list[dict[str, Any]],
    last_lines: list[OutputLine],
    *,
    is_cut: bool,
    at: int | None,
) -> StepDetail:
    step, state = run.steps[key], run.states[key]
    view = step_view(run, key)
    attempts = chronicle.attempts_of(key, until=at)
    span = _span(chronicle, key, attempts, at)
    work = view.get("work") or {}
    family = family_of(run)
    before, after = _around(family, key)
    children = family.children.get(key, [])
    return StepDetail(
        run=run.id,
        run_status=run.status,
        step=key,
        title=step.title,
        state=view["state"],
        gone=isinstance(state, Failed) and tolerated(run, key, state),
        agent=step.agent,
        capability=step.capability,
        calls=step.calls,
        needs=list(step.needs),
        dependants=run.dependants.get(key, [])[:NAMED_MAX],
        parent=step.parent,
        children=children[:NAMED_MAX],
        children_left_out=max(0, len(children) - NAMED_MAX),
        risk=step.risk,
        effects=list(step.effects),
        on_failure=step.on_failure,
        when=step.when,
        attempts_max=step.retry.attempts,
        seconds_max=step.seconds_max,
        rounds=view["rounds"],
        started=span.started,
        ended=span.ended,
        given=step.inputs,
        inputs=view["inputs"],
        standing=_standing(view),
        output=work.get("output"),
        summary=work.get("summary", ""),
        facts=work.get("facts", []),
        findings=work.get("findings", []),
        artifacts=work.get("artifacts", []),
        evidence=work.get("evidence", []),
        checks=view.get("checks", []),
        usage=UsageView(**view["usage"]),
        by_model=_models(chronicle, key),
        attempts=[_attempt(each) for each in attempts[-NAMED_MAX:]],
        attempts_left_out=max(0, len(attempts) - NAMED_MAX),
        approvals=approvals,
        causes=cause_chain(run, key, attempts),
        next=next_actions(run, key),
        last_output=last_lines,
        is_last_output_cut=is_cut,
        before=before,
        after=after,
    )


COMMON = frozenset(
    {
        "step",
        "title",
        "agent",
        "calls",
        "needs",
        "parent",
        "risk",
        "on_failure",
        "state",
        "attempts",
        "rounds",
        "inputs",
        "usage",
        "work",
        "checks",
        "children",
    }
)


def _standing(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in COMMON}


def _span(chronicle: EventTimeline, key: str, attempts: list[Attempt], at: int | None) -> Span:
    if at is None:
        return chronicle.spans.get(key) or Span()
    ends = [each.ended for each in attempts]
    return Span(None, attempts[0].started if attempts else None, ends[-1] if ends else None)


def _around(family: Family, key: str) -> tuple[str, str]:
    """Return the steps before and after `key` in the table."""
    keys = [each for each, _ in family.in_order()]
    place = keys.index(key)
    return "".join(keys[max(place - 1, 0) : place]), "".join(keys[place + 1 : place + 2])


def _models(chronicle: EventTimeline, key: str) -> list[CostLine]:
    return [
        CostLine(model, UsageView(**usage_view(usage, bill)))
        for (step, model), (usage, bill) in chronicle.models.items()
        if step == key
    ]


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        attempt.number,
        attempt.fence,
        attempt.agent,
        attempt.started,
        attempt.ended,
        attempt.outcome,
        attempt.code,
        attempt.reason,
        attempt.retry_at,
        attempt.position,
        attempt.settled_position,
        [msgspec.structs.asdict(each) for each in attempt.processes],
        list(attempt.refused),
        UsageView(**usage_view(attempt.usage, attempt.bill)),
    )


def _last_lines(present: Present, run: str, key: str) -> tuple[list[OutputLine], bool]:
    """Return the last output lines of a step, and whether there are more before them.

    Where many others have written since, the beginning of its output stands for the end.
    """
    written = present.output.written(run)
    first = max(0, written - LOOK_BACK_LINES)
    lines = present.output.read(run, step=key, after=first, limit=LOOK_BACK_LINES)
    if not lines and first:
        return present.output.read(run, step=key, limit=LAST_LINES), False
    return lines[-LAST_LINES:], len(lines) > LAST_LINES or bool(first)
