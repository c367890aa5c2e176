"""Why a step stands where it stands, cause by cause, and what can be done about it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.application.event_timeline import Attempt
from missioncontrol.application.queries.reasons import parse_reason
from missioncontrol.domain.run.states import (
    Blocked,
    Cancelled,
    Due,
    Expanded,
    Failed,
    Held,
    Ready,
    Resting,
    Run,
    Skipped,
    Waiting,
    Working,
)

CAUSES_MAX = 20
TEXT_MAX = 4_000


class Cause(msgspec.Struct, frozen=True):
    """One link of the chain that ends at the step."""

    kind: str  # failure, check, detail, attempt, step, run
    text: str
    code: str = ""
    step: str = ""  # the step it is about, where that is another one
    attempt: int = 0


class NextAction(msgspec.Struct, frozen=True):
    """What can be done, or what happens next by itself."""

    text: str
    verb: str = ""  # retry, fork, resume, decide, cancel, or "" where nothing is to be done
    step: str = ""
    approval: str = ""
    at: float = 0.0  # when it happens by itself, seconds since the epoch


def cause_chain(run: Run, key: str, attempts: list[Attempt]) -> list[Cause]:
    """Return why `key` failed, rests, was blocked, cancelled or left out, the nearest first."""
    return [*_earlier_last(run, key, attempts)][:CAUSES_MAX]


def _earlier_last(run: Run, key: str, attempts: list[Attempt]) -> Iterator[Cause]:
    yield from _causes(run, key, {key})
    reported = {attempts[-1].reason} if attempts else set()
    for attempt in reversed(attempts[:-1]):
        if attempt.reason and attempt.reason not in reported:
            reported.add(attempt.reason)
            yield Cause("attempt", _cut(attempt.reason), attempt.code, attempt=attempt.number)


def _causes(run: Run, key: str, seen: set[str], *, of: str = "") -> Iterator[Cause]:
    state = run.states[key]
    match state:
        case Failed() | Resting():
            yield Cause("failure", _cut(state.failure.reason), state.failure.code, of)
            yield from _details(state, of)
            yield from _of_its_steps(run, key, seen)
        case Blocked():
            yield Cause("step", f"It needs {state.by!r}, which did not succeed.", "", state.by)
            yield from _followed(run, state.by, seen)
        case Skipped():
            yield Cause("step", _cut(state.reason), "", of)
        case Cancelled():
            yield from _why_cancelled(run, key, of)


def _details(state: Failed | Resting, of: str) -> Iterator[Cause]:
    for check in state.checks if isinstance(state, Failed) else ():
        if not check.passed:
            text = ": ".join(filter(None, (check.what, check.detail)))
            yield Cause("check", _cut(text), "", of)
    detail = state.failure.detail
    if detail and not parse_reason(state.failure.reason).is_of_a_command:  # which says all of it
        yield Cause("detail", _cut(_plain(detail)), "", of)


def _of_its_steps(run: Run, key: str, seen: set[str]) -> Iterator[Cause]:
    """Go into the steps that this one became and that failed."""
    for child, step in run.steps.items():
        if step.parent == key and isinstance(run.states[child], Failed):
            yield from _followed(run, child, seen)
            if len(seen) > CAUSES_MAX:
                return


def _followed(run: Run, key: str, seen: set[str]) -> Iterator[Cause]:
    seen.add(key)
    yield from _causes(run, key, seen, of=key)


def _why_cancelled(run: Run, key: str, of: str) -> Iterator[Cause]:
    parent = run.steps[key].parent
    while parent:
        state = run.states[parent]
        if isinstance(state, Failed):
            yield Cause("step", _cut(state.failure.reason), state.failure.code, parent)
            return
        parent = run.steps[parent].parent
    yield Cause("run", _cut(run.cancel_reason or "The run was cancelled."), "", of)


def next_actions(run: Run, key: str) -> list[NextAction]:
    """Return what can be done about a step, what is nearest first; nothing where it is done."""
    return list(_actions(run, key))


def _actions(run: Run, key: str) -> Iterator[NextAction]:
    state = run.states[key]
    match state:
        case Held():
            yield NextAction(
                "It waits for a person to approve exactly this.",
                "decide",
                approval=state.approval,
            )
        case Resting():
            again = (
                f"Attempt {state.attempt + 1} of {run.steps[key].retry.attempts} starts by itself."
            )
            yield NextAction(again, at=state.retry_at)
        case Failed():
            yield from _after_failure(run, key, state)
        case Blocked():
            yield from _once_ended(run, state.by, f"Do {state.by!r} again, with what follows.")
        case Cancelled() | Skipped():
            yield from _once_ended(run, key, "Do it again in a new run.")
        case Waiting() | Due() | Ready() | Expanded() | Working():
            yield from _while_open(run, key, state)


def _after_failure(run: Run, key: str, state: Failed) -> Iterator[NextAction]:
    if state.failure.hint:
        yield NextAction(_cut(state.failure.hint))
    yield from _once_ended(run, key, "Mend the cause, then do it again, with what follows.")
    if run.is_settled and run.version:
        yield NextAction("Or do it again with other inputs.", "fork", key)


def _once_ended(run: Run, key: str, text: str) -> Iterator[NextAction]:
    if run.is_settled:
        yield NextAction(text, "retry", key)
    else:
        yield NextAction("It can be done again once the run has ended.", "cancel")


def _while_open(run: Run, key: str, state: Any) -> Iterator[NextAction]:
    if run.halt is not None:
        yield NextAction(f"The run is halted. {_cut(run.halt.reason)}", "resume")
    if key in run.stuck:
        yield NextAction(_cut(run.stuck[key]))
    if isinstance(state, Waiting):
        open_needs = [need for need in run.steps[key].needs if not _has_ended(run, need)]
        yield NextAction(f"It starts after {', '.join(open_needs[:8]) or 'its needs'}.")


def _has_ended(run: Run, key: str) -> bool:
    state = run.states.get(key)
    return not isinstance(state, Waiting | Due | Held | Expanded | Ready | Working | Resting | None)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
