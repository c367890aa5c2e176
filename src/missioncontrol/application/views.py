"""A run as plain values, at any moment of it."""

from collections.abc import Mapping
from typing import Any

from missioncontrol.application.approvals import APPROVAL
from missioncontrol.application.journal import fold, fold_run
from missioncontrol.domain.approval.states import Decided
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run.states import Run, StepState
from missioncontrol.domain.work import NO_BILL, NO_USAGE, Bill, Usage
from missioncontrol.ports.event_store import EventStore


async def run_view(store: EventStore, run: str, *, at: int | None = None) -> dict[str, Any]:
    """Return the whole state of `run` after position `at` of the log, by default now.

    Rebuilt from the log alone; the same position gives the same values, for ever.

    Raises:
        NotFound: `run.unknown`, also where the run begins after `at`.
    """
    return (await run_and_view(store, run, at=at))[1]


async def run_and_view(
    store: EventStore, run: str, *, at: int | None = None
) -> tuple[Run, dict[str, Any]]:
    """Return a run as well as its view, for the price of one reading; see `run_view`."""
    state, version = await fold_run(store, run, until=at)
    rows = await store.read_stream(run, after=version - 1, limit=1)
    asked = [await approval_view(store, each, at) for each in state.approvals]
    view = {"run": state.id, "position": rows[0].position, **view_of(state)}
    return state, {**view, "approvals": asked}


async def approval_view(store: EventStore, approval: str, at: int | None = None) -> dict[str, Any]:
    """Return an approval as it stood at position `at`: who decided what, when, and why."""
    state, _ = await fold(store, APPROVAL, approval, until=at)
    standing = state.standing
    return {
        "approval": state.id,
        "step": state.step,
        "digest": state.digest,
        "state": standing.outcome if isinstance(standing, Decided) else state_name(standing),
        "requested": state.requested,
        "expires": state.expires,
        "said": [
            {"event": NAMES[type(remark.event)][0], "time": remark.at, **_plain(remark.event)}
            for remark in state.remarks
        ],
    }


def _plain(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = in_full(event)
    return found


def view_of(state: Run) -> dict[str, Any]:
    """Return a run that is at hand as plain values; the same run, rebuilt, gives the same."""
    return {**head_of(state), "steps": [step_view(state, key) for key in state.steps]}


def head_of(state: Run) -> dict[str, Any]:
    """Return all of a run but its steps, of which there may be thousands."""
    return {
        "mission": state.mission,
        "workflow": state.workflow,
        "version": state.version,
        "status": state.status,
        "created": state.created_at,
        "started": state.started_at,
        "ended": state.settled_at,
        "author": state.author,
        "on_behalf": state.on_behalf,
        "os_user": state.os_user,
        "trigger": state.trigger,
        "schedule": state.schedule,
        "slot": state.slot,
        "retry_of": state.retry_of,
        "fork_of": state.fork_of,
        "forked_at": state.forked_at,
        "cancel_reason": state.cancel_reason,
        "halt": in_full(state.halt),
        "concurrency": state.concurrency,
        "budget": in_full(state.budget),
        "inputs": dict(state.inputs),
        "usage": usage_view(state.usage, state.bill),
        "usage_by_agent": _usage_views(state.usage_by_agent, state.bill_by_agent),
        "usage_by_model": _usage_views(state.usage_by_model, state.bill_by_model),
    }


def step_view(run: Run, key: str) -> dict[str, Any]:
    """Return one step with what its state tells."""
    step, state = run.steps[key], run.states[key]
    return {
        "step": key,
        "title": step.title,
        "agent": step.agent,
        "calls": step.calls,
        "needs": list(step.needs),
        "parent": step.parent,
        "risk": step.risk,
        "on_failure": step.on_failure,
        "state": state_name(state),
        "attempts": run.tries.get(key, 0),
        "rounds": run.rounds.get(key, 0),
        "inputs": run.inputs_of.get(key, step.inputs),
        "usage": usage_view(
            run.usage_by_step.get(key, NO_USAGE), run.bill_by_step.get(key, NO_BILL)
        ),
        **({"handed": in_full(run.handed[key])} if key in run.handed else {}),
        **({"elevation": in_full(run.elevated[key])} if key in run.elevated else {}),
        **_details(state),
    }


def usage_view(usage: Usage, bill: Bill) -> dict[str, Any]:
    """Return a sum of usages: its `cost` is what is known of it, in micro-dollars.

    `unpriced_tokens` are those whose price is not known. Something without tokens may have none
    either, so `is_priced` says whether all prices are known. The estimated part counts in the
    totals: it was not measured.
    """
    money = {
        "cost": bill.cost,
        "unpriced_tokens": bill.unpriced_tokens,
        "is_priced": bill.is_whole,
        "estimated_tokens": bill.estimated_tokens,
        "estimated_cost": bill.estimated_cost,
    }
    return {**in_full(usage), **money}


def _usage_views(usages: Mapping[str, Usage], bills: Mapping[str, Bill]) -> dict[str, Any]:
    return {name: usage_view(usage, bills[name]) for name, usage in usages.items()}


def state_name(state: object) -> str:
    """The state of a step, or of anything else whose states are types, in one word."""
    return type(state).__name__.lower()


def _details(state: StepState) -> dict[str, Any]:
    values: dict[str, Any] = in_full(state)
    values.pop("type", None)
    return values
