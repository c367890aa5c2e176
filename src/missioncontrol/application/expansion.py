"""How one step becomes many: one for each item, or the steps of the workflow that it calls."""

from typing import Any

import msgspec

from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.needs_outcome import spoils
from missioncontrol.domain.run.states import Expanded, Failed, Run, Succeeded
from missioncontrol.domain.step import Slot, Step

ITEMS_MAX = 10_000


def items_of(run: Run, step: Step, items: list[Any]) -> tuple[Step, ...]:
    """Return the steps that do `step` for each of `items`."""
    slots = step.slots
    if step.concurrency and not step.body:
        slots = (*slots, Slot(f"{run.id}/{step.key}", step.concurrency))
    prefix = round_of(run, step)
    return tuple(
        msgspec.structs.replace(
            step,
            key=f"{prefix}[{index}]",
            needs=(),
            runs_after="success",
            when="",
            for_each=None,
            concurrency=0,
            slots=slots,
            handles=(),
            on_failure="stop",
            total_seconds_max=0.0,
            parent=step.key,
            item=item,
            index=index,
        )
        for index, item in enumerate(items)
    )


def called_by(run: Run, step: Step) -> tuple[Step, ...]:
    """Return the steps of the workflow that `step` calls, under its name."""
    prefix = round_of(run, step)
    return tuple(
        msgspec.structs.replace(
            inner,
            key=f"{prefix}/{inner.key}",
            needs=tuple(f"{prefix}/{need}" for need in inner.needs),
            handles=tuple(f"{prefix}/{handled}" for handled in inner.handles),
            parent=step.key,
            scope=prefix,
        )
        for inner in step.body
    )


def round_of(run: Run, step: Step) -> str:
    """Return the name of the present round of `step`: its key, and a number from the second on."""
    done = run.rounds.get(step.key, 0)
    return f"{step.key}#{done + 1}" if done else step.key


def failure_of(run: Run, step: Step) -> Failure | None:
    """Return why a step whose steps have all ended has failed, or None where it has not."""
    state = run.states[step.key]
    assert isinstance(state, Expanded), f"{step.key} did not become other steps"
    bad = [key for key in state.children if spoils(run, key, run.states[key])]
    if not bad:
        return None
    first = next((key for key in bad if isinstance(run.states[key], Failed)), bad[0])
    items = step.for_each is not None
    what = f"{len(bad)} of {len(state.children)} items" if items else step.calls
    code = "items.failed" if items else "workflow.failed"
    return Failure(
        code,
        f"{what} failed; the first, {first!r}: {_why(run, first)}",
        "Look at the steps that failed.",
        retryable=False,
    )


def outputs_of_items(run: Run, step: Step) -> list[Any]:
    """Return the outputs of the items in their order."""
    state = run.states[step.key]
    assert isinstance(state, Expanded), f"{step.key} did not become other steps"
    ends = [run.states[key] for key in state.children]
    return [end.work.output if isinstance(end, Succeeded) else None for end in ends]


def _why(run: Run, key: str) -> str:
    state = run.states[key]
    if isinstance(state, Failed):
        return state.failure.reason
    return "it was cancelled, since the time of what it is a part of was over."
