"""What must hold of every run at every moment, worked out from the states of its steps alone."""

from typing import Any

from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    RunEvent,
    RunSettled,
    StepCancelled,
    StepExpanded,
    StepFailed,
    StepHeld,
    StepReadied,
    StepReleased,
    StepRepeated,
    StepRevised,
    StepsAdded,
    StepsBlocked,
    StepsCancelled,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.work import NO_USAGE

SETTLED = frozenset({"Succeeded", "Skipped", "Failed", "Blocked", "Cancelled"})
OPEN = frozenset({"Due", "Held", "Expanded", "Ready", "Working", "Resting"})

LEGAL: dict[type, tuple[frozenset[str], frozenset[str]]] = {
    # from which states an event leads to which, for the steps that it names
    StepReadied: (frozenset({"Due"}), frozenset({"Ready"})),
    StepSkipped: (frozenset({"Due"}), frozenset({"Skipped"})),
    StepHeld: (frozenset({"Due", "Ready", "Resting"}), frozenset({"Held"})),
    StepReleased: (frozenset({"Held"}), frozenset({"Ready", "Due"})),
    StepRevised: (frozenset({"Held"}), frozenset({"Due"})),
    StepExpanded: (frozenset({"Due"}), frozenset({"Expanded"})),
    StepRepeated: (frozenset({"Working", "Expanded"}), frozenset({"Due"})),
    StepStarted: (frozenset({"Ready", "Resting"}), frozenset({"Working"})),
    StepSucceeded: (frozenset({"Working", "Expanded"}), frozenset({"Succeeded"})),
    AttemptFailed: (frozenset({"Working"}), frozenset({"Resting"})),
    AttemptInterrupted: (frozenset({"Working"}), frozenset({"Ready", "Due"})),
    StepFailed: (OPEN, frozenset({"Failed"})),
    StepCancelled: (frozenset({"Working"}), frozenset({"Cancelled"})),
    StepsBlocked: (frozenset({"Waiting"}), frozenset({"Blocked"})),
    StepsCancelled: (OPEN | {"Waiting"}, frozenset({"Cancelled"})),
}


def kinds(run: Run) -> dict[str, str]:
    """Return the state of every step in one word."""
    return {key: type(state).__name__ for key, state in run.states.items()}


def named_by(event: RunEvent) -> tuple[str, ...]:
    """Return the steps of which something becomes true."""
    if isinstance(event, StepsBlocked | StepsCancelled):
        return event.steps
    return (event.step,) if type(event) in LEGAL else ()  # type: ignore[union-attr]


def check_step_taken(before: dict[str, str], event: RunEvent, after: dict[str, str]) -> None:
    """Check that an event changed what it names as it may, and settled nothing again."""
    named = named_by(event)
    if named:
        sources, targets = LEGAL[type(event)]
        for key in named:
            assert before[key] in sources, (event, before[key])
            assert after[key] in targets, (event, after[key])
    for key, kind in before.items():
        if key not in named and kind != after[key]:
            # Others only come closer to their start, or to their end when their steps have ended.
            assert kind in ("Waiting", "Due"), (event, key, kind)
            assert after[key] in ("Ready", "Due"), (event, key, after[key])
        assert kind not in SETTLED or after[key] == kind, (event, key)
    new = set(after) - set(before)
    brought = event.steps if isinstance(event, StepExpanded | StepsAdded) else ()
    assert new == {step.key for step in brought}


def check_bookkeeping(run: Run) -> None:
    """Check every reading that a run keeps against the states that it follows from."""
    state = kinds(run)
    of = {kind: {k for k, each in state.items() if each == kind} for kind in {*state.values()}}
    assert run.unsettled == sum(kind not in SETTLED for kind in state.values())
    assert set(run.ready) == of.get("Ready", set())
    assert set(run.held) == of.get("Held", set())
    assert set(run.working) == of.get("Working", set())
    assert set(run.resting) == of.get("Resting", set())
    for sub in (run.held, run.working, run.resting):
        assert all(run.states[key] is cached for key, cached in sub.items())
    _check_queues(run)
    _check_containers(run, state)
    _check_needs(run, state)
    _check_notes(run, state)
    assert (run.outcome is not None) is (run.unsettled == 0)


def _check_queues(run: Run) -> None:
    queued = [key for keys in run.queues.values() for key in keys]
    assert sorted(queued) == sorted(run.ready)
    for (agent, slots), keys in run.queues.items():
        for key in keys:
            assert (agent, slots) == (run.steps[key].agent, run.slots_of.get(key, ()))


def _check_containers(run: Run, state: dict[str, str]) -> None:
    due = {key for key, kind in state.items() if kind == "Due"}
    for parent in (key for key, kind in state.items() if kind == "Expanded"):
        children = [key for key, step in run.steps.items() if step.parent == parent]
        present = run.states[parent].children  # type: ignore[union-attr]
        assert set(present) <= set(children)
        open_ones = [key for key in present if state[key] not in SETTLED]
        assert run.open_children[parent] == len(open_ones), parent
        if not open_ones:
            due.add(parent)
    for parent, crowd in run.crowds.items():
        calls = {k for k, step in run.steps.items() if step.parent == parent}
        expanded = {key for key in calls if state[key] == "Expanded"}
        going = (calls & due & set(run.due)) | expanded
        assert set(crowd.inside) == going, parent
        assert len(crowd.inside) <= run.steps[parent].concurrency
        assert set(crowd.waiting) == {k for k in calls if state[k] == "Due"} - set(run.due)
        assert not crowd.waiting or len(crowd.inside) == crowd.limit
        due -= set(crowd.waiting)
    assert set(run.due) == due


def _check_needs(run: Run, state: dict[str, str]) -> None:
    for key, step in run.steps.items():
        ends = [state[need] for need in dict.fromkeys(step.needs)]
        if state[key] == "Waiting":
            assert run.unmet[key] == sum(end not in SETTLED for end in ends) > 0, key
        elif state[key] not in ("Blocked", "Cancelled"):
            assert all(end in SETTLED for end in ends), key


def _check_notes(run: Run, state: dict[str, str]) -> None:
    limited = {
        (key, limit)
        for key, step in run.steps.items()
        for limit, holds in (
            ("queue", step.queue_seconds_max and state[key] == "Ready"),
            ("total", step.total_seconds_max and state[key] in OPEN and key not in run.given_up),
            (
                "run",
                step.body
                and step.for_each is None
                and step.seconds_max
                and state[key] == "Expanded"
                and key not in run.given_up,
            ),
        )
        if holds
    }
    assert set(run.deadlines.running) == limited
    for notes in (run.released, run.revised, run.previous, run.given_up):
        assert all(state[key] not in SETTLED for key in notes)
    assert all(state[key] in ("Ready", "Due") for key in run.released)


def check_startable(run: Run, now: float) -> None:
    """Check that no more may start than there is room for, and nothing where nothing may."""
    room = {"hand": 1, "maker": 2}
    found = run.startable(now, 99, room.__getitem__, lambda slot: slot.limit)
    assert len(found) == len(set(found)) <= max(0, run.concurrency - len(run.working))
    assert all(key in run.ready or key in run.resting for key in found)
    for agent, most in room.items():
        assert sum(run.steps[key].agent == agent for key in found) <= most
    sharing = [slot for key in found for slot in run.slots_of.get(key, ())]
    assert all(sharing.count(slot) <= slot.limit for slot in sharing)
    if run.halt or run.cancel_reason or run.outcome:
        assert found == []
    anything = run.startable(now, 99)
    assert bool(anything) is bool(found)


def check_usage(run: Run, events: list[RunEvent]) -> None:
    """Check that sums by agent, model and step are the total exactly."""
    total = sum((e.usage for e in events if isinstance(e, UsageReported)), NO_USAGE)
    assert run.usage == total
    for sums in (run.usage_by_step, run.usage_by_agent, run.usage_by_model):
        assert sum(sums.values(), NO_USAGE) == total
    for bills in (run.bill_by_step, run.bill_by_agent, run.bill_by_model):
        assert sum(bill.cost for bill in bills.values()) == run.bill.cost
        assert sum(bill.unpriced_tokens for bill in bills.values()) == run.bill.unpriced_tokens
        assert all(bill.is_whole for bill in bills.values()) == run.bill.is_whole
    assert run.bill.is_whole == (total.cost is not None)


def check_story(events: list[RunEvent]) -> None:
    """Check that every step is settled at most once, and the run once and as the last thing."""
    ends: list[str] = []
    for event in events:
        if type(event) in LEGAL and LEGAL[type(event)][1] <= SETTLED:
            ends.extend(named_by(event))
    assert len(ends) == len(set(ends))
    settled = [place for place, event in enumerate(events) if isinstance(event, RunSettled)]
    assert len(settled) <= 1


def everything(run: Run) -> dict[str, Any]:
    """Return all state of a run, for comparing it with one that was folded from scratch."""
    known = dict(vars(run))
    known["deadlines"] = dict(run.deadlines.running)
    known["crowds"] = {
        key: (list(crowd.inside), list(crowd.waiting)) for key, crowd in run.crowds.items()
    }
    return known
