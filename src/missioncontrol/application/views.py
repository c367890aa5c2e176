"""A run as plain values, at any moment of it."""

from typing import Any

import msgspec

from missioncontrol.application.journal import fold_run
from missioncontrol.domain.run.states import Run, StepState
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.ports.event_store import EventStore


async def run_view(store: EventStore, run: str, *, at: int | None = None) -> dict[str, Any]:
    """Return the whole state of `run` after position `at` of the log, by default now.

    Rebuilt from the log alone; the same position gives the same values, for ever.

    Raises:
        NotFound: `run.unknown`, also where the run begins after `at`.
    """
    state, version = await fold_run(store, run, until=at)
    rows = await store.read_stream(run, after=version - 1, limit=1)
    return {
        "run": state.id,
        "position": rows[0].position,
        "mission": state.mission,
        "workflow": state.workflow,
        "status": state.status,
        "created": state.created_at,
        "started": state.started_at,
        "ended": state.settled_at,
        "retry_of": state.retry_of,
        "cancel_reason": state.cancel_reason,
        "concurrency": state.concurrency,
        "inputs": dict(state.inputs),
        "usage": msgspec.to_builtins(state.usage),
        "steps": [_step_view(state, key) for key in state.steps],
    }


def _step_view(run: Run, key: str) -> dict[str, Any]:
    step, state = run.steps[key], run.states[key]
    return {
        "step": key,
        "title": step.title,
        "agent": step.agent,
        "needs": list(step.needs),
        "state": state_name(state),
        "attempts": run.tries.get(key, 0),
        "usage": msgspec.to_builtins(run.usage_by_step.get(key, NO_USAGE)),
        **_details(state),
    }


def state_name(state: StepState) -> str:
    """The state of a step in one word."""
    return type(state).__name__.lower()


def _details(state: StepState) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(state)
    values.pop("type", None)
    return values
